//! From the [`model`](crate::model) to tokens: one file for each generated thing.

mod again;
mod around;
mod ask;
mod block;
mod body;
mod branch;
mod child;
mod drive;
mod each;
mod event;
mod generated_mut;
mod graph;
mod handover;
mod items;
mod leaf;
mod leaving;
mod loops;
mod module;
mod outside;
mod parallel;
mod picture;
mod point;
mod signals;
mod state;
mod transaction;
mod undo;
mod visibility;
mod wait;

use crate::ast::Head;
use crate::model::{Model, PointId, Range, VarId, Variable};
use crate::{names, types};
use items::Parts;
#[cfg(test)]
pub(crate) use picture::picture;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Pat, Type};

/// Emits a flow.
pub(crate) fn flow(model: &Model) -> TokenStream {
    let cx = Context::of(model);
    let parts = Parts {
        doc: picture::doc(model),
        module: module::contents(&cx),
        state: state::methods(&cx),
        payloads: signals::payloads(&cx),
        drive: drive::body(&cx),
        undo: undo::undo(&cx),
    };
    items::items(&model.head, &parts)
}

/// Emits the typed stand-in for a flow with errors: its items are there, and do nothing.
pub(crate) fn stand_in(model: &Model) -> TokenStream {
    let head = &model.head;
    match &head.method {
        Some(method) => items::method(head, method),
        None => {
            let cx = Context::of(model);
            let (module, state, payloads) = (module::stand_in(&cx), state::methods(&cx), signals::payloads(&cx));
            let parts = Parts { module, state, payloads, drive: quote!(::core::unreachable!()), ..Parts::default() };
            items::items(head, &parts)
        }
    }
}

/// Emits a flow for an editor, around its `body` as plain Rust, which has the compensations in it. What the body decides stands
/// behind it.
pub(crate) fn in_editor(model: &Model, whole: bool, body: &TokenStream) -> TokenStream {
    let cx = Context::of(model);
    let module = if whole { module::contents(&cx) } else { module::stand_in(&cx) };
    let (state, payloads) = (state::methods(&cx), signals::payloads(&cx));
    let parts = Parts { module, state, payloads, drive: body.clone(), ..Parts::default() };
    items::items_in_editor(&model.head, &parts)
}

/// What every emitter needs.
struct Context<'a> {
    model: &'a Model,
    variants: Vec<Ident>,
    /// The variables whose keys stand together in one tuple: rustc's work on an `async fn` grows with the square of its locals.
    keys: Vec<VarId>,
}

impl<'a> Context<'a> {
    fn of(model: &'a Model) -> Self {
        let variants = names::variants(model.points.iter().map(|point| point.name.text.as_str()));
        let keys = (0..model.variables.len()).map(VarId).filter(|id| model.variable(*id).class.is_saved()).collect();
        Context { model, variants, keys }
    }

    /// The same, with a local for each key.
    fn with_single_keys(&self) -> Self {
        Context { model: self.model, variants: self.variants.clone(), keys: Vec::new() }
    }
}

