//! What all charts have in common: the paper, so that they can be read on light and dark pages, and a colour for each system.

use plotters::prelude::*;

use crate::system::{Kind, System};

pub(super) const PAPER: RGBColor = RGBColor(252, 252, 250);
pub(super) const INK: RGBColor = RGBColor(40, 44, 52);
pub(super) const FAINT: RGBColor = RGBColor(222, 222, 216);
const FONT: &str = "sans-serif";

pub(super) fn text(size: u32) -> TextStyle<'static> {
    (FONT, size).into_font().color(&INK)
}

/// Ours stands out; peers have colours that people of all eyes tell apart; floors are grey.
pub(super) fn colour(system: &System) -> RGBColor {
    match (system.kind, system.name) {
        (Kind::Ours, "prose-memory") => RGBColor(120, 170, 225),
        (Kind::Ours, _) => RGBColor(0, 90, 181),
        (Kind::Peer, "duroxide") => RGBColor(204, 121, 167),
        (Kind::Peer, "cano") => RGBColor(0, 158, 115),
        (Kind::Peer, "dbos") => RGBColor(230, 159, 0),
        (Kind::Peer, _) => RGBColor(213, 94, 0),
        (Kind::Floor, "raw-log" | "postgres-unnest") => RGBColor(90, 90, 90),
        (Kind::Floor, "sqlite-insert" | "postgres-insert") => RGBColor(140, 140, 140),
        (Kind::Floor, "hand-grouped") => RGBColor(170, 150, 120),
        (Kind::Floor, _) => RGBColor(200, 185, 160),
    }
}
