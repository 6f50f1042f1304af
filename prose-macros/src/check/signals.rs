//! Two signals of one flow cannot be sent by fns of one name.

use super::walk::{Piece, pieces};
use crate::ast::Flow;
use crate::errors::Errors;
use crate::names;
use std::collections::HashMap;

pub(super) fn check(flow: &Flow, errors: &mut Errors) {
    let mut seen: HashMap<String, String> = HashMap::new();
    pieces(&flow.body, &mut |piece| {
        let Piece::Point(point) = piece else { return };
        let Some(name) = point.name.as_ref().filter(|_| point.kind.is_signal()) else { return };
        let function = names::signal(&name.text, name.span).to_string();
        match seen.get(&function).filter(|first| **first != name.text) {
            Some(first) => {
                let what = format!("the signals `{first}` and `{}` would be sent by one fn", name.text);
                let why = format!("each has one in the flow's module: `signals::{function}(..)`");
                errors.push_at(name.span, &what, &why, "name this one otherwise: `#[signal(name = \"..\")]`");
            }
            None => drop(seen.insert(function, name.text.clone())),
        }
    });
}
