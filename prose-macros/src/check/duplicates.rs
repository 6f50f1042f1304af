//! Two points of one flow cannot have the same name.

use super::walk::{Piece, pieces};
use crate::ast::{Flow, Kind, Point};
use crate::errors::Errors;
use std::collections::HashSet;

pub(super) fn check(flow: &Flow, errors: &mut Errors) {
    let mut seen = HashSet::new();
    pieces(&flow.body, &mut |piece| {
        let Piece::Point(point) = piece else { return };
        let Some(name) = &point.name else { return };
        if !seen.insert(name.text.clone()) {
            let what = format!("a second point is named `{}`", name.text);
            let why = "a point's name is its identity in a saved run";
            errors.push_at(name.span, &what, why, &instead(point));
        }
    });
}

fn instead(point: &Point) -> String {
    match &point.kind {
        Kind::Event { channel } => format!("name this one: `#[event(\"{}\", name = \"..\")]`", channel.value()),
        _ => format!("name this one: `#[{}(name = \"..\")]`", point.attr),
    }
}
