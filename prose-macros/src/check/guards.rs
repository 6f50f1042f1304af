//! A guard cannot be held across a step: the lock would be free after a crash. And one that nothing mentions any more would be
//! dropped at the next step, earlier than it reads.

use crate::errors::Errors;
use crate::model::{Model, Variable};
use crate::names;
use syn::Expr;

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in &model.variables {
        let Some(taken) = variable.init.as_ref().and_then(guard).filter(|taken| is_held(variable, taken)) else {
            continue;
        };
        let name = &variable.ident;
        let what = format!("`{name}` holds a guard (`.{taken}()`) across a step");
        let why = "a guard cannot be saved: after a crash nobody would hold the lock";
        errors.push(
            name,
            &what,
            why,
            "copy what you need out of it in a block `{ .. }` of its own, or lock inside of the step",
        );
    }
}

/// What a step needs, or what is there for its scope only: `let _guard = ..`, or a call that can mean nothing else.
fn is_held(variable: &Variable, taken: &str) -> bool {
    let only_held =
        names::plain(&variable.ident).starts_with('_') || ["lock", "borrow_mut", "entered"].contains(&taken);
    !variable.live_at.is_empty() || (variable.crosses && only_held)
}

/// The call that takes the guard, behind `?`, `unwrap` and `expect`.
fn guard(init: &Expr) -> Option<String> {
    const TAKING: [&str; 7] = ["lock", "read", "write", "borrow", "borrow_mut", "enter", "entered"];
    match init {
        Expr::Try(inner) => guard(&inner.expr),
        Expr::Await(inner) => guard(&inner.base),
        Expr::MethodCall(call) if TAKING.iter().any(|name| call.method == name) && call.args.is_empty() => {
            Some(call.method.to_string())
        }
        Expr::MethodCall(call) => {
            let passes = ["unwrap", "expect", "unwrap_or_else"].iter().any(|name| call.method == name);
            passes.then(|| guard(&call.receiver)).flatten()
        }
        _ => None,
    }
}
