//! What is borrowed from the context is made again from the context of the process that goes on: nothing that a run relies on may come of it.

use crate::errors::Errors;
use crate::model::{Class, Model, Variable};
use crate::names;
use syn::{Expr, Member};

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in
        model.variables.iter().filter(|variable| variable.class == Class::View || !variable.live_at.is_empty())
    {
        let name = &variable.ident;
        if variable.is_ctx {
            let what = format!("`{name}` is the context under another name");
            let why =
                "a step has a context of its own, with its idempotency key, and knows it by the flow's name for it";
            errors.push(name, &what, why, "use the flow's own name in the step, or borrow what you need: `&ctx.deps`");
        }
        if variable.found_in_ctx && variable.class.is_saved() {
            let what = format!("`{name}` is what a pattern has found in `ctx`, and crosses a step");
            let why = "the process that goes on may have other dependencies, in which the pattern finds another value or none";
            errors.push(name, &what, why, &copied(variable));
        }
    }
}

/// What to write instead, of what the user has matched: `let tables = deps.tables.clone();`.
fn copied(variable: &Variable) -> String {
    let place = variable.source.as_ref().map(|source| place(&source.expr));
    let name = match place {
        Some(Expr::Field(field)) => match &field.member {
            Member::Named(name) => names::plain(name),
            Member::Unnamed(_) => "copy".to_owned(),
        },
        _ => "copy".to_owned(),
    };
    let of = place.map_or_else(|| "ctx.deps.limit".to_owned(), names::code);
    format!("match a copy, which is saved: `let {name} = {of}.clone();`")
}

/// What is borrowed, without the borrow and what is called on it.
fn place(expr: &Expr) -> &Expr {
    match expr {
        Expr::Reference(node) => place(&node.expr),
        Expr::MethodCall(node) => place(&node.receiver),
        Expr::Paren(node) => place(&node.expr),
        other => other,
    }
}
