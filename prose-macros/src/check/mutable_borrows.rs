//! A `&mut` borrow cannot cross a step: what it points at is saved apart from it.

use crate::borrowing;
use crate::errors::Errors;
use crate::model::{Class, Model, VarId, Variable};
use crate::views;

pub(super) fn check(model: &Model, errors: &mut Errors) {
    let crossing = model.variables.iter().filter(|variable| !variable.live_at.is_empty());
    for variable in crossing.filter(|variable| is_mutable_borrow(variable)) {
        let name = &variable.ident;
        let what = format!("`{name}` is a `&mut` borrow that crosses a step");
        let why = "a borrow cannot be saved, and making this one again could change what it points at";
        errors.push(name, &what, why, "change the owner itself, behind the step");
    }
    (0..model.variables.len()).for_each(|number| lent_on(model, VarId(number), errors));
    let handed_on = model.variables.iter().filter(|variable| variable.class == Class::Transient);
    for variable in handed_on.filter(|variable| is_mutable_borrow(variable)) {
        hidden_owner(model, variable, errors);
    }
}

/// What lends is saved, to be there where the borrow is needed, and this one cannot be.
fn lent_on(model: &Model, owner: VarId, errors: &mut Errors) {
    let variable = model.variable(owner);
    let lends = model.variables.iter().any(|borrow| borrow.lender == Some(owner));
    if lends && variable.class.is_saved() && variable.live_at.is_empty() && is_mutable_borrow(variable) {
        let what =
            format!("`{}` is a `&mut` borrow from which another one borrows, in front of a step", variable.ident);
        let why = "what is borrowed from there has to be saved, and a borrow cannot be";
        errors.push(&variable.ident, &what, why, "borrow from the owner itself each time");
    }
}

/// What is changed by way of a borrow is saved as its owner, at the next point. Where that is hidden there, it would have to be saved while it
/// is borrowed.
fn hidden_owner(model: &Model, borrow: &Variable, errors: &mut Errors) {
    let Some(owner) = borrow.lender.map(|owner| model.variable(owner)).filter(|owner| owner.eager) else { return };
    let owner = &owner.ident;
    let what =
        format!("`{}` borrows from `{owner}`, which another variable of its name hides at the next step", borrow.ident);
    let why = format!("what changes `{owner}` is saved there, and nothing could name it");
    errors.push(&borrow.ident, &what, &why, "give the other variable another name");
}

/// For sure; of what other calls give, only rustc knows.
pub(super) fn is_mutable_borrow(variable: &Variable) -> bool {
    let is_owned = variable.ty.as_ref().is_some_and(views::is_owned);
    // `ref mut x`
    let by_ref = variable.by_ref && variable.mutable;
    by_ref || (!is_owned && variable.source.as_ref().is_some_and(borrowing::lends_mutably))
}
