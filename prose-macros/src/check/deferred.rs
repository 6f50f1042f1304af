//! A variable that is declared without a value must get it before the next point.

use crate::errors::Errors;
use crate::model::{Class, Model};

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in model.variables.iter().filter(|variable| variable.deferred && variable.class != Class::Local) {
        let name = &variable.ident;
        let what = format!("`{name}` is declared without a value, and needed behind a step");
        let why = "whether it has its value yet would have to be saved too";
        let instead = format!("give it its value at once: `let {name} = if .. {{ .. }} else {{ .. }};`");
        errors.push(name, &what, why, &instead);
    }
}
