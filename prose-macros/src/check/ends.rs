//! A flow ends with its result. rustc would tell of a missing one amid all that is generated.

use crate::ast::{Flow, Stmt};
use crate::errors::Errors;

pub(super) fn check(flow: &Flow, errors: &mut Errors) {
    let (Some(_), Some(Stmt::Point(last))) = (&flow.head.output, flow.body.stmts.last()) else { return };
    let what = format!("the flow ends behind this `#[{}]`, without its result", last.attr);
    errors.push(
        &last.attr,
        &what,
        "a run ends with its result, which is saved for whoever asks for it later",
        "write it behind this one: `Ok(..)`",
    );
}
