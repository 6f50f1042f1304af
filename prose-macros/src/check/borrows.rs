//! A borrow that cannot be made again cannot cross a step.

use crate::errors::Errors;
use crate::model::Model;
use syn::Expr;

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in model.variables.iter().filter(|variable| variable.class.is_saved() && !variable.live_at.is_empty())
    {
        let Some(Expr::Reference(borrow)) = &variable.init else { continue };
        if borrow.mutability.is_some() {
            continue;
        }
        let name = &variable.ident;
        let what = format!("`{name}` is a borrow that crosses a step");
        let why = "a borrow cannot be saved, and this one cannot be made again for sure: it is no plain field of the \
                   input or of a variable without `mut`";
        errors.push(name, &what, why, "own it: `.clone()`");
    }
}