impl<'a> Context<'a> {
    fn variable(&self, id: VarId) -> &'a Variable {
        self.model.variable(id)
    }

    fn head(&self) -> &Head {
        &self.model.head
    }

    /// `::prose::__private`
    fn private(&self) -> TokenStream {
        private(self.head())
    }

    /// The flow's error type.
    fn error(&self) -> TokenStream {
        error(self.head())
    }

    /// A point's number: `process_order::Point::ChargePayment as u16`.
    fn number(&self, point: PointId) -> TokenStream {
        let module = &self.head().ident;
        let variant = &self.variants[point.0];
        quote!(#module::Point::#variant as ::core::primitive::u16)
    }

    /// Resuming, and the target lies in this part of the flow.
    fn within(&self, range: Range) -> TokenStream {
        let m = names::machine();
        match range {
            Some((first, last)) => {
                let (first, last) = (self.number(first), self.number(last));
                quote!(#m.within(#first, #last))
            }
            None => quote!(false),
        }
    }

    /// `keys.2`, or `k_total`
    fn key(&self, variable: VarId) -> TokenStream {
        match self.keys.binary_search(&variable) {
            Ok(place) => {
                let (keys, place) = (names::local("keys"), Literal::usize_unsuffixed(place));
                quote!(#keys.#place)
            }
            Err(_) => names::key(&self.variable(variable).identity).to_token_stream(),
        }
    }

    /// `total`, as generated code mentions it.
    fn again(&self, variable: VarId) -> Ident {
        self.again_at(variable, self.variable(variable).ident.span())
    }

    /// The same, where the user is told of it. What no code can name stays hygienic.
    fn again_at(&self, variable: VarId, at: Span) -> Ident {
        let variable = self.variable(variable);
        if variable.unnamed { variable.ident.clone() } else { names::again_at(&variable.ident, at) }
    }

    /// `if m.running() { m.save(&k_total, &total); }`, if there is anything to save.
    fn saves_if_running(&self, variables: &[VarId]) -> Option<TokenStream> {
        let (m, saves) = (names::machine(), self.saves(variables));
        (!variables.is_empty()).then(|| quote!(if #m.running() { #saves }))
    }

    /// An expression: a saved variable. (Not a future of its own, which would be compiled for each type.)
    ///
    /// ```text
    /// match m.load(&k_total) { Some(v) => v, None => match m.stopped().await {} }
    /// ```
    fn loaded(&self, variable: VarId) -> TokenStream {
        or_stopped(&self.load(variable))
    }

    /// `m.load(&k_total)`
    fn load(&self, variable: VarId) -> TokenStream {
        let (m, key) = (names::machine(), self.key(variable));
        let load = names::local(if self.variable(variable).by_element { "load_each" } else { "load" });
        quote!(#m.#load(&#key))
    }

    /// `total = <loaded>;` for each.
    fn assigns<'v>(&self, variables: impl IntoIterator<Item = &'v VarId>) -> TokenStream {
        let assign = |variable: &VarId| {
            let (again, loaded) = (self.again(*variable), self.loaded(*variable));
            quote!(#again = #loaded;)
        };
        variables.into_iter().map(assign).collect()
    }

    /// `m.save(&k_total, &total);` for each.
    fn saves(&self, variables: &[VarId]) -> TokenStream {
        variables.iter().map(|variable| self.save(*variable, self.variable(*variable).ident.span())).collect()
    }

    /// The same at a point: where the value is gone by then, rustc says so of the point.
    fn saves_at(&self, point: Span, variables: &[VarId]) -> TokenStream {
        variables.iter().map(|variable| self.save(*variable, point)).collect()
    }

    /// `&total`, told there.
    fn borrow_at(&self, variable: VarId, at: Span) -> TokenStream {
        let again = self.again_at(variable, at);
        quote_spanned!(Span::call_site().located_at(at)=> &#again)
    }

    fn save(&self, variable: VarId, at: Span) -> TokenStream {
        let (m, key, borrow) = (names::machine(), self.key(variable), self.borrow_at(variable, at));
        quote!(#m.save(&#key, #borrow);)
    }
}

/// An expression: the value, or the end of the flow.
fn or_stopped(value: &TokenStream) -> TokenStream {
    let (m, v) = (names::machine(), names::local("v"));
    quote! {
        match #value {
            ::core::option::Option::Some(#v) => #v,
            ::core::option::Option::None => match #m.stopped().await {},
        }
    }
}

/// An expression: the end of a flow whose run stands behind this pattern, where it does not match any more.
fn unmatched(pat: &Pat) -> TokenStream {
    let (m, pat) = (names::machine(), names::pattern(pat));
    quote!(match #m.unmatched(#pat).await {})
}

/// `::prose::__private`
pub(crate) fn private(head: &Head) -> TokenStream {
    let krate = &head.options.krate;
    quote!(#krate::__private)
}

/// The flow's error type: as written, where it is (`Result<T, E>`); else what an alias stands for.
pub(crate) fn error(head: &Head) -> TokenStream {
    let krate = &head.options.krate;
    let written = head.output.as_ref().and_then(|result| argument(result, 1));
    written.map_or_else(|| quote!(<Self as #krate::Flow>::Error), ToTokens::into_token_stream)
}

/// The `T` (0) or `E` (1) of `Result<T, E>`. An alias has fewer arguments, or other ones in this place, which rustc would tell.
fn argument(result: &Type, place: usize) -> Option<&Type> {
    let Type::Path(path) = result else { return None };
    path.path.segments.last().filter(|segment| segment.ident == "Result")?;
    types::argument(result, place)
}
