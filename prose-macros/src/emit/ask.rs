//! The question at the end of a stretch, whose answer the control flow behind it goes by.
//!
//! ```text
//! let taken = if let Some(c) = coupon { m.save(&k_c, &c); Some(c) } else { None };     // resuming: by where the saved point lies
//! let (arm, arm1) = match kind { Kind::Cash => (0, None), Kind::Card(card) => (1, Some(card)) };
//! let list = private::Consumed::list(input.items);
//! let wake = IntoWake::into_wake(pause);                                                // resuming: `None`
//! ```

use super::Context;
use super::generated_mut::GeneratedMut;
use super::handover::{Handover, tuple};
use super::leaving::told_of;
use crate::model::{AskedArm, Question, VarId, Way};
use crate::names;
use proc_macro2::{Delimiter, Group, Literal, Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Expr};

/// The expressions that are evaluated to ask.
pub(super) fn asked(question: &Question) -> Vec<&Expr> {
    match question {
        Question::If { condition, .. } => vec![condition],
        Question::Match { scrutinee, arms } => {
            std::iter::once(scrutinee).chain(arms.iter().filter_map(|arm| arm.guard.as_ref())).collect()
        }
        Question::List { iterable, .. } => vec![iterable],
        Question::Wake { time, .. } => vec![time],
    }
}

/// The statement that asks; the answer is added to what the stretch hands over.
pub(super) fn ask(cx: &Context<'_>, question: &Question, handover: &mut Handover) -> TokenStream {
    match question {
        Question::If { condition, way } if way.exports.is_empty() => took(cx, &told_of(cx, condition), way, handover),
        Question::If { condition, way } => taken(cx, told_of(cx, condition), way, handover),
        Question::Match { scrutinee, arms } => arm(cx, &told_of(cx, scrutinee), arms, handover),
        Question::List { list, iterable } => elements(cx, *list, &told_of(cx, iterable)),
        Question::Wake { time, attrs } => wake(cx, &told_of(cx, time), attrs, handover),
    }
}

fn took(cx: &Context<'_>, condition: &Expr, way: &Way, handover: &mut Handover) -> TokenStream {
    let took = names::local("took");
    handover.add(quote!(#took), quote!(#took), cx.within(way.range));
    match has_let(condition) {
        true => quote!(let #took = if #condition { true } else { false };),
        // The type, so that a condition that is no `bool` is told where it stands.
        false => quote!(let #took: ::core::primitive::bool = #condition;),
    }
}

fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn taken(cx: &Context<'_>, mut condition: Expr, way: &Way, handover: &mut Handover) -> TokenStream {
    let taken = names::local("taken");
    let (saves, value) = (cx.saves(&way.saves), Handover::of(cx, &way.exports).value());
    handover.add(quote!(#taken), quote!(#taken), resumed(cx, way));
    GeneratedMut::of(cx, &way.exports).visit_expr_mut(&mut condition);
    quote! {
        let #taken = if #condition {
            #saves
            ::core::option::Option::Some(#value)
        } else {
            ::core::option::Option::None
        };
    }
}

/// What a way has bound, when the run goes on inside of it.
fn resumed(cx: &Context<'_>, way: &Way) -> TokenStream {
    let none = quote!(::core::option::Option::None);
    if way.range.is_none() {
        return none;
    }
    let (within, stand_in) = (cx.within(way.range), Handover::of(cx, &way.exports).stand_in());
    quote!(if #within { ::core::option::Option::Some(#stand_in) } else { #none })
}

fn arm(cx: &Context<'_>, scrutinee: &Expr, arms: &[AskedArm], handover: &mut Handover) -> TokenStream {
    let arm = names::local("arm");
    let binding: Vec<usize> = (0..arms.len()).filter(|number| !arms[*number].way.exports.is_empty()).collect();
    handover.add(quote!(#arm), quote!(#arm), resumed_arm(cx, arms));
    for number in &binding {
        let bound = names::arm(*number);
        handover.add(quote!(#bound), quote!(#bound), resumed(cx, &arms[*number].way));
    }
    let bound = binding.iter().map(|number| names::arm(*number));
    let asked = arms.iter().enumerate().map(|(number, AskedArm { pat, guard, braces, way })| {
        let guard = guard.as_ref().map(|guard| told_of(cx, guard)).map(|guard| quote!(if #guard));
        let saves = cx.saves(&way.saves);
        let mut pat = pat.clone();
        GeneratedMut::of(cx, &way.exports).visit_pat_mut(&mut pat);
        let (literal, value) = (Literal::usize_unsuffixed(number), Handover::of(cx, &way.exports).value());
        let slots = binding.iter().map(|binding| match *binding == number {
            true => quote!(::core::option::Option::Some(#value)),
            false => quote!(::core::option::Option::None),
        });
        let answer = tuple(&std::iter::once(quote!(#literal)).chain(slots).collect::<Vec<_>>());
        let mut block = Group::new(Delimiter::Brace, quote!(#saves #answer));
        block.set_span(braces.unwrap_or_else(Span::call_site));
        quote!(#pat #guard => #block)
    });
    let answer = tuple(&std::iter::once(arm).chain(bound).map(|one| quote!(#one)).collect::<Vec<_>>());
    quote!(let #answer = match #scrutinee { #(#asked)* };)
}

/// The arm in which the saved point lies; if it lies in none, nobody looks.
fn resumed_arm(cx: &Context<'_>, arms: &[AskedArm]) -> TokenStream {
    let with_points = arms.iter().enumerate().filter(|(_, arm)| arm.way.range.is_some());
    let decide = with_points.map(|(number, arm)| {
        let (within, number) = (cx.within(arm.way.range), Literal::usize_unsuffixed(number));
        quote!(if #within { #number } else)
    });
    quote!(#(#decide)* { 0 })
}

/// At the time, so that what is none is told there. A run that stands at the point has saved until when.
fn wake(cx: &Context<'_>, time: &Expr, attrs: &[Attribute], handover: &mut Handover) -> TokenStream {
    let (private, wake) = (cx.private(), names::wake());
    let call = names::call_at(time.span(), quote!(#private::IntoWake::into_wake), quote!(#time));
    let (some, none) = (quote!(::core::option::Option::Some(#wake)), quote!(::core::option::Option::None));
    handover.add(quote!(#wake), some, none);
    quote!(#(#attrs)* let #wake = #call;)
}

/// At the iterable, so that one without an order of its own is told there.
fn elements(cx: &Context<'_>, list: VarId, iterable: &Expr) -> TokenStream {
    let (private, list) = (cx.private(), cx.again(list));
    let call = names::call_at(iterable.span(), quote!(#private::Consumed::list), quote!(#iterable));
    quote!(let #list = #call;)
}
