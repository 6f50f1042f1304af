//! The body of `drive`: the keys of what is saved, and then the user's own control flow.

use super::{Context, block};
use crate::model::VarId;
use crate::names;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;

/// The body of `drive`.
pub(super) fn body(cx: &Context<'_>) -> TokenStream {
    let body = block::block(cx, &cx.model.body, block::Place::Function);
    let saved = (0..cx.model.variables.len()).map(VarId).filter(|id| cx.variable(*id).class.is_saved());
    // One that was declared without a value is perhaps neither saved nor loaded; the type of its key would not be known.
    let is_used = |id: &VarId| !cx.variable(*id).deferred || mentions(&body, &cx.key(*id));
    let keys = saved.filter(is_used).map(|id| key(cx, id));
    let undone = seen_by_compensations(cx);
    quote!(#(#keys)* #undone #body)
}

fn mentions(code: &TokenStream, name: &Ident) -> bool {
    code.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// `let _ = &input;`: what only compensations mention is not unused.
fn seen_by_compensations(cx: &Context<'_>) -> TokenStream {
    let compensations = cx.model.points.iter().filter_map(|point| point.compensation.as_ref());
    let seen = compensations.flat_map(|it| &it.input).map(|id| cx.again(*id)).map(|input| quote!(let _ = &#input;));
    seen.collect()
}

/// One bounded call for each saved variable, at the variable: one cause gives one error.
pub(super) fn key(cx: &Context<'_>, id: VarId) -> TokenStream {
    let variable = cx.variable(id);
    let key = names::key(&variable.identity);
    let identity = &variable.identity;
    let private = cx.private();
    let make = names::at(variable.ident.span(), quote!(#private::key(#identity)));
    quote!(let #key = #make;)
}
