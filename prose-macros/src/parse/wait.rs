//! `#[sleep] EXPR;` and `#[signal] let name: Type;`: points at which the flow only waits.

use super::options::Options;
use super::{attribute, body, name, point};
use crate::ast::{Body, Kind, Name, Point, Target};
use crate::errors::Errors;
use crate::patterns;
use quote::ToTokens;
use syn::{Attribute, Expr, ExprMacro, Local, Pat, Stmt, parse_quote};

/// The statement that carries `#[sleep]`.
pub(super) fn sleep(attr: &Attribute, attrs: Vec<Attribute>, stmt: Stmt, errors: &mut Errors) -> Option<Point> {
    let mut options = Options::of_attribute(attr, "sleep", errors);
    let given = point::given_name(&mut options, errors);
    options.refuse("timeout", "a sleep ends by itself, at an instant that is saved when it begins", errors);
    refuse_of_steps(&mut options, errors);
    options.finish(errors);
    let expr = match stmt {
        Stmt::Expr(expr, _) if may_be_time(&expr) => expr,
        Stmt::Macro(mac) => Expr::Macro(ExprMacro { attrs: Vec::new(), mac: mac.mac }),
        other => {
            attribute::refuse_place(attr, point::describe(&other), errors);
            return None;
        }
    };
    point::refuse_points_inside(&expr, errors);
    let attr = attr.path().get_ident()?.clone();
    let name = given.unwrap_or_else(|| Name { text: "sleep".to_owned(), span: attr.span() });
    let body = Body { label: None, expr };
    let (retry, timeout, compensate) = (None, None, None);
    Some(Point { attr, kind: Kind::Sleep, name: Some(name), retry, timeout, compensate, attrs, target: None, body })
}

/// Control flow around a time is written in front of it.
fn may_be_time(expr: &Expr) -> bool {
    !matches!(
        expr,
        Expr::Assign(_)
            | Expr::Block(_)
            | Expr::If(_)
            | Expr::Match(_)
            | Expr::ForLoop(_)
            | Expr::While(_)
            | Expr::Loop(_)
    )
}

/// The statement that carries `#[signal]`.
pub(super) fn signal(attr: &Attribute, attrs: Vec<Attribute>, stmt: Stmt, errors: &mut Errors) -> Option<Point> {
    let mut options = Options::of_attribute(attr, "signal", errors);
    let given = point::given_name(&mut options, errors);
    let timeout = options.duration("timeout", errors);
    refuse_of_steps(&mut options, errors);
    options.finish(errors);
    let Stmt::Local(local) = stmt else {
        attribute::refuse_place(attr, point::describe(&stmt), errors);
        return None;
    };
    let target = Some(declared(local, errors)?);
    let body = Body { label: None, expr: parse_quote!(()) };
    let name = given.or_else(|| name::of_statement(target.as_ref(), &body));
    let attr = attr.path().get_ident()?.clone();
    let (retry, compensate) = (None, None);
    Some(Point { attr, kind: Kind::Signal, name, retry, timeout, compensate, attrs, target, body })
}

/// `name: Type`, without a value.
fn declared(local: Local, errors: &mut Errors) -> Option<Target> {
    if let Some(init) = &local.init {
        let why = "what is sent from outside is its value";
        errors.push(&init.expr, "the `let` of `#[signal]` has a value", why, "leave it out: `let name: Type;`");
        return None;
    }
    let target = body::target(local.pat);
    match &target.pat {
        Pat::Ident(variable) if patterns::is_plain(variable) => {}
        pat => {
            let why = "what is sent is saved under one name";
            errors.push(pat, "a pattern on a `#[signal]`", why, "bind it to a name here, and take it apart behind");
            return None;
        }
    }
    if target.ty.is_none() {
        let name = target.pat.to_token_stream();
        let why = "only a value of it can be sent, and a saved run must know it to read the value back";
        errors.push(&target.pat, "a `#[signal]` needs its type", why, &format!("write `let {name}: Type;`"));
    }
    Some(target)
}

/// What steps have.
fn refuse_of_steps(options: &mut Options, errors: &mut Errors) {
    options.refuse("retry", "waiting holds over crashes and does not fail, so there is nothing to try again", errors);
    options.refuse("compensate", "waiting does nothing that could be undone", errors);
}
