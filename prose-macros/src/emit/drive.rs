//! The body of `drive`: the keys of what is saved, and then the user's own control flow.

use super::{Context, block};
use crate::known_macros::relies_on_names;
use crate::model::VarId;
use crate::names;
use proc_macro2::TokenStream;
use quote::quote;

/// The body of `drive`.
pub(super) fn body(cx: &Context<'_>) -> TokenStream {
    let body = block::block(cx, &cx.model.body, block::Place::Function);
    let keys = (!cx.keys.is_empty()).then(|| {
        let (keys, made) = (names::local("keys"), cx.keys.iter().map(|id| made(cx, *id)));
        quote!(let #keys = (#(#made,)*);)
    });
    let undone = seen_by_compensations(cx);
    let known = known_macros(cx, &body);
    quote!(#known #keys #undone #body)
}

/// With the macros that are known by their names, a macro of the user's that has such a name is ambiguous, and refused by rustc.
fn known_macros(cx: &Context<'_>, body: &TokenStream) -> Option<TokenStream> {
    let private = cx.private();
    relies_on_names(body.clone()).then(|| quote!(use #private::std_macros::*;))
}

/// `let _ = &input;`: what only compensations mention is not unused.
fn seen_by_compensations(cx: &Context<'_>) -> TokenStream {
    let compensations = cx.model.points.iter().filter_map(|point| point.compensation.as_ref());
    let seen = compensations.flat_map(|it| &it.input).map(|id| cx.again(*id)).map(|input| quote!(let _ = &#input;));
    seen.collect()
}

/// `let k_total = private::Saved::key("total");`
pub(super) fn key(cx: &Context<'_>, id: VarId) -> TokenStream {
    let (key, made) = (names::key(&cx.variable(id).identity), made(cx, id));
    quote!(let #key = #made;)
}

/// One bounded call for each saved variable, at the variable: one cause gives one error.
fn made(cx: &Context<'_>, id: VarId) -> TokenStream {
    let variable = cx.variable(id);
    let identity = &variable.identity;
    let private = cx.private();
    names::at(variable.at, quote!(#private::Saved::key(#identity)))
}
