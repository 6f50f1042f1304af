//! A step cannot change a variable of the flow: half a change would outlive a retry and be lost in a crash.

use crate::errors::Errors;
use crate::model::Model;

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for point in &model.points {
        for variable in &point.changes {
            let what = format!("`{variable}` is changed inside of a step");
            let why = "a step may run more than once, and what it changes is not saved with it";
            let instead = format!("let the step give the new value, and write `{variable} = ..;` behind it");
            errors.push(variable, &what, why, &instead);
        }
    }
}
