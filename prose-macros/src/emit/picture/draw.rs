//! The SVG: shapes of the boxes, curves of the lines.
//!
//! Nothing in it depends on a theme: text is in the page's own colour, and the colours of kinds are of a middle tone, seen
//! on white as on black, over fills that are nearly transparent. It has no script, no style sheet and no reference to outside.

use super::layout::{Layout, Point};
use super::metrics::{self, POINTED, Text};
use super::scene::{Figure, Line, Scene, Shape, Way};
use crate::model::outline::{EdgeKind, NodeKind};
use std::fmt::Write;

/// Where text is read, and what it is read on: rustdoc's own colours, and what any other page has.
const INK: &str = "var(--main-color,currentColor)";
const PAPER: &str = "var(--main-background-color,transparent)";

/// A wide picture is shrunk to the page's width by so much at most; beyond, it is scrolled.
const SMALLEST: f64 = 0.85;
/// The height of the line below the picture.
const LEGEND: f64 = 20.0;

const GREY: &str = "#8a8f98";
const BLUE: &str = "#4a8fd4";
const GREEN: &str = "#3f9d63";
const RED: &str = "#e05e5a";
const VIOLET: &str = "#9a6fd0";
const ORANGE: &str = "#b87d24";
const TEAL: &str = "#2f9ea3";

/// The picture of a scene.
pub(super) fn svg(title: &str, scene: &Scene, mut layout: Layout) -> String {
    set_turns(scene, &mut layout);
    let layout = &layout;
    let mut svg = String::new();
    let fails = scene.figures.iter().any(|figure| figure.fails);
    let (width, height) = (layout.size.x.ceil(), layout.size.y.ceil() + if fails { LEGEND } else { 0.0 });
    let narrowest = (width * SMALLEST).ceil();
    put(
        &mut svg,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" style=\"max-width:100%;min-width:{narrowest}px;height:auto\" fill=\"none\" stroke-width=\"1.4\" text-anchor=\"middle\" \
             font-family=\"'Source Code Pro','DejaVu Sans Mono',Menlo,Consolas,monospace\">",
            escape(title)
        ),
    );
    for (line, between) in scene.lines.iter().zip(&layout.lines) {
        self::line(&mut svg, scene, layout, line, between);
    }
    for (figure, middle) in scene.figures.iter().zip(&layout.boxes) {
        self::figure(&mut svg, figure, *middle);
    }
    if fails {
        legend(&mut svg, layout.size.y + LEGEND / 2.0);
    }
    svg.push_str("</svg>");
    svg
}

fn put(svg: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _ = svg.write_fmt(text);
}

// Boxes

fn figure(svg: &mut String, figure: &Figure, middle: Point) {
    match figure.shape {
        Shape::Node(kind) => outline(svg, kind, figure.size, middle),
        Shape::Label => {
            let Point { x, y } = figure.size;
            let (left, top) = (middle.x - x / 2.0, middle.y - y / 2.0);
            put(
                svg,
                format_args!(
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{x:.1}\" height=\"{y:.1}\" fill=\"{PAPER}\"/>"
                ),
            );
        }
        Shape::Turn => return,
    }
    texts(svg, &figure.texts, middle);
    if figure.fails {
        mark(svg, Point { x: middle.x + figure.size.x / 2.0, y: middle.y - figure.size.y / 2.0 });
    }
}

fn colour(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Start => GREY,
        NodeKind::Completed => GREEN,
        NodeKind::Failed => RED,
        NodeKind::Validate => TEAL,
        NodeKind::Step | NodeKind::Parallel | NodeKind::Each | NodeKind::Child => BLUE,
        NodeKind::Transaction => VIOLET,
        NodeKind::Event => GREEN,
        NodeKind::Branch | NodeKind::Loop => ORANGE,
        NodeKind::Sleep | NodeKind::Signal => GREY,
    }
}

