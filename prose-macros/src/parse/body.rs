//! Takes the flow's body apart: points, the control flow around them, and plain Rust.

use super::search::{Found, Within, contains_point, points_in};
use super::{attribute, let_else, point};
use crate::ast::{Arm, Block, Bound, For, If, Loop, LoopAt, Match, Nested, Stmt, Taker, Target};
use crate::errors::Errors;
use syn::{
    Attribute, Expr, ExprBlock, ExprForLoop, ExprIf, ExprMatch, ExprWhile, Item, ItemMacro, Local, Pat, PathSegment,
    StmtMacro, parse_quote,
};

/// The statements of a block, each told apart.
pub(super) fn block(stmts: Vec<syn::Stmt>, errors: &mut Errors) -> Block {
    Block { stmts: stmts.into_iter().flat_map(|stmt| statements(stmt, errors)).collect() }
}

fn statements(stmt: syn::Stmt, errors: &mut Errors) -> Vec<Stmt> {
    match let_else::with_points(stmt) {
        Ok(local) => let_else::taken_apart(local, errors),
        Err(stmt) => statement(*stmt, errors).into_iter().collect(),
    }
}

fn statement(stmt: syn::Stmt, errors: &mut Errors) -> Option<Stmt> {
    let mut stmt = item_of_macro(stmt);
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
    refuse_cfg_on_plain(&attrs, &stmt, errors);
    attribute::put(&mut stmt, attrs);
    Some(Stmt::Plain(stmt))
}

/// A macro that is known to expand to an item is one: it is seen in all of its block.
fn item_of_macro(stmt: syn::Stmt) -> syn::Stmt {
    match stmt {
        syn::Stmt::Macro(StmtMacro { attrs, mac, semi_token })
            if mac.path.segments.last().is_some_and(is_thread_local) =>
        {
            syn::Stmt::Item(Item::Macro(ItemMacro { attrs, ident: None, mac, semi_token }))
        }
        other => other,
    }
}

fn is_thread_local(segment: &PathSegment) -> bool {
    segment.ident == "thread_local"
}

/// What is saved and where a run goes is found out before `#[cfg]` is. A call that is not there changes none of it.
fn refuse_cfg_on_plain(attrs: &[Attribute], stmt: &syn::Stmt, errors: &mut Errors) {
    let is_call = match stmt {
        syn::Stmt::Macro(_) => true,
        syn::Stmt::Expr(expr, _) => {
            matches!(expr, Expr::Call(_) | Expr::MethodCall(_) | Expr::Macro(_) | Expr::Await(_))
        }
        syn::Stmt::Local(_) | syn::Stmt::Item(_) => false,
    };
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("cfg") && !is_call) {
        let why = "what a run saves, and where it goes on, is known before `#[cfg]` is";
        let instead = "ask in the code: `let limit = if cfg!(test) { 3 } else { 10 };`";
        errors.push(attr, "plain code between steps cannot be left out by `#[cfg]`", why, instead);
    }
}

// Control flow around points

/// A statement with points inside: control flow is taken apart, anything else is refused.
fn structured(stmt: syn::Stmt, errors: &mut Errors) -> Option<Stmt> {
    match stmt {
        syn::Stmt::Expr(Expr::Assign(assign), Some(_)) if is_variable(&assign.left) && has_value(&assign.right) => {
            let Expr::Path(variable) = *assign.left else { return None };
            let taker = Taker::Assign(variable.path.get_ident()?.clone());
            control_flow(*assign.right, taker, true, errors).ok()
        }
        syn::Stmt::Expr(expr, semi) => match control_flow(expr, Taker::Nobody, semi.is_some(), errors) {
            Ok(stmt) => Some(stmt),
            Err(expr) => refuse_inside(&syn::Stmt::Expr(*expr, semi), errors),
        },
        syn::Stmt::Local(local) => bound(local, errors),
        other => refuse_inside(&other, errors),
    }
}

fn is_variable(place: &Expr) -> bool {
    matches!(place, Expr::Path(path) if path.qself.is_none() && path.path.get_ident().is_some())
}

/// Control flow that may have a value.
fn has_value(expr: &Expr) -> bool {
    matches!(expr, Expr::If(_) | Expr::Match(_) | Expr::Loop(_) | Expr::Block(_))
}

fn bound(mut local: Local, errors: &mut Errors) -> Option<Stmt> {
    let init = local.init.take()?;
    match init.diverge {
        None if has_value(&init.expr) => {
            let taker = Taker::Let(Box::new(Target { value: Some((*init.expr).clone()), ..target(local.pat) }));
            control_flow(*init.expr, taker, true, errors).ok()
        }
        diverge => {
            local.init = Some(syn::LocalInit { diverge, ..init });
            refuse_inside(&syn::Stmt::Local(local), errors)
        }
    }
}

/// `PAT: T` taken apart.
pub(super) fn target(pat: Pat) -> Target {
    match pat {
        Pat::Type(typed) => Target { pat: *typed.pat, ty: Some(*typed.ty), value: None },
        pat => Target { pat, ty: None, value: None },
    }
}

