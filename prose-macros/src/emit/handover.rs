//! How a stretch or a branch hands its variables on: a pattern, the values, and what stands in for them when resuming.

use super::Context;
use crate::model::{Class, VarId};
use crate::names;
use proc_macro2::TokenStream;
use quote::quote;

/// The three sides of a hand-over, each an item for each variable.
#[derive(Default)]
pub(super) struct Handover {
    patterns: Vec<TokenStream>,
    values: Vec<TokenStream>,
    stand_ins: Vec<TokenStream>,
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
        let (m, key) = (names::machine(), cx.key(id));
        let mutable = variable.mutable.then(|| quote!(mut));
        let load = names::local(if variable.by_element { "load_each" } else { "load" });
        self.add(quote!(#mutable #again), quote!(#again), quote!(#m.#load(&#key).await));
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
}

/// One needs no parentheses.
pub(super) fn tuple(items: &[TokenStream]) -> TokenStream {
    match items {
        [one] => one.clone(),
        all => quote!((#(#all),*)),
    }
}