fn outline(svg: &mut String, kind: NodeKind, size: Point, middle: Point) {
    let colour = colour(kind);
    let (left, top) = (middle.x - size.x / 2.0, middle.y - size.y / 2.0);
    let paint = format!("fill=\"{colour}\" fill-opacity=\".13\" stroke=\"{colour}\"");
    match kind {
        NodeKind::Branch | NodeKind::Loop => {
            let (right, bottom) = (left + size.x, top + size.y);
            let (inner_left, inner_right) = (left + POINTED, right - POINTED);
            put(
                svg,
                format_args!(
                    "<path d=\"M{left:.1} {:.1}L{inner_left:.1} {top:.1}H{inner_right:.1}L{right:.1} {:.1}L{inner_right:.1} \
                     {bottom:.1}H{inner_left:.1}Z\" stroke-linejoin=\"round\" {paint}/>",
                    middle.y, middle.y
                ),
            );
        }
        _ => {
            let round = match kind {
                NodeKind::Start | NodeKind::Completed | NodeKind::Failed => size.y / 2.0,
                // Where the flow only waits.
                NodeKind::Sleep | NodeKind::Signal => 14.0,
                _ => 5.0,
            };
            let Point { x, y } = size;
            put(
                svg,
                format_args!(
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{x:.1}\" height=\"{y:.1}\" rx=\"{round:.1}\" {paint}/>"
                ),
            );
        }
    }
}

fn texts(svg: &mut String, texts: &[Text], middle: Point) {
    let height: f64 = texts.iter().map(Text::height).sum();
    let mut top = middle.y - height / 2.0;
    for Text { text, small } in texts {
        let (letter, line) =
            if *small { (metrics::SMALL_LETTER, metrics::SMALL_LINE) } else { (metrics::LETTER, metrics::LINE) };
        let opacity = if *small { " opacity=\".75\"" } else { "" };
        // Letters reach about a third of their height below the middle of their line.
        let base = top + line / 2.0 + letter * 0.35;
        let x = middle.x;
        put(
            svg,
            format_args!(
                "<text x=\"{x:.1}\" y=\"{base:.1}\" font-size=\"{letter}\" fill=\"{INK}\"{opacity}>{}</text>",
                escape(text)
            ),
        );
        top += line;
    }
}

/// What the mark means.
fn legend(svg: &mut String, middle: f64) {
    let (letter, base) = (metrics::SMALL_LETTER, middle + metrics::SMALL_LETTER * 0.35);
    mark(svg, Point { x: 16.0, y: middle });
    put(
        svg,
        format_args!(
            "<text x=\"28\" y=\"{base:.1}\" font-size=\"{letter}\" fill=\"{INK}\" opacity=\".75\" text-anchor=\"start\">can fail</text>"
        ),
    );
}

/// The mark of what can fail: a cross at the box's corner.
fn mark(svg: &mut String, corner: Point) {
    let Point { x, y } = corner;
    put(
        svg,
        format_args!(
            "<g stroke=\"{RED}\"><title>can fail</title><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\" fill=\"{PAPER}\"/>\
             <path d=\"M{:.1} {:.1}l5 5m0 -5l-5 5\"/></g>",
            x - 2.5,
            y - 2.5
        ),
    );
}

// Lines

/// How wide a line bends where it turns.
const BEND: f64 = 8.0;

fn line(svg: &mut String, scene: &Scene, layout: &Layout, line: &Line, between: &[Point]) {
    let place = |place: usize| Place { middle: layout.boxes[place], size: scene.figures[place].size };
    let ends = (place(line.ends.0), place(line.ends.1));
    let path = match line.way {
        Way::Up => up(&ends, between),
        Way::Down => down(&ends, between) + &arrow(ends.1.top(), Point { x: 0.0, y: 1.0 }),
        Way::On if scene.figures[line.ends.1].shape == Shape::Turn => {
            into_turn(ends.0.bottom(), between, ends.1.middle)
        }
        Way::On => down(&ends, between),
    };
    let is_failure = line.kind == EdgeKind::Error;
    let colour = if is_failure { RED } else { GREY };
    let dash = if is_failure { " stroke-dasharray=\"4 3\"" } else { "" };
    put(svg, format_args!("<path d=\"{path}\" stroke=\"{colour}\"{dash}/>"));
}

/// Where a box stands.
struct Place {
    middle: Point,
    size: Point,
}

impl Place {
    fn top(&self) -> Point {
        Point { x: self.middle.x, y: self.middle.y - self.size.y / 2.0 }
    }

    fn bottom(&self) -> Point {
        Point { x: self.middle.x, y: self.middle.y + self.size.y / 2.0 }
    }
}

/// From the bottom of a box to the top of a later one.
fn down((from, to): &(Place, Place), between: &[Point]) -> String {
    let start = from.bottom();
    format!("M{}{}", at(start), through(start, between.iter().copied().chain([to.top()])))
}

