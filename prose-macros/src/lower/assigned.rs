//! Assignments: which variables that were declared without a value have one, whatever path led here.

use super::graph::{Graph, Vars};

/// What of `deferred` is there and has its value in front of each node.
pub(crate) fn analyse(graph: &Graph, deferred: &Vars) -> Vec<Vars> {
    graph.forward_on_every_path(deferred, |_, node, ahead| &(ahead | &(&node.defines & deferred)) - &node.ends)
}
