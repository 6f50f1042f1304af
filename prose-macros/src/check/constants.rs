//! A variable is told from a constant by its name, as rustc's lints tell them: one in upper case would not be saved.

use super::walk::{Piece, pieces};
use crate::ast::Flow;
use crate::errors::Errors;
use crate::patterns::constants;
use proc_macro2::Ident;
use syn::{Pat, Stmt};

pub(super) fn check(flow: &Flow, errors: &mut Errors) {
    pieces(&flow.body, &mut |piece| match piece {
        // What may match otherwise, may well match a constant.
        Piece::Plain(Stmt::Local(local)) if local.init.as_ref().is_none_or(|init| init.diverge.is_none()) => {
            refuse(&local.pat, errors);
        }
        Piece::Point(point) => point.target.iter().for_each(|target| refuse(&target.pat, errors)),
        Piece::Plain(_) | Piece::Asked(_) => {}
    });
}

fn refuse(pat: &Pat, errors: &mut Errors) {
    // In camel case it is a unit struct.
    let in_upper_case = |name: &Ident| !name.to_string().contains(char::is_lowercase);
    for name in constants(pat).into_iter().filter(in_upper_case) {
        let what = format!("`{name}` is named like a constant");
        let why = "a variable that lives across a step is saved, a constant is not, and only the names tell them apart";
        let lower = name.to_string().to_lowercase();
        errors.push(
            &name,
            &what,
            why,
            &format!("write `let {lower} = ..;`; to compare with a constant: `if value == {name} {{ .. }}`"),
        );
    }
}