/// A turn stands below the line up that begins at it, and as high as what leads to it lets it: beside of it there may be tall boxes.
fn set_turns(scene: &Scene, layout: &mut Layout) {
    for turn in (0..scene.figures.len()).filter(|place| scene.figures[*place].shape == Shape::Turn) {
        let lines = || scene.lines.iter().zip(&layout.lines).filter(|(line, _)| line.ends.1 == turn);
        let above = lines().filter(|(line, _)| line.way == Way::On).map(|(line, between)| {
            let from = line.ends.0;
            between.last().map_or(layout.boxes[from].y + scene.figures[from].size.y / 2.0, |last| last.y)
        });
        let y = above.reduce(f64::max).map_or(layout.boxes[turn].y, |lowest| lowest + 2.0 * BEND);
        let up = lines().find(|(line, _)| line.way == Way::Up).and_then(|(_, between)| between.last());
        let x = up.map_or(layout.boxes[turn].x, |up| up.x);
        layout.boxes[turn] = Point { x, y: y.min(layout.boxes[turn].y) };
    }
}

/// Down, sideways to the turn, and upwards.
fn into_turn(start: Point, between: &[Point], turn: Point) -> String {
    let last = between.last().copied().unwrap_or(start);
    let path = format!("M{}{}", at(start), through(start, between.iter().copied()));
    let bend = BEND.min((last.x - turn.x).abs() / 2.0).copysign(last.x - turn.x);
    let up = turn.y - BEND;
    path + &format!("V{up:.1}Q{:.1} {:.1} {:.1} {:.1}", last.x, turn.y, last.x - bend, turn.y)
        + &format!("H{:.1}Q{} {:.1} {up:.1}", turn.x + bend, at(turn), turn.x)
}

/// From a turn back to a loop's head: in at its side, or at its bottom if the line comes from below it.
fn up((head, turn): &(Place, Place), between: &[Point]) -> String {
    let (Some(last), Some(first)) = (between.first().copied(), between.last().copied()) else { return String::new() };
    let start = Point { x: turn.middle.x, y: turn.middle.y - BEND };
    let mut path = format!("M{}{}", at(start), through(start, [first]));
    path += &through(first, between.iter().rev().skip(1).copied());
    let half = head.size.x / 2.0;
    let aside = last.x - head.middle.x;
    if aside.abs() > half + BEND {
        let end = Point { x: head.middle.x + half.copysign(aside), y: head.middle.y };
        let bend = BEND.min((last.x - end.x).abs());
        path += &format!(
            "V{:.1}Q{:.1} {:.1} {:.1} {:.1}",
            end.y + bend,
            last.x,
            end.y,
            last.x - bend.copysign(aside),
            end.y
        );
        path += &format!("H{:.1}", end.x);
        return path + &arrow(end, Point { x: -aside.signum(), y: 0.0 });
    }
    // Beside of what goes out at the middle.
    let inside = aside.abs().clamp(half.min(16.0), half - half.min(POINTED + 8.0)).copysign(aside);
    let end = Point { x: head.middle.x + inside, y: head.bottom().y };
    path += &through(last, [end]);
    path + &arrow(end, Point { x: 0.0, y: -1.0 })
}

/// From here, a curve through these places that is upright in each.
fn through(mut here: Point, places: impl IntoIterator<Item = Point>) -> String {
    let mut path = String::new();
    for next in places {
        let half = (here.y + next.y) / 2.0;
        path += &match (here.x - next.x).abs() < 0.5 {
            true => format!("L{}", at(next)),
            false => format!("C{:.1} {half:.1} {:.1} {half:.1} {}", here.x, next.x, at(next)),
        };
        here = next;
    }
    path
}

/// The head of an arrow that ends here, going this way.
fn arrow(end: Point, way: Point) -> String {
    let tail =
        |side: f64| Point { x: end.x - 6.0 * way.x + 4.0 * side * way.y, y: end.y - 6.0 * way.y + 4.0 * side * way.x };
    format!("M{}L{}L{}", at(tail(-1.0)), at(end), at(tail(1.0)))
}

fn at(point: Point) -> String {
    format!("{:.1} {:.1}", point.x, point.y)
}

/// Text in XML. Control characters have no place in it.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
