//! How a stretch or a branch hands its variables on: a pattern, the values, and what stands in for them when resuming.

use super::Context;
use crate::model::{Class, VarId};
use crate::names;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Lifetime;

/// The three sides of a hand-over, each an item for each variable.
#[derive(Default)]
pub(super) struct Handover {
    patterns: Vec<TokenStream>,
    values: Vec<TokenStream>,
    stand_ins: Vec<TokenStream>,
    /// What is loaded, and in which place.
    loads: Vec<(usize, TokenStream)>,
}

impl Handover {
    /// The hand-over of these variables.
    pub(super) fn of(cx: &Context<'_>, variables: &[VarId]) -> Self {
        let mut handover = Handover::default();
        variables.iter().for_each(|variable| handover.variable(cx, *variable));
        handover
    }

    /// Saved: loaded when resuming. Transient: in a slot, empty when resuming.
    fn variable(&mut self, cx: &Context<'_>, id: VarId) {
        let variable = cx.variable(id);
        let again = cx.again(id);
        if variable.class == Class::Transient {
            let slot = names::slot(&variable.identity);
            let none = quote!(::core::option::Option::None);
            return self.add(quote!(mut #slot), quote!(::core::option::Option::Some(#again)), none);
        }
        let mutable = variable.mutable.then(|| quote!(mut));
        self.loads.push((self.values.len(), cx.load(id)));
        self.add(quote!(#mutable #again), quote!(#again), cx.loaded(id));
    }

    /// Adds an item of its own.
    pub(super) fn add(&mut self, pattern: TokenStream, value: TokenStream, stand_in: TokenStream) {
        self.patterns.push(pattern);
        self.values.push(value);
        self.stand_ins.push(stand_in);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    pub(super) fn pattern(&self) -> TokenStream {
        tuple(&self.patterns)
    }

    pub(super) fn value(&self) -> TokenStream {
        tuple(&self.values)
    }

    pub(super) fn stand_in(&self) -> TokenStream {
        tuple(&self.stand_ins)
    }

    /// A statement that leaves the point with the stand-ins; if they could not be loaded, it falls through.
    ///
    /// ```text
    /// if let Some(v0) = m.load(&k_total) { break 'point v0; }
    /// ```
    pub(super) fn leave_loaded(&self, label: &Lifetime) -> TokenStream {
        let mut stand_ins = self.stand_ins.clone();
        let (mut patterns, mut loads) = (Vec::new(), Vec::new());
        for (place, load) in &self.loads {
            let value = names::local(&format!("v{place}"));
            patterns.push(quote!(::core::option::Option::Some(#value)));
            loads.push(load.clone());
            stand_ins[*place] = quote!(#value);
        }
        let leave = (!self.is_empty()).then(|| tuple(&stand_ins));
        if loads.is_empty() {
            return quote!(break #label #leave;);
        }
        let (pattern, load) = (tuple(&patterns), tuple(&loads));
        quote!(if let #pattern = #load { break #label #leave; })
    }
}

/// One needs no parentheses.
pub(super) fn tuple(items: &[TokenStream]) -> TokenStream {
    match items {
        [one] => one.clone(),
        all => quote!((#(#all),*)),
    }
}
