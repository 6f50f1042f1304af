//! A `#[child]`: the call of another flow, which the machine makes a run of its own.

use super::{Context, body};
use crate::model::PointId;
use crate::names;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Pat};

/// `#[child]`
pub(super) fn child(cx: &Context<'_>, id: PointId) -> TokenStream {
    let (m, number) = (names::machine(), names::number());
    let point = cx.model.point(id);
    let bind = body::bind(point, &value(cx, id));
    let (outputs, result) = (body::outputs(cx, point), body::result(cx, point));
    quote!(#bind #outputs #m.completed(#number); #result)
}

/// An expression: what the child comes to. It is told at the call what is wrong with it.
pub(super) fn value(cx: &Context<'_>, id: PointId) -> TokenStream {
    let point = cx.model.point(id);
    let (ctx, expr, attrs) = (body::ctx(cx, point), &point.body, &point.attrs);
    let ty = point.target.as_ref().and_then(|target| target.ty.as_ref()).map(|ty| quote!(: #ty));
    let at = expr.span();
    let [m, number, call, deps, boxing, v] =
        ["m", "p", "call", "deps", "boxing", "v"].map(|name| names::located(&names::local(name), at));
    let (private, parent) = (names::at(at, cx.private()), parent(cx, at));
    let checked = names::call_at(at, quote!(#private::child), quote!(#expr));
    let inherited = quote_spanned!(at=> (&#private::Inherit::of(&#call, &#parent)).inherited());
    // The `await` at the call's end: so rustc tells of the whole of it.
    let awaited = names::located(&names::local("await"), end(expr));
    let run = quote_spanned!(at=> #m.child(#number, #private::ChildCall::with_deps(#call, #deps), #boxing).#awaited);
    quote! {{
        #ctx
        #(#attrs)*
        let #call = #checked;
        let (#deps, #boxing) = {
            use #private::probe::*;
            (#inherited, (&#private::Boxing::of(&#call)).boxing())
        };
        let #v #ty = #run;
        #v
    }}
}

/// Where an expression ends.
fn end(expr: &Expr) -> Span {
    let last = expr.to_token_stream().into_iter().last();
    last.map_or_else(Span::call_site, |last| match last {
        TokenTree::Group(group) => group.span_close(),
        other => other.span(),
    })
}

/// The dependencies of the parent.
fn parent(cx: &Context<'_>, at: Span) -> TokenStream {
    match cx.head().ctx.as_ref().map(|ctx| &ctx.pat) {
        Some(Pat::Ident(ctx)) => {
            let ctx = names::again_at(&ctx.ident, at);
            quote_spanned!(at=> #ctx.deps)
        }
        _ => quote_spanned!(at=> ::std::sync::Arc::new(())),
    }
}
