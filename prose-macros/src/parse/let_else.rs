//! `let PAT = EXPR else { points };`, which is an `if let` with a `let`.

use super::attribute;
use super::body::{otherwise, refuse_attrs_around, target};
use super::search::contains_point;
use crate::ast::{Block, Bound, If, Stmt, Taker, Target};
use crate::errors::Errors;
use crate::names;
use crate::patterns::{bindings, renamed, without};
use crate::views;
use quote::quote;
use syn::{Expr, Local, Pat, parse_quote};

/// The statement, if it is one.
pub(super) fn with_points(stmt: syn::Stmt) -> Result<Local, Box<syn::Stmt>> {
    match stmt {
        syn::Stmt::Local(local) if !is_point(&local) && has_points_in_its_else_only(&local) => Ok(local),
        other => Err(Box::new(other)),
    }
}

fn is_point(local: &Local) -> bool {
    local.attrs.iter().any(attribute::is_point)
}

fn has_points_in_its_else_only(local: &Local) -> bool {
    let in_expr = |expr: &Expr| contains_point(&syn::Stmt::Expr(expr.clone(), None));
    let init = local.init.as_ref().and_then(|init| Some((&init.expr, &init.diverge.as_ref()?.1)));
    init.is_some_and(|(expr, otherwise)| !in_expr(expr) && in_expr(otherwise))
}

/// What it is made of.
pub(super) fn taken_apart(local: Local, errors: &mut Errors) -> Vec<Stmt> {
    local.attrs.iter().for_each(|attr| attribute::refuse_misspelt(attr, errors));
    refuse_attrs_around(&local.attrs, errors);
    let Some(init) = local.init.clone() else { return Vec::new() };
    let Some((_, otherwise)) = init.diverge else { return Vec::new() };
    let otherwise = self::otherwise(*otherwise, errors);
    match twice(&local.pat, &init.expr) {
        true => asked_first(local, &init.expr, otherwise),
        false => vec![bound(local.pat, *init.expr, otherwise)],
    }
}

/// Is an expression the same when it is evaluated twice?
fn twice(pat: &Pat, expr: &Expr) -> bool {
    !views::is_saved_call(pat, expr) && (views::of_place(expr).is_some() || views::view(expr, &|_| true).is_some())
}

/// `let _ = if let PAT' = EXPR { true } else { points }; let PAT = EXPR else { unreachable!() };`, where `PAT'` binds nothing: the
/// second one is a borrow that can be made again.
fn asked_first(mut local: Local, expr: &Expr, otherwise: Block) -> Vec<Stmt> {
    let unbound = without(&target(local.pat.clone()).pat, &|_| false);
    let nobody = Target { pat: parse_quote!(_), ty: None, value: None };
    let asked = if_let(nobody, &unbound, expr, parse_quote!(true), otherwise);
    if let Some((_, diverge)) = local.init.as_mut().and_then(|init| init.diverge.as_mut()) {
        **diverge = views::matches_again();
    }
    vec![asked, Stmt::Plain(syn::Stmt::Local(local))]
}

/// `let (a, b) = if let PAT' = EXPR { (matched_a, matched_b) } else { points };`
fn bound(pat: Pat, expr: Expr, otherwise: Block) -> Stmt {
    let Target { pat, ty, .. } = target(pat);
    let bindings = bindings(&pat);
    let matched = bindings.iter().map(|binding| names::matched(&binding.ident));
    let outer = bindings.iter().map(|binding| {
        let (mutable, name) = (binding.mutable.then(|| quote!(mut)), &binding.ident);
        quote!(#mutable #name)
    });
    let (outer, value): (Pat, Expr) = (parse_quote!((#(#outer),*)), parse_quote!((#(#matched),*)));
    let value_of = expr.clone();
    let expr: Expr = ty.map_or(expr.clone(), |ty| parse_quote!({ let value: #ty = #expr; value }));
    let outer = Target { pat: outer, ty: None, value: Some(value_of) };
    if_let(outer, &renamed(&pat, &names::matched), &expr, value, otherwise)
}

/// `let OUTER = if let PAT = EXPR { VALUE } else { points };`
fn if_let(outer: Target, pat: &Pat, expr: &Expr, value: Expr, otherwise: Block) -> Stmt {
    let then = Block { stmts: vec![Stmt::Plain(syn::Stmt::Expr(value, None))] };
    let node = If { condition: parse_quote!(let #pat = #expr), then, otherwise: Some(otherwise) };
    Stmt::If(Box::new(Bound { taker: Taker::Let(Box::new(outer)), semi: true, node }))
}
