//! Is what ran a way through the flow's graph?

use prose::graph::{Graph, NodeKind};
use std::collections::HashSet;

/// Does the graph have a way along these points, and no other, to this end (`None`: they are where the run was stopped)? An `#[each]` may be passed: it may have nothing to go over. The
/// elements of a `#[parallel]` come in any order, all of them.
pub(crate) fn is_way(graph: &Graph, points: &[String], end: Option<NodeKind>) -> bool {
    let mut here = HashSet::from([Place { last: vec![0], left: Vec::new() }]);
    for point in points {
        here = here.iter().flat_map(|place| place.behind(graph, point)).collect();
    }
    let Some(end) = end else { return !here.is_empty() };
    let is_at_end = |place: &Place| {
        place.left.is_empty() && reached(graph, &place.last).iter().any(|node| graph.nodes[*node].kind == end)
    };
    here.iter().any(is_at_end)
}

/// Where a run stands.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place {
    /// The point that ran last; several where they run at once.
    last: Vec<usize>,
    /// What is still to run beside them.
    left: Vec<usize>,
}

impl Place {
    /// Where it may stand when this point has run.
    fn behind(&self, graph: &Graph, point: &str) -> Vec<Place> {
        let is_named = |node: &usize| graph.nodes[*node].name == point;
        if !self.left.is_empty() {
            return among(&self.last, &self.left, is_named);
        }
        let next = reached(graph, &self.last).into_iter();
        next.flat_map(|node| match graph.nodes[node].kind {
            NodeKind::Parallel => among(&[], &behind(graph, node).collect::<Vec<_>>(), is_named),
            _ if is_named(&node) => vec![Place { last: vec![node], left: Vec::new() }],
            _ => Vec::new(),
        })
        .collect()
    }
}

/// One of several that run at once has run.
fn among(last: &[usize], left: &[usize], is_it: impl Fn(&usize) -> bool) -> Vec<Place> {
    let ran = left.iter().filter(|node| is_it(node));
    ran.map(|ran| Place {
        last: last.iter().chain([ran]).copied().collect(),
        left: left.iter().filter(|node| *node != ran).copied().collect(),
    })
    .collect()
}

/// The points and ends that come next, past branches and loops.
fn reached(graph: &Graph, from: &[usize]) -> HashSet<usize> {
    let is_asked = |node: usize| matches!(graph.nodes[node].kind, NodeKind::Branch | NodeKind::Loop);
    let mut met = HashSet::new();
    let mut to_do = from.to_vec();
    while let Some(node) = to_do.pop() {
        for next in behind(graph, node) {
            if met.insert(next) && (is_asked(next) || graph.nodes[next].kind == NodeKind::Each) {
                to_do.push(next);
            }
        }
    }
    met.into_iter().filter(|node| !is_asked(*node)).collect()
}

fn behind(graph: &Graph, node: usize) -> impl Iterator<Item = usize> {
    graph.edges.iter().filter(move |edge| edge.from == node).map(|edge| edge.to)
}
