//! A guard cannot be held across a step: the lock would be free after a crash.

use crate::errors::Errors;
use crate::model::Model;
use syn::Expr;

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in model.variables.iter().filter(|variable| !variable.live_at.is_empty()) {
        let Some(locked) = variable.init.as_ref().and_then(guard) else { continue };
        let name = &variable.ident;
        let what = format!("`{name}` holds a guard (`.{locked}()`) across a step");
        let why = "a guard cannot be saved: after a crash nobody would hold the lock";
        errors.push(name, &what, why, "copy what you need out of it, or lock inside of the step");
    }
}

/// The call that takes the guard, behind `?`, `unwrap` and `expect`.
fn guard(init: &Expr) -> Option<String> {
    const LOCKS: [&str; 5] = ["lock", "read", "write", "borrow", "borrow_mut"];
    match init {
        Expr::Try(inner) => guard(&inner.expr),
        Expr::Await(inner) => guard(&inner.base),
        Expr::MethodCall(call) if LOCKS.iter().any(|lock| call.method == lock) && call.args.is_empty() => {
            Some(call.method.to_string())
        }
        Expr::MethodCall(call) => {
            let passes = ["unwrap", "expect", "unwrap_or_else"].iter().any(|name| call.method == name);
            passes.then(|| guard(&call.receiver)).flatten()
        }
        _ => None,
    }
}
