//! What is in the picture: the outline's nodes as boxes, labels as small boxes on their lines, and ends where they are reached.
//!
//! Drawn as it is, the graph would be a knot of lines to the one `failed`. So what only passes a failure on has a mark instead, and
//! each decision to end early leads to an end of its own.

use super::layout::Point;
use super::metrics::{self, Text};
use crate::model::outline::{Edge, EdgeKind, NodeKind, Outline};

/// A box.
pub(super) struct Figure {
    pub(super) shape: Shape,
    pub(super) texts: Vec<Text>,
    pub(super) size: Point,
    /// Can the run fail here?
    pub(super) fails: bool,
}

/// What a box is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Shape {
    Node(NodeKind),
    /// A text on a line.
    Label,
    /// Where the ways back to a loop's head meet, and turn.
    Turn,
}

/// A line between boxes, from the earlier to the later one.
pub(super) struct Line {
    pub(super) ends: (usize, usize),
    pub(super) kind: EdgeKind,
    pub(super) way: Way,
}

/// How a line is drawn.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Way {
    /// Down, to an arrow.
    Down,
    /// Down, and on from there.
    On,
    /// Up from a turn to a loop's head.
    Up,
}

/// All that is drawn.
#[derive(Default)]
pub(super) struct Scene {
    pub(super) figures: Vec<Figure>,
    pub(super) lines: Vec<Line>,
}

/// The scene of an outline: boxes stand in the order of the flow, each label behind the node that its line comes from.
pub(super) fn scene(outline: &Outline) -> Scene {
    let mut build = Build { outline, edges: merged(&outline.edges), scene: Scene::default(), waiting: Vec::new() };
    let mut placed = vec![None; outline.nodes.len()];
    let mut turns = vec![None; outline.nodes.len()];
    let shown: Vec<usize> = (0..outline.nodes.len()).filter(|node| build.is_shown(*node)).collect();
    for node in shown {
        let here = build.add(metrics::node(&outline.nodes[node]));
        placed[node] = Some(here);
        build.ways_from(node, here);
        for head in build.turning_behind(node) {
            turns[head] = Some(build.add(metrics::turn()));
        }
    }
    build.finish(&placed, &turns)
}

struct Build<'a> {
    outline: &'a Outline,
    edges: Vec<Edge>,
    scene: Scene,
    /// Lines whose end is not placed yet: where each begins, and its edge.
    waiting: Vec<(usize, Edge)>,
}

impl Build<'_> {
    fn add(&mut self, figure: Figure) -> usize {
        self.scene.figures.push(figure);
        self.scene.figures.len() - 1
    }

    fn line(&mut self, ends: (usize, usize), kind: EdgeKind, way: Way) {
        self.scene.lines.push(Line { ends, kind, way });
    }

    fn is_end(&self, node: usize) -> bool {
        matches!(self.outline.nodes[node].kind, NodeKind::Completed | NodeKind::Failed)
    }

    /// Does the edge lead to an end of its own?
    fn ends_early(&self, edge: &Edge) -> bool {
        self.is_end(edge.to) && matches!(edge.kind, EdgeKind::Exit | EdgeKind::Error)
    }

    /// An end that is reached early only has no box as such.
    fn is_shown(&self, node: usize) -> bool {
        !self.is_end(node) || self.edges.iter().any(|edge| edge.to == node && !self.ends_early(edge))
    }

    fn ways_from(&mut self, node: usize, here: usize) {
        let edges: Vec<Edge> = self.edges.iter().filter(|edge| edge.from == node).cloned().collect();
        for edge in edges {
            if only_passes_on(&edge, &self.outline.edges) {
                self.scene.figures[here].fails = true;
                continue;
            }
            let mut from = here;
            if !edge.label.is_empty() {
                from = self.add(metrics::label(&edge.label));
                self.line((here, from), edge.kind, Way::On);
            }
            if self.ends_early(&edge) {
                let end = self.add(metrics::node(&self.outline.nodes[edge.to]));
                self.line((from, end), edge.kind, Way::Down);
            } else {
                self.waiting.push((from, edge));
            }
        }
    }

    /// The heads that this node is the last to lead back to.
    fn turning_behind(&self, node: usize) -> Vec<usize> {
        let back = |edge: &&Edge| edge.to <= edge.from;
        let last =
            |head: usize| self.edges.iter().filter(back).filter(|edge| edge.to == head).map(|edge| edge.from).max();
        (0..=node).filter(|head| last(*head) == Some(node)).collect()
    }

    fn finish(mut self, placed: &[Option<usize>], turns: &[Option<usize>]) -> Scene {
        for (from, edge) in std::mem::take(&mut self.waiting) {
            let back = edge.to <= edge.from;
            match (if back { turns } else { placed })[edge.to] {
                Some(turn) if back => self.line((from, turn), edge.kind, Way::On),
                Some(node) => self.line((from, node), edge.kind, Way::Down),
                None => {}
            }
        }
        // The ways up are on the left of what they lead to.
        let up = placed.iter().zip(turns).filter_map(|(head, turn)| Some((head.as_ref()?, turn.as_ref()?)));
        let up = up.map(|(head, turn)| Line { ends: (*head, *turn), kind: EdgeKind::Loop, way: Way::Up });
        self.scene.lines.splice(0..0, up);
        self.scene
    }
}

/// One edge for all from the same node to the same other one, with all of their labels.
fn merged(edges: &[Edge]) -> Vec<Edge> {
    let mut merged: Vec<Edge> = Vec::new();
    for edge in edges {
        let same = |other: &&mut Edge| (other.from, other.to, other.kind) == (edge.from, edge.to, edge.kind);
        match merged.iter_mut().find(same) {
            Some(other) if edge.kind != EdgeKind::Error && !edge.label.is_empty() && !other.label.is_empty() => {
                other.label = format!("{} | {}", other.label, edge.label);
            }
            Some(other) if edge.kind != EdgeKind::Error => other.label.clear(),
            _ => merged.push(edge.clone()),
        }
    }
    merged
}

/// A failure on a way that is also gone without one; what has no label is of the node itself.
fn only_passes_on(edge: &Edge, all: &[Edge]) -> bool {
    let is_same = |other: &Edge| edge.label.is_empty() || other.label == edge.label;
    let goes_on = |other: &Edge| other.from == edge.from && other.kind != EdgeKind::Error && is_same(other);
    edge.kind == EdgeKind::Error && all.iter().any(goes_on)
}
