//! Liveness: which variables are still needed, in front of a node and behind it.

use super::graph::{Graph, GraphNode, Vars};
use crate::model::NodeId;

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
}

/// Goes backwards until nothing changes: one round without loops, more with them.
pub(crate) fn analyse(graph: &Graph) -> Liveness {
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

/// A variable that the node itself defines is not needed from before.
fn in_front(node: &GraphNode, behind: &Vars) -> Vars {
    behind.union(&node.mentions).copied().filter(|variable| !node.defines.contains(variable)).collect()
}
