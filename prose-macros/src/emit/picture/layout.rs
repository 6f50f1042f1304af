//! Where things stand: `layout-rs` gives each member of the layers its place.

use super::layers::{Layers, layers};
use layout::adt::dag::NodeHandle;
use layout::core::base::Orientation;
use layout::core::format::Visible;
use layout::core::geometry::{Point as Xy, Position};
use layout::core::style::StyleAttr;
use layout::std_shapes::shapes::{Element, ShapeKind};
use layout::topo::layout::VisualGraph;
use layout::topo::placer::Placer;

/// A place or a size, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Where everything stands.
pub(super) struct Layout {
    /// The middle of each box.
    pub(super) boxes: Vec<Point>,
    /// The places that each line passes on its way down.
    pub(super) lines: Vec<Vec<Point>>,
    /// Of the whole.
    pub(super) size: Point,
}

/// How far boxes stand apart, sideways and from layer to layer.
const APART: Xy = Xy { x: 30.0, y: 26.0 };
/// What is left free around the whole.
const MARGIN: f64 = 8.0;

/// Places boxes of these sizes, and lines between them, each from an earlier box to a later one.
///
/// Of the crate, this is its placing (after Brandes and Köpf). Its own layering looks at each way through the graph, and a row of
/// `if`s has exponentially many.
pub(super) fn layout(sizes: &[Point], lines: &[(usize, usize)]) -> Layout {
    let Layers { rows, paths } = layers(sizes.len(), lines);
    let mut graph = VisualGraph::new(Orientation::TopToBottom);
    graph.dag.set_validate(false);
    sizes.iter().for_each(|size| _ = graph.add_node(element(*size)));
    (sizes.len()..rows.iter().map(Vec::len).sum()).for_each(|_| _ = graph.add_node(passage()));
    for hop in paths.iter().flat_map(|path| path.windows(2)) {
        graph.dag.add_edge(NodeHandle::new(hop[0]), NodeHandle::new(hop[1]));
    }
    *graph.dag.ranks_mut() = rows.into_iter().map(|row| row.into_iter().map(NodeHandle::new).collect()).collect();
    Placer::new(&mut graph).layout(false);
    let place = |member: &usize| {
        let Xy { x, y } = graph.pos(NodeHandle::new(*member)).center();
        Point { x, y }
    };
    let boxes = (0..sizes.len()).map(|member| place(&member)).collect();
    let lines = paths.iter().map(|path| path[1..path.len() - 1].iter().map(place).collect()).collect();
    fitted(sizes, boxes, lines)
}

fn element(size: Point) -> Element {
    let shape = ShapeKind::new_box("");
    let mut element = Element::create(shape, StyleAttr::simple(), Orientation::TopToBottom, Xy::zero());
    element.pos = Position::new(Xy::zero(), Xy::new(size.x, size.y), Xy::zero(), APART);
    element
}

/// Where a line passes.
fn passage() -> Element {
    let mut element = Element::empty_connector(Orientation::TopToBottom);
    element.resize();
    element
}

/// All of it, moved to the origin.
fn fitted(sizes: &[Point], mut boxes: Vec<Point>, mut lines: Vec<Vec<Point>>) -> Layout {
    let corners = |sign: f64| {
        let corner = move |(middle, size): (&Point, &Point)| Point {
            x: middle.x + sign * size.x / 2.0,
            y: middle.y + sign * size.y / 2.0,
        };
        boxes.iter().zip(sizes).map(corner).chain(lines.iter().flatten().copied()).collect::<Vec<_>>()
    };
    let outermost = |points: &[Point], better: fn(f64, f64) -> f64| Point {
        x: points.iter().map(|point| point.x).reduce(better).unwrap_or_default(),
        y: points.iter().map(|point| point.y).reduce(better).unwrap_or_default(),
    };
    let (first, last) = (outermost(&corners(-1.0), f64::min), outermost(&corners(1.0), f64::max));
    for point in boxes.iter_mut().chain(lines.iter_mut().flatten()) {
        *point = Point { x: point.x - first.x + MARGIN, y: point.y - first.y + MARGIN };
    }
    let size = Point { x: last.x - first.x + 2.0 * MARGIN, y: last.y - first.y + 2.0 * MARGIN };
    Layout { boxes, lines, size }
}
