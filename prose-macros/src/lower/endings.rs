//! Endings: which points come first behind a block that has ended, and so let its variables be forgotten.

use super::graph::{Graph, Vars};

/// For each node, what has ended on some path and was not yet forgotten.
pub(crate) fn analyse(graph: &Graph) -> Vec<Vars> {
    let before = graph.before();
    let mut behind = vec![Vars::new(); graph.nodes.len()];
    let mut ahead = behind.clone();
    let mut changed = true;
    while changed {
        changed = false;
        for (id, node) in graph.iter() {
            ahead[id.0] = before[id.0].iter().flat_map(|from| behind[from.0].iter().copied()).collect();
            let pending = if node.point.is_some() { Vars::new() } else { &ahead[id.0] | &node.ends };
            changed |= pending != behind[id.0];
            behind[id.0] = pending;
        }
    }
    ahead
}
