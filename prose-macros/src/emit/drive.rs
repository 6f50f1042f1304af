//! The body of `drive`: the keys of what is saved, and then the user's own control flow.

use super::{Context, block};
use crate::model::VarId;
use crate::names;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

/// The body of `drive`.
pub(super) fn body(cx: &Context<'_>) -> TokenStream {
    let keys = (0..cx.model.variables.len()).map(VarId).filter(|id| cx.variable(*id).class.is_saved());
    let keys = keys.map(|id| key(cx, id));
    let body = block::block(cx, &cx.model.body, block::Place::Function);
    quote!(#(#keys)* #body)
}

/// One bounded call for each saved variable, at the variable: one cause gives one error.
fn key(cx: &Context<'_>, id: VarId) -> TokenStream {
    let variable = cx.variable(id);
    let key = names::key(&variable.identity);
    let krate = &cx.head().options.krate;
    let identity = &variable.identity;
    let make = quote_spanned!(variable.ident.span()=> __private::key);
    quote!(let #key = #krate::#make(#identity);)
}
