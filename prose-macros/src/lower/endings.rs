//! Endings: which points come first behind a block that has ended, and so let its variables be forgotten.

use super::graph::{Graph, Vars};

/// For each node, what has ended on some path, was not yet forgotten, and is not there anew (in the next turn of a loop).
pub(crate) fn analyse(graph: &Graph) -> Vec<Vars> {
    graph.forward(
        |_, node, ahead| {
            if node.point.is_some() { Vars::new() } else { &(ahead | &node.ends) - &node.defines }
        },
    )
}
