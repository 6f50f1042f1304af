//! Liveness: which variables are still needed, in front of a node and behind it.

use super::graph::{Graph, GraphNode, Vars};
use crate::model::{NodeId, VarId};

/// What is live in front of and behind each node.
pub(crate) struct Liveness {
    ahead: Vec<Vars>,
    behind: Vec<Vars>,
}

impl Liveness {
    /// Live where the node begins; of a point: at its entrance.
    pub(crate) fn at(&self, node: NodeId) -> &Vars {
        &self.ahead[node.0]
    }

    /// Live where the node ends.
    pub(crate) fn behind(&self, node: NodeId) -> &Vars {
        &self.behind[node.0]
    }

    /// Live where the node ends, and control goes on behind it: not what only a jump out of it needs.
    pub(crate) fn when_passed(&self, graph: &Graph, node: NodeId) -> Vars {
        let next = graph.nodes[node.0].next.iter().filter(|next| !graph.nodes[next.0].jump);
        next.flat_map(|next| self.at(*next).iter().copied()).collect()
    }
}

/// What is live in a graph.
///
/// A variable that is overwritten is not needed until then, so that it may be moved before. It is loaded there when the run goes on,
/// so it has to be one that some point saves; others count as needed.
pub(crate) fn of(graph: &mut Graph) -> Liveness {
    let live = analyse(graph);
    let points = graph.iter().filter(|(_, node)| node.point.is_some());
    let saved: Vars = points.flat_map(|(id, _)| live.at(id).iter().copied()).collect();
    graph.nodes.iter_mut().for_each(|node| node.overwrites.retain(|variable| saved.contains(variable)));
    analyse(graph)
}

/// Goes backwards until nothing changes: one round without loops, more with them.
fn analyse(graph: &Graph) -> Liveness {
    let size = graph.nodes.len();
    let mut live = Liveness { ahead: vec![Vars::new(); size], behind: vec![Vars::new(); size] };
    while round(graph, &mut live) {}
    live
}

fn round(graph: &Graph, live: &mut Liveness) -> bool {
    let mut changed = false;
    for (id, node) in graph.iter().rev() {
        let behind: Vars = node.next.iter().flat_map(|next| live.ahead[next.0].iter().copied()).collect();
        let ahead = in_front(node, &behind);
        changed |= ahead != live.ahead[id.0];
        live.ahead[id.0] = ahead;
        live.behind[id.0] = behind;
    }
    changed
}

/// A variable that the node itself defines or overwrites is not needed from before.
fn in_front(node: &GraphNode, behind: &Vars) -> Vars {
    let given = |variable: &VarId| node.defines.contains(variable) || node.overwrites.contains(variable);
    behind.union(&node.mentions).copied().filter(|variable| !given(variable)).collect()
}
