//! The body of `drive`: the keys of what is saved, and then the user's own control flow.

use super::{Context, block};
use crate::model::VarId;
use crate::names;
use proc_macro2::TokenStream;
use quote::quote;

/// The body of `drive`.
pub(super) fn body(cx: &Context<'_>) -> TokenStream {
    let body = block::block(cx, &cx.model.body, block::Place::Function);
    let saved = (0..cx.model.variables.len()).map(VarId).filter(|id| cx.variable(*id).class.is_saved());
    let keys = saved.map(|id| key(cx, id));
    let undone = seen_by_compensations(cx);
    quote!(#(#keys)* #undone #body)
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
