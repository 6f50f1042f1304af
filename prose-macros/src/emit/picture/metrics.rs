//! How large texts and boxes are. All text is in a monospaced face, the one whose widths are known without its font.

use super::layout::Point;
use super::scene::{Figure, Shape};
use crate::model::outline::{Node, NodeKind};

/// A line of text.
pub(super) struct Text {
    pub(super) text: String,
    pub(super) small: bool,
}

/// The height of letters, and of a line of them.
pub(super) const LETTER: f64 = 12.5;
pub(super) const LINE: f64 = 17.0;
/// The same for the smaller lines.
pub(super) const SMALL_LETTER: f64 = 10.5;
pub(super) const SMALL_LINE: f64 = 14.0;
/// How wide a letter is for its height: the widest of the usual faces has 0.602.
const WIDTH: f64 = 0.605;
/// How much the two ends of a branch's box take.
pub(super) const POINTED: f64 = 12.0;
/// Longer lines are broken, or cut.
const LONGEST: usize = 34;
const LONGEST_LABEL: usize = 26;

impl Text {
    fn new(text: String, small: bool) -> Self {
        Self { text, small }
    }

    pub(super) fn height(&self) -> f64 {
        if self.small { SMALL_LINE } else { LINE }
    }

    fn width(&self) -> f64 {
        let letter = if self.small { SMALL_LETTER } else { LETTER };
        self.text.chars().map(|char| if is_wide(char) { 2.0 } else { 1.0 }).sum::<f64>() * WIDTH * letter
    }
}

/// Letters that take two places: those of East Asia, and pictures.
fn is_wide(letter: char) -> bool {
    matches!(letter, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ffe6}' | '\u{1f000}'..='\u{3ffff}')
}

/// The box of a node.
pub(super) fn node(node: &Node) -> Figure {
    let is_end = matches!(node.kind, NodeKind::Start | NodeKind::Completed | NodeKind::Failed);
    let is_question = matches!(node.kind, NodeKind::Branch | NodeKind::Loop);
    let mut texts: Vec<Text> = broken(&node.name, LONGEST).into_iter().map(|line| Text::new(line, false)).collect();
    if !is_end && !is_question {
        let kind = format!("{:?}", node.kind).to_lowercase();
        let options = node.options.iter().map(|(option, value)| format!("{option} {value}"));
        let about = std::iter::once(kind).chain(options).collect::<Vec<_>>().join(" · ");
        texts.extend(broken(&about, LONGEST + 6).into_iter().map(|line| Text::new(line, true)));
    }
    let ends = if is_question || is_end { POINTED } else { 0.0 };
    figure(Shape::Node(node.kind), texts, Point { x: 24.0 + 2.0 * ends, y: if is_end { 10.0 } else { 16.0 } })
}

/// A text on a line.
pub(super) fn label(label: &str) -> Figure {
    let texts = broken(label, LONGEST_LABEL).into_iter().map(|line| Text::new(line, true)).collect();
    figure(Shape::Label, texts, Point { x: 10.0, y: 2.0 })
}

/// Where the ways back to a loop's head turn.
pub(super) fn turn() -> Figure {
    figure(Shape::Turn, Vec::new(), Point { x: 1.0, y: 10.0 })
}

fn figure(shape: Shape, texts: Vec<Text>, around: Point) -> Figure {
    let width = texts.iter().map(Text::width).reduce(f64::max).unwrap_or_default();
    let height = texts.iter().map(Text::height).sum::<f64>();
    Figure { shape, texts, size: Point { x: width + around.x, y: height + around.y }, fails: false }
}

/// The text in lines of at most so many letters, broken at spaces; at most three lines.
fn broken(text: &str, longest: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= longest => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > 3 {
        lines.truncate(3);
        lines.iter_mut().skip(2).for_each(|line| line.push_str(" …"));
    }
    lines.into_iter().map(|line| cut(&line, longest)).collect()
}

fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest - 1).chain(['…']).collect()
}