/// Control flow; any other expression is given back.
fn control_flow(mut expr: Expr, taker: Taker, semi: bool, errors: &mut Errors) -> Result<Stmt, Box<Expr>> {
    fn bind<T>(taker: Taker, semi: bool, node: T) -> Box<Bound<T>> {
        Box::new(Bound { taker, semi, node })
    }
    // A statement's own are gone by now.
    refuse_attrs_on(&attribute::take_from(&mut expr), "a value", errors);
    Ok(match expr {
        Expr::If(node) => Stmt::If(bind(taker, semi, conditional(node, errors))),
        Expr::Match(node) => Stmt::Match(bind(taker, semi, matched(node, errors))),
        Expr::Loop(node) => {
            let at = LoopAt { keyword: node.loop_token.span, braces: node.body.brace_token.span.join() };
            let block = block(node.body.stmts, errors);
            Stmt::Loop(bind(taker, semi, Loop { at, label: node.label, block }))
        }
        Expr::While(node) => Stmt::Loop(bind(taker, semi, while_loop(node, errors))),
        Expr::ForLoop(node) => Stmt::For(bind(taker, semi, for_loop(node, errors))),
        Expr::Block(node) => Stmt::Nested(bind(taker, semi, nested(node, errors))),
        other => return Err(Box::new(other)),
    })
}

fn nested(node: ExprBlock, errors: &mut Errors) -> Nested {
    Nested { label: node.label, block: block(node.block.stmts, errors) }
}

fn conditional(node: ExprIf, errors: &mut Errors) -> If {
    refuse_asked(&node.cond, errors);
    let then = block(node.then_branch.stmts, errors);
    let otherwise = node.else_branch.map(|(_, expr)| otherwise(*expr, errors));
    If { condition: *node.cond, then, otherwise }
}

/// `else { .. }`, or `else if ..` as a block of its own.
pub(super) fn otherwise(expr: Expr, errors: &mut Errors) -> Block {
    match expr {
        Expr::Block(node) if node.label.is_none() && node.attrs.is_empty() => block(node.block.stmts, errors),
        chained => block(vec![syn::Stmt::Expr(chained, None)], errors),
    }
}

fn matched(node: ExprMatch, errors: &mut Errors) -> Match {
    refuse_asked(&node.expr, errors);
    let arms = node.arms.into_iter().map(|arm| self::arm(arm, errors)).collect();
    Match { scrutinee: *node.expr, arms }
}

fn arm(arm: syn::Arm, errors: &mut Errors) -> Arm {
    refuse_attrs_on(&arm.attrs, "a match arm", errors);
    let (pat, guard) = match arm.pat {
        Pat::Guard(guarded) => (*guarded.pat, Some(*guarded.guard)),
        pat => (pat, None),
    };
    guard.iter().for_each(|guard| refuse_asked(guard, errors));
    let braces = match &*arm.body {
        Expr::Block(node) => Some(node.block.brace_token.span.join()),
        _ => None,
    };
    Arm { pat, guard, block: otherwise(*arm.body, errors), braces }
}

fn while_loop(node: ExprWhile, errors: &mut Errors) -> Loop {
    refuse_asked(&node.cond, errors);
    let at = LoopAt { keyword: node.while_token.span, braces: node.body.brace_token.span.join() };
    let then = block(node.body.stmts, errors);
    let otherwise = Block { stmts: vec![Stmt::Plain(parse_quote!(break;))] };
    let asks = If { condition: *node.cond, then, otherwise: Some(otherwise) };
    let stmt = Stmt::If(Box::new(Bound { taker: Taker::Nobody, semi: false, node: asks }));
    Loop { at, label: node.label, block: Block { stmts: vec![stmt] } }
}

fn for_loop(node: ExprForLoop, errors: &mut Errors) -> For {
    refuse_asked(&node.expr, errors);
    let at = LoopAt { keyword: node.for_token.span, braces: node.body.brace_token.span.join() };
    let block = block(node.body.stmts, errors);
    For { at, label: node.label, pat: *node.pat, iterable: *node.expr, block }
}

// Where points cannot stand

/// An expression that decides where the flow goes is evaluated as a whole.
fn refuse_asked(asked: &Expr, errors: &mut Errors) {
    refuse_inside(&syn::Stmt::Expr(asked.clone(), None), errors);
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
    };
    errors.push(&found.name, &format!("`#[{name}]` cannot stand {place}"), why, instead);
}

fn refuse_on_item(item: &Item, errors: &mut Errors) {
    for attr in attribute::of_item(item).iter().filter(|attr| attribute::is_point(attr)) {
        attribute::refuse_place(attr, "an item", errors);
    }
    refuse_inside(&syn::Stmt::Item(item.clone()), errors);
}

pub(super) fn refuse_attrs_around(attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")) {
        refuse_cfg(attr, errors);
    }
}

/// Refuses attributes that have no statement of their own: there, a point would be lost.
pub(super) fn refuse_attrs_on(attrs: &[Attribute], place: &str, errors: &mut Errors) {
    refuse_attrs_around(attrs, errors);
    for attr in attrs {
        match attribute::is_point(attr) {
            true => attribute::refuse_place(attr, place, errors),
            false => attribute::refuse_misspelt(attr, errors),
        }
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
