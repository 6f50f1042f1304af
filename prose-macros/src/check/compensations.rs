//! A compensation sees its own step's output, `ctx` and the flow's input, and changes none of them: the rest of the flow is over
//! when it runs.

use crate::errors::Errors;
use crate::model::Model;

pub(super) fn check(model: &Model, errors: &mut Errors) {
    let compensations = model.points.iter().filter_map(|point| point.compensation.as_ref().map(|it| (point, it)));
    for (point, compensation) in compensations {
        for variable in &compensation.foreign {
            let what =
                format!("`{variable}` is no part of what step `{}` has left for its compensation", point.name.text);
            let why = "it runs when the flow is over, from the record of its own step: its output, `ctx` and the flow's input";
            let instead =
                format!("make `{variable}` a part of the step's output: `let (receipt, {variable}): (.., ..) = ..`");
            errors.push(variable, &what, why, &instead);
        }
        for variable in &compensation.changes {
            let what = format!("`{variable}` is changed inside of a compensation");
            let why = "a compensation may run more than once, each time from what its step has left";
            let instead = format!("change a copy: `let mut copy = {variable}.clone();`");
            errors.push(variable, &what, why, &instead);
        }
    }
}
