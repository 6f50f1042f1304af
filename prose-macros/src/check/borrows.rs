//! A borrow that cannot be made again cannot cross a step.

use crate::errors::Errors;
use crate::model::Model;
use syn::Expr;

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in model.variables.iter().filter(|variable| variable.class.is_saved() && !variable.live_at.is_empty())
    {
        if !variable.init.as_ref().is_some_and(borrows) {
            continue;
        }
        let name = &variable.ident;
        let what = format!("`{name}` is a borrow that crosses a step");
        let why = "a borrow cannot be saved, and only a plain one (`&input.items`, of no `mut` variable) is made again";
        errors.push(name, &what, why, "own it: `.clone()`, `.to_owned()` or `.collect()`");
    }
}

/// A borrow for sure; what other calls give, only rustc knows.
fn borrows(init: &Expr) -> bool {
    const CALLS: [&str; 14] = [
        "as_ref",
        "as_deref",
        "as_slice",
        "as_str",
        "as_bytes",
        "iter",
        "chars",
        "bytes",
        "lines",
        "trim",
        "trim_start",
        "trim_end",
        "split_whitespace",
        "char_indices",
    ];
    match init {
        Expr::Reference(reference) => reference.mutability.is_none(),
        Expr::MethodCall(call) => call.args.is_empty() && CALLS.iter().any(|name| call.method == name),
        _ => false,
    }
}
