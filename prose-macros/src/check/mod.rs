//! The rules: one file each. None of them emits anything.

use crate::ast::Flow;
use crate::errors::Errors;
use crate::model::Model;

/// The rules on what the user wrote.
pub(crate) fn source(flow: &Flow, errors: &mut Errors) {
    let _ = (flow, errors);
}

/// The rules on what lives where.
pub(crate) fn model(model: &Model, errors: &mut Errors) {
    let _ = (model, errors);
}
