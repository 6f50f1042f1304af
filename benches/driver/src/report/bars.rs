//! A chart of bars: one figure of each system.

use std::path::Path;

use plotters::prelude::*;

use super::paper::{INK, PAPER, colour, text};
use crate::Result;
use crate::results::{Figure, short};
use crate::system::System;

const WIDTH: u32 = 860;
const TOP: i32 = 58;
const ROW: i32 = 34;

/// Where the bars begin, and how long the longest is.
const LEFT: i32 = 170;
const LONGEST: f64 = 520.0;

/// A thin line in each bar shows the least and the greatest.
pub(super) fn draw(path: &Path, title: &str, bars: &[(&'static System, &Figure)]) -> Result<()> {
    let height = TOP + ROW * bars.len() as i32 + 16;
    let root = SVGBackend::new(path, (WIDTH, height as u32)).into_drawing_area();
    root.fill(&PAPER)?;
    root.draw(&Text::new(title.to_owned(), (16, 16), text(19)))?;
    let most = bars.iter().map(|(_, figure)| figure.max).fold(1e-9, f64::max);
    let x = |value: f64| LEFT + (value / most * LONGEST).round() as i32;
    for (place, (system, figure)) in bars.iter().enumerate() {
        let top = TOP + ROW * place as i32;
        let middle = top + ROW / 2 - 4;
        root.draw(&Text::new(system.name, (16, middle - 7), text(14)))?;
        root.draw(&Rectangle::new(
            [(LEFT, top), (x(figure.median).max(LEFT + 1), top + ROW - 10)],
            colour(system).filled(),
        ))?;
        root.draw(&PathElement::new([(x(figure.min), middle), (x(figure.max), middle)], INK.stroke_width(1)))?;
        let beside = x(figure.max.max(figure.median)) + 8;
        root.draw(&Text::new(short(figure.median), (beside, middle - 7), text(14)))?;
    }
    Ok(root.present()?)
}
