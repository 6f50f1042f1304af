//! A `&mut` borrow cannot cross a step: what it points at is saved apart from it.

use crate::errors::Errors;
use crate::model::Model;
use syn::Expr;

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in model.variables.iter().filter(|variable| !variable.live_at.is_empty()) {
        if !variable.init.as_ref().is_some_and(borrows_mutably) {
            continue;
        }
        let name = &variable.ident;
        let what = format!("`{name}` is a `&mut` borrow that crosses a step");
        let why = "a borrow cannot be saved, and making this one again could change what it points at";
        errors.push(name, &what, why, "change the owner itself, behind the step");
    }
}

fn borrows_mutably(init: &Expr) -> bool {
    const CALLS: [&str; 6] = ["iter_mut", "as_mut", "as_deref_mut", "as_mut_slice", "get_mut", "last_mut"];
    match init {
        Expr::Reference(reference) => reference.mutability.is_some(),
        Expr::MethodCall(call) => CALLS.iter().any(|name| call.method == name),
        _ => false,
    }
}
