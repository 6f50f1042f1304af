//! What stands around control flow: the guard that skips it while resuming to a point behind it, and the `let` or the variable that
//! takes its value.

use super::Context;
use super::block::Place;
use super::handover::Handover;
use crate::ast::{Taker, Target};
use crate::model::Around;
use crate::names;
use crate::patterns::without_mut;
use proc_macro2::TokenStream;
use quote::quote;

/// Only the tail of the flow's tail is the flow's tail.
pub(super) fn place_inside(around: &Around, place: Place) -> Place {
    if around.is_value() { place } else { Place::Inner }
}

/// Control flow with what stands around it. `guarded`: it must not be entered while resuming to a point behind it.
pub(super) fn around(cx: &Context<'_>, around: &Around, inner: &TokenStream, guarded: bool) -> TokenStream {
    let semi = around.semi.then(|| quote!(;));
    let whole = match &around.taker {
        Taker::Let(target) => bound(cx, around, target, inner),
        Taker::Assign(variable) => {
            let saves = cx.saves(&around.saves);
            guard(cx, around, &quote!(#variable = #inner; #saves))
        }
        Taker::Nobody if around.last || !guarded => quote!(#inner #semi),
        Taker::Nobody => guard(cx, around, &quote!(#inner #semi)),
    };
    let Some(saves) = cx.saves_if_running(&around.saves_behind) else { return whole };
    let out = names::local("out");
    match around.is_value() {
        true => quote!(let #out = #whole; #saves #out),
        false => quote!(#whole #saves),
    }
}

/// Variables declared before are loaded in place of getting their value inside.
fn guard(cx: &Context<'_>, around: &Around, stmts: &TokenStream) -> TokenStream {
    let (m, within) = (names::machine(), cx.within(around.range));
    let assigns = cx.assigns(&around.assigns);
    let or_else = (!assigns.is_empty()).then(|| quote!(else { #assigns }));
    quote!(if #m.running() || #within { #stmts } #or_else)
}

/// `let PAT: T = if ..;`: its variables are loaded while resuming to a point behind it.
fn bound(cx: &Context<'_>, around: &Around, target: &Target, inner: &TokenStream) -> TokenStream {
    let (m, within) = (names::machine(), cx.within(around.range));
    let pat = without_mut(&target.pat);
    let ty = target.ty.as_ref().map(|ty| quote!(: #ty));
    let stmt = quote!(let #pat #ty = #inner;);
    let handover = Handover::of(cx, &around.exports);
    if handover.is_empty() {
        return guard(cx, around, &stmt);
    }
    let (saves, assigns) = (cx.saves(&around.saves), cx.assigns(&around.assigns));
    let (pattern, value, stand_in) = (handover.pattern(), handover.value(), handover.stand_in());
    quote! {
        let #pattern = if #m.running() || #within { #stmt #saves #value } else { #assigns #stand_in };
    }
}
