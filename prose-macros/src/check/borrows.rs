//! A borrow that cannot be made again cannot cross a step.

use super::mutable_borrows::is_mutable_borrow;
use crate::borrowing;
use crate::errors::Errors;
use crate::model::{Model, Variable};
use crate::views;
use syn::Type;

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in model.variables.iter().filter(|variable| variable.class.is_saved()) {
        let crosses = variable.output || !variable.live_at.is_empty();
        let declared = variable.by_ref || variable.ty.as_ref().is_some_and(borrowing::is_held_by);
        let told_elsewhere = variable.found_in_ctx || is_mutable_borrow(variable);
        let is_owned = variable.ty.as_ref().is_some_and(views::is_owned);
        let made = !is_owned
            && variable.source.as_ref().is_some_and(|it| borrowing::lends_shared(it) || borrowing::lends_text(it));
        if !crosses || told_elsewhere || !(declared || made) {
            continue;
        }
        let name = &variable.ident;
        if is_text(variable) {
            let what = format!("`{name}` is a borrow of the program's own text, and crosses a step");
            let why = "a borrow cannot be saved, and the run may go on in another program";
            errors.push(name, &what, why, "own it, as a `String`: `\"..\".to_owned()`");
            continue;
        }
        let what = format!("`{name}` is a borrow that crosses a step");
        let why = "a borrow cannot be saved, and only a plain one (`&input.items`, of no `mut` variable) is made again";
        errors.push(
            name,
            &what,
            why,
            "own it: `.clone()`, `.to_owned()`, of elements `.map(|it| it.to_owned()).collect()`",
        );
    }
}

/// A literal, or what is declared as `&'static ..`.
fn is_text(variable: &Variable) -> bool {
    let is_static = |ty: &Type| match ty {
        Type::Reference(borrow) => borrow.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static"),
        _ => false,
    };
    variable.ty.as_ref().is_some_and(is_static) || variable.init().is_some_and(borrowing::is_literal)
}
