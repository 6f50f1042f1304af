//! Points at which the flow only waits: `#[sleep]`, whose time the stretch in front has asked for, and `#[signal]`.
//!
//! ```text
//! m.sleep(p, wake).await; m.completed(p);
//! let approval: Approval = m.signal(p, &k_approval).await; m.save(&k_approval, &approval); m.completed(p); approval
//! ```

use super::{Context, body, module, state};
use crate::model::Point;
use crate::names;
use crate::patterns::without_mut;
use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;

/// `#[sleep]`
pub(super) fn sleep() -> TokenStream {
    let (m, number, wake) = (names::machine(), names::number(), names::wake());
    quote!(#m.sleep(#number, #wake).await; #m.completed(#number);)
}

/// `#[signal]`
pub(super) fn signal(cx: &Context<'_>, point: &Point) -> TokenStream {
    let (m, number, attrs) = (names::machine(), names::number(), &point.attrs);
    let (Some(target), [output]) = (&point.target, &point.outputs[..]) else { return TokenStream::new() };
    let (pat, key) = (without_mut(&target.pat), cx.key(*output));
    let ty = target.ty.as_ref().map(|ty| quote!(: #ty));
    let value = match point.timeout.map(module::duration) {
        None => quote!(#m.signal(#number, &#key).await),
        Some(timeout) => quote!(#m.signal_within(#number, #timeout, &#key).await),
    };
    let (is_timed, outputs, result) = (is_timed(cx, point), body::outputs(cx, point), body::result(cx, point));
    quote!(#is_timed #(#attrs)* let #pat #ty = #value; #outputs #m.completed(#number); #result)
}

/// That it is an `Option` is told where it is said what is sent, or here, where that cannot be said.
fn is_timed(cx: &Context<'_>, point: &Point) -> Option<TokenStream> {
    let ty = point.target.as_ref()?.ty.as_ref()?;
    let output = point.outputs.first().filter(|output| state::named(cx.variable(**output)).is_none());
    let private = cx.private();
    let asked = point.timeout.and(output).map(|_| names::at(ty.span(), quote!(#private::timed)));
    asked.map(|timed| quote!(#timed::<#ty>();))
}
