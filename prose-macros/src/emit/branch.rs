//! An `if` or a block with points inside: skipped while resuming to a point behind it.

use super::Context;
use super::block::{Place, block};
use super::handover::{Handover, immutable};
use crate::model::{Again, Around, How, If, Nested};
use crate::names;
use proc_macro2::TokenStream;
use quote::quote;

/// An `if`.
pub(super) fn conditional(cx: &Context<'_>, node: &If, place: Place) -> TokenStream {
    let m = names::machine();
    let inner = place_inside(&node.around, place);
    let then = block(cx, &node.then, inner);
    let otherwise = node.otherwise.as_ref().map(|otherwise| block(cx, otherwise, inner));
    let or_else = otherwise.as_ref().map(|otherwise| quote!(else { #otherwise }));
    let chosen = match &node.how {
        How::Took => {
            let took = names::local("took");
            quote!(if #took { #then } #or_else)
        }
        How::Taken { exports } => {
            let taken = names::local("taken");
            let bound = Handover::of(cx, exports).pattern();
            quote!(if let ::core::option::Option::Some(#bound) = #taken { #then } #or_else)
        }
        How::Again(again) => {
            let Again { pat, scrutinee, then: range } = &**again;
            let within = cx.within(*range);
            quote!(match #scrutinee { #pat if #m.running() || #within => { #then } _ => { #otherwise } })
        }
    };
    // Without an `else` there is nothing to be kept from.
    around(cx, &node.around, chosen, node.otherwise.is_some())
}

/// A block.
pub(super) fn nested(cx: &Context<'_>, node: &Nested, place: Place) -> TokenStream {
    let inner = block(cx, &node.block, place_inside(&node.around, place));
    let (m, label) = (names::machine(), &node.label);
    let nested = around(cx, &node.around, quote!(#label { #inner }), true);
    if node.saves_again.is_empty() {
        return nested;
    }
    let saves = cx.saves(&node.saves_again);
    quote!(#nested if #m.running() { #saves })
}

/// Only the tail of the flow's tail is the flow's tail.
fn place_inside(around: &Around, place: Place) -> Place {
    if around.last && !around.semi && around.target.is_none() { place } else { Place::Inner }
}

fn around(cx: &Context<'_>, around: &Around, inner: TokenStream, guarded: bool) -> TokenStream {
    let m = names::machine();
    let within = cx.within(around.range);
    let semi = around.semi.then(|| quote!(;));
    match &around.target {
        Some(target) => {
            let pat = immutable(&target.pat);
            let ty = target.ty.as_ref().map(|ty| quote!(: #ty));
            bound(cx, around, quote!(let #pat #ty = #inner;))
        }
        None if around.last || !guarded => quote!(#inner #semi),
        None => quote!(if #m.running() || #within { #inner #semi }),
    }
}

/// `let PAT: T = if ..;`: its variables are loaded while resuming to a point behind it.
fn bound(cx: &Context<'_>, around: &Around, stmt: TokenStream) -> TokenStream {
    let m = names::machine();
    let within = cx.within(around.range);
    let handover = Handover::of(cx, &around.exports);
    let saves = cx.saves(&around.saves);
    if handover.is_empty() {
        return quote!(if #m.running() || #within { #stmt });
    }
    let (pattern, value, stand_in) = (handover.pattern(), handover.value(), handover.stand_in());
    quote!(let #pattern = if #m.running() || #within { #stmt #saves #value } else { #stand_in };)
}
