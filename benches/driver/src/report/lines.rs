//! A chart of lines, both axes logarithmic: how something grows.

use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use super::paper::{FAINT, INK, PAPER, colour, text};
use crate::Result;
use crate::results::short;
use crate::system::System;

/// A system's line; points in the order of x.
pub(super) type Series = (&'static System, Vec<(f64, f64)>);

const SIZE: (u32, u32) = (860, 500);

/// Room for the names, right of the lines.
const NAMES: u32 = 170;

pub(super) fn draw(path: &Path, title: &str, axes: (&str, &str), series: &[Series]) -> Result<()> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&PAPER)?;
    let points = || series.iter().flat_map(|(_, points)| points);
    let (x, y) = (range(points().map(|it| it.0), 1.0), range(points().map(|it| it.1), 1.4));
    let mut chart = ChartBuilder::on(&root)
        .caption(title, text(19))
        .margin(14)
        .margin_right(NAMES)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d(x.clone().log_scale(), y.clone().log_scale())?;
    chart
        .configure_mesh()
        .axis_style(INK)
        .bold_line_style(FAINT)
        .light_line_style(PAPER)
        .label_style(text(13))
        .x_desc(axes.0)
        .y_desc(axes.1)
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| short(*y))
        .draw()?;
    for (system, points) in series {
        let width = if system.name.starts_with("prose") { 4 } else { 2 };
        let style = colour(system).stroke_width(width);
        chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, width + 1, colour(system).filled())))?;
    }
    let heights = spread(series.iter().map(|(_, points)| {
        let last = points.last().copied().unwrap_or((x.end, y.start));
        chart.backend_coord(&(x.end, last.1)).1
    }));
    let right = SIZE.0 as i32 - NAMES as i32 + 8;
    for ((system, _), height) in series.iter().zip(heights) {
        root.draw(&Text::new(system.name, (right, height - 7), text(14).color(&colour(system))))?;
    }
    Ok(root.present()?)
}

/// With room on both sides.
fn range(values: impl Iterator<Item = f64>, room: f64) -> Range<f64> {
    let (least, most) = values.fold((f64::MAX, 1e-9_f64), |(least, most), it| (least.min(it), most.max(it)));
    least.max(1e-3) / room..most * room
}

/// Names stand at their lines' ends, but not on one another.
fn spread(heights: impl Iterator<Item = i32>) -> Vec<i32> {
    const APART: i32 = 17;
    let mut places: Vec<(usize, i32)> = heights.enumerate().collect();
    places.sort_by_key(|(_, height)| *height);
    for next in 1..places.len() {
        places[next].1 = places[next].1.max(places[next - 1].1 + APART);
    }
    places.sort_by_key(|(series, _)| *series);
    places.into_iter().map(|(_, height)| height).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_do_not_stand_on_one_another() {
        assert_eq!(super::spread([50, 10, 52].into_iter()), [50, 10, 67]);
    }
}
