//! Takes the flow's body apart: points, the branches and blocks around them, and plain Rust.

use super::search::{Found, Within, contains_point, points_in};
use super::{attribute, point};
use crate::ast::{Block, Bound, Condition, If, Nested, Stmt, Target};
use crate::errors::Errors;
use syn::{Attribute, Expr, ExprBlock, ExprIf, Item, Local, Pat};

/// The statements of a block, each told apart.
pub(super) fn block(stmts: Vec<syn::Stmt>, errors: &mut Errors) -> Block {
    Block { stmts: stmts.into_iter().filter_map(|stmt| statement(stmt, errors)).collect() }
}

fn statement(mut stmt: syn::Stmt, errors: &mut Errors) -> Option<Stmt> {
    if let syn::Stmt::Item(item) = stmt {
        refuse_on_item(&item, errors);
        return Some(Stmt::Item(item));
    }
    let attrs = attribute::take(&mut stmt);
    if let Some(ours) = attrs.iter().position(attribute::is_point) {
        return point::point(attrs, ours, stmt, errors).map(|point| Stmt::Point(Box::new(point)));
    }
    attrs.iter().for_each(|attr| attribute::refuse_misspelt(attr, errors));
    if contains_point(&stmt) {
        refuse_attrs_around(&attrs, errors);
        return structured(stmt, errors);
    }
    attribute::put(&mut stmt, attrs);
    Some(Stmt::Plain(stmt))
}

/// A statement with points inside: an `if` or a block is taken apart, anything else is refused.
fn structured(stmt: syn::Stmt, errors: &mut Errors) -> Option<Stmt> {
    match stmt {
        syn::Stmt::Expr(expr, semi) => match branch(expr, None, semi.is_some(), errors) {
            Ok(stmt) => Some(stmt),
            Err(expr) => refuse_inside(&syn::Stmt::Expr(*expr, semi), errors),
        },
        syn::Stmt::Local(local) => bound(local, errors),
        other => refuse_inside(&other, errors),
    }
}

fn bound(mut local: Local, errors: &mut Errors) -> Option<Stmt> {
    let init = local.init.take()?;
    let structured = matches!(&*init.expr, Expr::If(_) | Expr::Block(_)) && init.diverge.is_none();
    if !structured {
        local.init = Some(init);
        return refuse_inside(&syn::Stmt::Local(local), errors);
    }
    let target = target(local.pat);
    branch(*init.expr, Some(target), true, errors).ok()
}

/// `PAT: T` taken apart.
pub(super) fn target(pat: Pat) -> Target {
    match pat {
        Pat::Type(typed) => Target { pat: *typed.pat, ty: Some(*typed.ty) },
        pat => Target { pat, ty: None },
    }
}

/// An `if` or a block; any other expression is given back.
fn branch(expr: Expr, target: Option<Target>, semi: bool, errors: &mut Errors) -> Result<Stmt, Box<Expr>> {
    match expr {
        Expr::If(node) => Ok(Stmt::If(Box::new(Bound { target, semi, node: conditional(node, errors) }))),
        Expr::Block(node) => Ok(Stmt::Nested(Box::new(Bound { target, semi, node: nested(node, errors) }))),
        other => Err(Box::new(other)),
    }
}

fn nested(node: ExprBlock, errors: &mut Errors) -> Nested {
    Nested { label: node.label, block: block(node.block.stmts, errors) }
}

fn conditional(node: ExprIf, errors: &mut Errors) -> If {
    let condition = condition(*node.cond, errors);
    let then = block(node.then_branch.stmts, errors);
    let otherwise = node.else_branch.map(|(_, expr)| otherwise(*expr, errors));
    If { condition, then, otherwise }
}

fn condition(cond: Expr, errors: &mut Errors) -> Condition {
    let points = points_in(&syn::Stmt::Expr(cond.clone(), None));
    points.iter().for_each(|found| refuse(found, errors));
    match cond {
        Expr::Let(ask) => Condition::Let { pat: *ask.pat, scrutinee: *ask.expr },
        cond if has_let(&cond) => {
            let why = "each part of the chain would have to be decided again when the run goes on";
            let what = "a chain of `let`s around a step is not here yet";
            errors.push(&cond, what, why, "write one `if` inside the other");
            Condition::Plain(syn::parse_quote!(false))
        }
        cond => Condition::Plain(cond),
    }
}

fn has_let(cond: &Expr) -> bool {
    match cond {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

/// `else { .. }`, or `else if ..` as a block of its own.
fn otherwise(expr: Expr, errors: &mut Errors) -> Block {
    match expr {
        Expr::Block(node) => block(node.block.stmts, errors),
        chained => block(vec![syn::Stmt::Expr(chained, None)], errors),
    }
}

fn refuse_inside(stmt: &syn::Stmt, errors: &mut Errors) -> Option<Stmt> {
    points_in(stmt).iter().for_each(|found| refuse(found, errors));
    None
}

/// Says where a point may stand.
fn refuse(found: &Found, errors: &mut Errors) {
    let name = found.name.to_string();
    let statement = "make it a statement of its own";
    let (place, why, instead) = match found.within {
        Within::Closure => {
            ("in a closure", "the machine cannot know when the closure is called, or how often", statement)
        }
        Within::Async => ("in an async block", "the machine cannot know when the block is polled", statement),
        Within::Item => {
            ("in a fn inside the flow", "only the flow itself is saved", "move it into the flow's own body")
        }
        Within::Macro => ("in a macro call", "the flow is taken apart before the macro is expanded", statement),
        Within::Expression => {
            ("inside a larger expression", "the rest of the expression could not be saved", statement)
        }
        Within::Loop => return not_yet(&found.name, &format!("`#[{name}]` in a loop"), errors),
        Within::Match => return not_yet(&found.name, &format!("`#[{name}]` in a `match`"), errors),
    };
    errors.push(&found.name, &format!("`#[{name}]` cannot stand {place}"), why, instead);
}

/// Says that something of the language is still missing.
pub(super) fn not_yet(at: &syn::Ident, what: &str, errors: &mut Errors) {
    let why = "this version of prose cannot save a run in the middle of it";
    let instead = "use `if`/`else` around steps, or do the whole of it inside one `#[step]`";
    errors.push(at, &format!("{what} is not here yet"), why, instead);
}

fn refuse_on_item(item: &Item, errors: &mut Errors) {
    if let Item::Fn(function) = item {
        for attr in function.attrs.iter().filter(|attr| attribute::is_point(attr)) {
            attribute::refuse_place(attr, "an item", errors);
        }
    }
    refuse_inside(&syn::Stmt::Item(item.clone()), errors);
}

fn refuse_attrs_around(attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")) {
        refuse_cfg(attr, errors);
    }
}

/// Refuses `#[cfg]` around a point.
pub(super) fn refuse_cfg(attr: &Attribute, errors: &mut Errors) {
    errors.push(
        attr.path(),
        "a step cannot be left out by `#[cfg]`",
        "the points of a flow are known before `#[cfg]` is, and a saved run relies on them",
        "put the `#[cfg]` inside the step's body",
    );
}
