//! A `#[parallel]`: each element a future of its own, which the machine runs beside the others.
//!
//! ```text
//! let mut group = m.group(p);
//! let (mut out_user, mut out_stock) = (None, None);
//! if let Some((ticket, branch)) = group.branch(Point::User as u16) {        // unless it is done already
//!     group.add(ticket.runs(Box::pin(async {
//!         let mut m = branch;
//!         let tried = async { Ok({ <the body> }) }.await;
//!         out_user = m.finish(&k_user, tried, &failures);
//!         m
//!     })));
//! } else {
//!     out_user = Some(<loaded by k_user>);                                    // before anything runs
//! }
//! if !m.parallel(p, group).await { <return the first failure> }
//! let user = match out_user { Some(v) => v, None => <loaded by k_user> };
//! ```

use super::handover::Handover;
use super::{Context, body, child, point};
use crate::ast::Kind;
use crate::model::{Parallel, PointId};
use crate::names;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

/// `#[parallel]`
pub(super) fn parallel(cx: &Context<'_>, node: &Parallel) -> TokenStream {
    let (private, m, number) = (cx.private(), names::machine(), names::number());
    let (group, failures) = (names::local("group"), names::local("failures"));
    let outs = node.elements.iter().map(|id| out(cx, *id));
    let elements = node.elements.iter().map(|id| element(cx, *id));
    let values = node.elements.iter().map(|id| value(cx, *id));
    let failed = fail(cx, &quote!(#m.parallel(#number, #group).await), None);
    let point = cx.model.point(node.group);
    let handover = Handover::of(cx, &point.exports);
    let result = (!handover.is_empty()).then(|| handover.value());
    let run = quote! {
        let #failures = #private::Failures::new();
        #(let mut #outs = ::core::option::Option::None;)*
        let mut #group = #m.group(#number);
        #(#elements)*
        #failed
        #(#values)*
        #result
    };
    point::with_entrance(cx, node.group, run)
}

fn element(cx: &Context<'_>, id: PointId) -> TokenStream {
    let (group, ticket, branch) = (names::local("group"), names::local("ticket"), names::local("branch"));
    let (this, number) = (cx.number(id), names::number());
    let value = match cx.model.point(id).kind {
        Kind::Child => child::value(cx, id),
        _ => body::value(cx, cx.model.point(id)),
    };
    let out = out(cx, id);
    let run = run(cx, id, &value, |v| quote!(#out = #v;));
    let loaded = cx.model.point(id).outputs.first().map(|output| cx.loaded(*output));
    let otherwise = loaded.map(|loaded| quote!(else { #out = ::core::option::Option::Some(#loaded); }));
    // What rustc says of the element as a whole, it says at its attribute.
    let at = Span::mixed_site().located_at(cx.model.point(id).span);
    quote_spanned! {at=>
        if let ::core::option::Option::Some((#ticket, #branch)) = #group.branch(#this) {
            #group.add(#ticket.runs(::std::boxed::Box::pin(async {
                let #number = #this;
                #run
            })));
        } #otherwise
    }
}

/// Runs a branch to its end. Inside of it the branch is the machine, and a failure leaves it, not the flow.
pub(super) fn run(
    cx: &Context<'_>,
    id: PointId,
    value: &TokenStream,
    leave: impl FnOnce(TokenStream) -> TokenStream,
) -> TokenStream {
    let (m, branch, tried) = (names::machine(), names::local("branch"), names::local("tried"));
    let (failures, error) = (names::local("failures"), cx.error());
    let key = cx.model.point(id).outputs.first().map(|output| cx.key(*output));
    let leave = leave(quote!(#m.finish(&#key, #tried, &#failures)));
    quote! {
        let mut #m = #branch;
        let #tried = async { ::core::result::Result::Ok::<_, #error>(#value) }.await;
        #leave
        #m
    }
}

/// Returns the first failure of a fan-out, unless all of it is done. `drop`: what still borrows from the failures.
pub(super) fn fail(cx: &Context<'_>, done: &TokenStream, drop: Option<&Ident>) -> TokenStream {
    let (failures, e) = (names::local("failures"), names::local("e"));
    let drop = drop.map(|drop| quote!(::core::mem::drop(#drop);));
    let error = cx.error();
    quote! {
        if !#done {
            #drop
            if let ::core::option::Option::Some(#e) = #failures.first() {
                return ::core::result::Result::Err::<_, #error>(#e);
            }
        }
    }
}

/// `let user = match out_user { Some(v) => v, None => <loaded> };`, where others need it.
fn value(cx: &Context<'_>, id: PointId) -> TokenStream {
    let v = names::local("v");
    let point = cx.model.point(id);
    let Some(output) = point.outputs.first() else { return TokenStream::new() };
    let (again, loaded, out) = (cx.again(*output), cx.loaded(*output), out(cx, id));
    let ty = point.target.as_ref().and_then(|target| target.ty.as_ref()).map(|ty| quote!(: #ty));
    quote! {
        let #again #ty = match #out {
            ::core::option::Option::Some(#v) => #v,
            ::core::option::Option::None => #loaded,
        };
    }
}

fn out(cx: &Context<'_>, id: PointId) -> Option<Ident> {
    let output = cx.model.point(id).outputs.first()?;
    Some(names::out(&cx.variable(*output).identity))
}
