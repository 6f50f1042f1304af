//! What is borrowed from the context is made again from the context of the process that goes on: nothing that a run relies on may come of it.

use crate::errors::Errors;
use crate::model::{Class, Model};

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in
        model.variables.iter().filter(|variable| variable.class == Class::View || !variable.live_at.is_empty())
    {
        let name = &variable.ident;
        if variable.is_ctx {
            let what = format!("`{name}` is the context under another name");
            let why =
                "a step has a context of its own, with its idempotency key, and knows it by the flow's name for it";
            errors.push(name, &what, why, "use the flow's own name in the step, or borrow what you need: `&ctx.deps`");
        }
        if variable.found_in_ctx && variable.class.is_saved() {
            let what = format!("`{name}` is what a pattern has found in `ctx`, and crosses a step");
            let why = "the process that goes on may have other dependencies, in which the pattern finds another value or none";
            errors.push(name, &what, why, "match a copy, which is saved: `let limit = ctx.deps.limit.clone();`");
        }
    }
}
