//! A `#[child]`: the call of another flow, which the machine makes a run of its own.

use super::{Context, body};
use crate::model::PointId;
use crate::names;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Pat;
use syn::spanned::Spanned;

/// `#[child]`
pub(super) fn child(cx: &Context<'_>, id: PointId) -> TokenStream {
    let (m, number) = (names::machine(), names::number());
    let point = cx.model.point(id);
    let bind = body::bind(point, &value(cx, id));
    let (outputs, result) = (body::outputs(cx, point), body::result(cx, point));
    quote!(#bind #outputs #m.completed(#number); #result)
}

/// An expression: what the child comes to.
pub(super) fn value(cx: &Context<'_>, id: PointId) -> TokenStream {
    let (private, m, number) = (cx.private(), names::machine(), names::number());
    let (v, call, boxing) = (names::local("v"), names::local("call"), names::local("boxing"));
    let point = cx.model.point(id);
    let (ctx, expr, attrs) = (body::ctx(cx, point), &point.body, &point.attrs);
    let ty = point.target.as_ref().and_then(|target| target.ty.as_ref()).map(|ty| quote!(: #ty));
    // At the expression, so that what is wrong with it is told there.
    let checked = names::at(expr.span(), quote!(#private::child));
    let adopted = names::at(expr.span(), quote!(#private::adopted));
    let parent = parent(cx);
    quote! {{
        #ctx
        #(#attrs)*
        let #call = #checked(#expr);
        let (#call, #boxing) = #adopted!(#call, &#parent);
        let #v #ty = #m.child(#number, #call, #boxing).await;
        #v
    }}
}

/// The dependencies of the parent.
fn parent(cx: &Context<'_>) -> TokenStream {
    match cx.head().ctx.as_ref().map(|ctx| &ctx.pat) {
        Some(Pat::Ident(ctx)) => {
            let ctx = names::again(&ctx.ident);
            quote!(#ctx.deps)
        }
        _ => quote!(::std::sync::Arc::new(())),
    }
}
