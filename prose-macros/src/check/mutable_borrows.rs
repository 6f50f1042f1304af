//! A `&mut` borrow cannot cross a step: what it points at is saved apart from it.

use crate::borrowing;
use crate::errors::Errors;
use crate::model::{Class, Model, Source, Taken, Variable};
use proc_macro2::Ident;

pub(super) fn check(model: &Model, errors: &mut Errors) {
    let crossing = model.variables.iter().filter(|variable| !variable.live_at.is_empty());
    for variable in crossing.filter(|variable| is_mutable_borrow(variable)) {
        let name = &variable.ident;
        let what = format!("`{name}` is a `&mut` borrow that crosses a step");
        let why = "a borrow cannot be saved, and making this one again could change what it points at";
        errors.push(name, &what, why, "change the owner itself, behind the step");
    }
    let handed_on = model.variables.iter().filter(|variable| variable.class == Class::Transient);
    for variable in handed_on.filter(|variable| is_mutable_borrow(variable)) {
        hidden_owner(model, variable, errors);
    }
}

/// What is changed by way of a borrow is saved as its owner, at the next point. Where that is hidden there, it would have to be saved while it
/// is borrowed.
fn hidden_owner(model: &Model, borrow: &Variable, errors: &mut Errors) {
    let owner = borrow.source.as_ref().and_then(|source| borrowing::owner(&source.expr));
    let is_hidden = |owner: &&Ident| model.variables.iter().any(|one| one.eager && one.ident == **owner);
    let Some(owner) = owner.filter(is_hidden) else { return };
    let what =
        format!("`{}` borrows from `{owner}`, which another variable of its name hides at the next step", borrow.ident);
    let why = format!("what changes `{owner}` is saved there, and nothing could name it");
    errors.push(&borrow.ident, &what, &why, "give the other variable another name");
}

/// For sure; of what other calls give, only rustc knows.
pub(super) fn is_mutable_borrow(variable: &Variable) -> bool {
    let of = |source: &Source| match source.taken {
        Taken::Whole | Taken::Out | Taken::OutOfErr => borrowing::is_mutable(&source.expr),
        Taken::Copied | Taken::Rest => false,
    };
    // `ref mut x`
    (variable.by_ref && variable.mutable) || variable.source.as_ref().is_some_and(of)
}
