//! The rules, one file each; those on signatures and attributes are told where these are parsed. None emits anything.

mod awaits;
mod borrows;
mod cells;
mod changes;
mod compensations;
mod constants;
mod context;
mod drops;
mod duplicates;
mod ends;
mod guards;
mod iterables;
mod jumps;
mod keys;
mod local_macros;
mod mutable_borrows;
mod mutable_input;
mod signals;
mod values;
mod walk;

use crate::ast::Flow;
use crate::errors::Errors;
use crate::model::Model;

/// The rules on what the user wrote.
pub(crate) fn source(flow: &Flow, errors: &mut Errors) {
    mutable_input::check(flow, errors);
    duplicates::check(flow, errors);
    awaits::check(flow, errors);
    constants::check(flow, errors);
    signals::check(flow, errors);
    local_macros::check(flow, errors);
    keys::check(flow, errors);
    ends::check(flow, errors);
    jumps::check(flow, errors);
}

/// The rules on what lives where.
pub(crate) fn model(model: &Model, errors: &mut Errors) {
    // What is refused is no part of the model, nor is what it uses.
    let is_whole = errors.is_empty();
    changes::check(model, errors);
    compensations::check(model, errors);
    context::check(model, errors);
    guards::check(model, errors);
    if is_whole {
        drops::variables(model, errors);
    }
    drops::macros(model, errors);
    iterables::check(model, errors);
    mutable_borrows::check(model, errors);
    borrows::check(model, errors);
    cells::check(model, errors);
}
