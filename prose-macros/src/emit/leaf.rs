//! A plain stretch: run while running, loaded while resuming.
//!
//! ```text
//! let n = f(); let took = n > 3;  =>  let (n, took) = if m.running() { let n = f(); let took = n > 3; (n, took) }
//!                                     else { (<loaded by k_n>, m.within(..)) };
//! ```

use super::again::again;
use super::block::Place;
use super::generated_mut::GeneratedMut;
use super::handover::Handover;
use super::{Context, ask, leaving, outside};
use crate::model::{Leaf, VarId, View};
use crate::names;
use crate::views::is_matched_again;
use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{Expr, ExprBlock, Stmt, parse_quote};

/// The last stretch of its block: it is only reached while running.
pub(super) fn last(cx: &Context<'_>, leaf: &Leaf, place: Place) -> TokenStream {
    let (takes, behind, plain) =
        (takes(cx, &leaf.takes), behind(cx, leaf), outside::nothing_awaited(cx, &leaf.stmts, []));
    let stmts = with_tail(&leaving::told(cx, leaf), place);
    let stmts = quote!(#plain #stmts);
    if behind.is_empty() {
        return quote!(#takes #stmts);
    }
    let out = names::local("out");
    quote!(#takes let #out = { #stmts }; #behind #out)
}

/// The flow's own tail is told to the machine.
fn with_tail(stmts: &[Stmt], place: Place) -> TokenStream {
    let m = names::machine();
    match stmts.split_last() {
        Some((tail, before)) if place == Place::Function && is_tail(tail) => quote!(#(#before)* #m.tail(); #tail),
        _ => quote!(#(#stmts)*),
    }
}

/// The flow's result: its tail expression, or a `return` at its end.
fn is_tail(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Expr(Expr::Return(_), _) | Stmt::Expr(_, None) => true,
        Stmt::Macro(mac) => mac.semi_token.is_none(),
        _ => false,
    }
}

/// A stretch with something behind it.
pub(super) fn leaf(cx: &Context<'_>, leaf: &Leaf) -> TokenStream {
    let m = names::machine();
    let mut handover = Handover::of(cx, &leaf.exports);
    let question = leaf.question.as_ref().map(|question| ask::ask(cx, question, &mut handover));
    let stmts = generated_mut(cx, leaf);
    let asked = leaf.question.iter().flat_map(ask::asked);
    let plain = outside::nothing_awaited(cx, &leaf.stmts, asked);
    let (takes, saves, assigns) =
        (takes(cx, &leaf.takes), cx.saves(&leaf.saves), cx.assigns(leaf.assigns.iter().chain(&leaf.overwrites)));
    if handover.is_empty() {
        let run = around(cx, leaf, &quote!(#plain #(#stmts)* #saves), None);
        let or_else = (!assigns.is_empty()).then(|| quote!(else { #assigns }));
        return quote!(if #m.running() { #takes #run } #or_else);
    }
    let (pattern, value, stand_in) = (handover.pattern(), handover.value(), handover.stand_in());
    let run = around(cx, leaf, &quote!(#plain #(#stmts)* #question #saves), Some(value));
    quote!(let #pattern = if #m.running() { #takes #run } else { #assigns #stand_in };)
}

/// What a stretch does when it is done. Its own variables end before, so that they shadow none of these.
fn behind(cx: &Context<'_>, leaf: &Leaf) -> TokenStream {
    let (gives_back, saves_again) = (gives_back(cx, &leaf.gives_back), cx.saves(&leaf.saves_again));
    quote!(#gives_back #saves_again)
}

/// A stretch in a block of its own, where anything stands behind it or must not leave it.
fn around(cx: &Context<'_>, leaf: &Leaf, run: &TokenStream, value: Option<TokenStream>) -> TokenStream {
    let (out, behind) = (names::local("out"), behind(cx, leaf));
    let valued = value.clone().unwrap_or_else(|| quote!(()));
    match (outside::unchanged(cx, &leaf.anew, run, &valued), value) {
        (Some(unchanged), _) => quote!(#unchanged #behind #out),
        (None, value) if behind.is_empty() => quote!(#run #value),
        (None, None) => quote!({ #run } #behind),
        (None, Some(value)) => quote!(let #out = { #run #value }; #behind #out),
    }
}

/// A borrow is made while running, and again while resuming.
pub(super) fn view(cx: &Context<'_>, view: &View) -> TokenStream {
    let mut local = view.local.clone();
    let (m, takes, unmatched) = (names::machine(), takes(cx, &view.takes), super::unmatched(&local.pat));
    if let Some(init) = &mut local.init {
        *init.expr = again(cx, &init.expr);
        match &mut init.diverge {
            Some((_, diverge)) if is_matched_again(diverge) => **diverge = parse_quote!({ #unmatched }),
            Some((_, diverge)) => {
                let (plain, stmts) = (outside::nothing_awaited(cx, &[], [&**diverge]), statements(diverge));
                **diverge = parse_quote!({ if !#m.running() { #unmatched } #plain #takes #stmts });
            }
            None => {}
        }
    }
    quote!(#local)
}

/// What an `else` does, without its braces.
fn statements(diverge: &Expr) -> TokenStream {
    match diverge {
        Expr::Block(ExprBlock { attrs, label: None, block }) if attrs.is_empty() => {
            let stmts = &block.stmts;
            quote!(#(#stmts)*)
        }
        other => quote!(#other),
    }
}

/// `let Some(x) = slot_x.take() else { unreachable!() };`: only a stretch that runs takes, and then one has filled it.
fn takes(cx: &Context<'_>, variables: &[VarId]) -> TokenStream {
    let take = |id: &VarId| {
        let variable = cx.variable(*id);
        let (slot, again) = (names::slot(&variable.identity), cx.again(*id));
        let mutable = variable.mutable.then(|| quote!(mut));
        quote!(let ::core::option::Option::Some(#mutable #again) = #slot.take() else { ::core::unreachable!() };)
    };
    variables.iter().map(take).collect()
}

fn gives_back(cx: &Context<'_>, variables: &[VarId]) -> TokenStream {
    let give = |id: &VarId| {
        let (slot, again) = (names::slot(&cx.variable(*id).identity), cx.again(*id));
        quote!(#slot = ::core::option::Option::Some(#again);)
    };
    variables.iter().map(give).collect()
}

/// The statements, with the `mut` of what is handed on as generated.
fn generated_mut(cx: &Context<'_>, leaf: &Leaf) -> Vec<Stmt> {
    let mut stmts = leaving::told(cx, leaf);
    let mut generated = GeneratedMut::of(cx, &leaf.exports);
    for stmt in &mut stmts {
        if let Stmt::Local(local) = stmt {
            generated.visit_pat_mut(&mut local.pat);
            if let Some(init) = &mut local.init
                && init.diverge.as_ref().is_some_and(|(_, diverge)| is_matched_again(diverge))
            {
                *init.expr = again(cx, &init.expr);
            }
        }
    }
    stmts
}
