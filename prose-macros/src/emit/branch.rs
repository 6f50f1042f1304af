//! Branches and blocks with points inside: skipped while resuming to a point behind them.

use super::Context;
use super::again::again;
use super::around::{around, place_inside};
use super::block::{Place, block};
use super::handover::Handover;
use crate::model::{Arm, If, Match, Nested};
use crate::names;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// An `if`, by the answer of the stretch in front.
pub(super) fn conditional(cx: &Context<'_>, node: &If, place: Place) -> TokenStream {
    let inner = place_inside(&node.around, place);
    let then = block(cx, &node.then, inner);
    let otherwise = node.otherwise.as_ref().map(|otherwise| block(cx, otherwise, inner));
    let or_else = otherwise.as_ref().map(|otherwise| quote!(else { #otherwise }));
    let chosen = if node.exports.is_empty() {
        let took = names::local("took");
        quote!(if #took { #then } #or_else)
    } else {
        let (taken, bound) = (names::local("taken"), Handover::of(cx, &node.exports).pattern());
        quote!(if let ::core::option::Option::Some(#bound) = #taken { #then } #or_else)
    };
    // Without an `else` there is nothing to be kept from, unless something is to be loaded in its place.
    around(cx, &node.around, &chosen, node.otherwise.is_some() || !node.around.assigns.is_empty())
}

/// A `match`, by the answer of the stretch in front.
///
/// ```text
/// match arm { 0 => { .. } _ => { let Some(bound) = arm1 else { unreachable!() }; .. } }
/// match &order.kind { Kind::Card(card) if arm == 0 => { .. } _ if arm == 1 => { .. } _ => m.unmatched("Kind::Card(card)") }   // where an arm borrows
/// ```
pub(super) fn matched(cx: &Context<'_>, node: &Match, place: Place) -> TokenStream {
    let inner = place_inside(&node.around, place);
    let arm = names::local("arm");
    let bodies = node.arms.iter().enumerate().map(|(number, arm)| arm_body(cx, arm, number, inner));
    let numbers = 0..node.arms.len();
    let chosen = if node.arms.iter().any(|arm| arm.again.is_some()) {
        let scrutinee = again(cx, &node.scrutinee);
        let arms = numbers.zip(&node.arms).zip(bodies).map(|((number, of), body)| {
            let number = Literal::usize_unsuffixed(number);
            let pat = of.again.as_ref().map_or_else(|| quote!(_), |(pat, _)| quote!(#pat));
            quote!(#pat if #arm == #number => { #body })
        });
        let (m, text) = (names::machine(), patterns(node));
        quote!(match #scrutinee { #(#arms)* _ => match #m.unmatched(#text).await {} })
    } else {
        let arms = numbers.zip(bodies).map(|(number, body)| {
            let literal = Literal::usize_unsuffixed(number);
            let pat = if number + 1 == node.arms.len() { quote!(_) } else { quote!(#literal) };
            quote!(#pat => { #body })
        });
        quote!(match #arm { #(#arms)* })
    };
    around(cx, &node.around, &chosen, true)
}

fn arm_body(cx: &Context<'_>, arm: &Arm, number: usize, place: Place) -> TokenStream {
    let body = block(cx, &arm.block, place);
    if arm.exports.is_empty() {
        return body;
    }
    let (bound, taken) = (Handover::of(cx, &arm.exports).pattern(), names::arm(number));
    quote!(let ::core::option::Option::Some(#bound) = #taken else { ::core::unreachable!() }; #body)
}

/// A block.
pub(super) fn nested(cx: &Context<'_>, node: &Nested, place: Place) -> TokenStream {
    let inner = block(cx, &node.block, place_inside(&node.around, place));
    let label = &node.label;
    around(cx, &node.around, &quote!(#label { #inner }), true)
}

/// The patterns that are matched again: `Kind::Card(card) | Kind::Cash`.
fn patterns(node: &Match) -> String {
    let again = node.arms.iter().filter_map(|arm| arm.again.as_ref());
    again.map(|(pat, _)| names::pattern(pat)).collect::<Vec<_>>().join(" | ")
}
