//! Assignments: which variables that were declared without a value have one, whatever path led here; and which of them are loaded
//! when the run goes on.

use super::graph::{Graph, GraphNode, Vars};
use super::liveness::Liveness;
use crate::model::NodeId;

/// What of `deferred` is there and has its value in front of each node.
pub(crate) fn analyse(graph: &Graph, deferred: &Vars) -> Vec<Vars> {
    graph.forward_on_every_path(deferred, |_, node, ahead| &(ahead | &(&node.defines & deferred)) - &node.ends)
}

/// The same of what is loaded, if the run goes on from there: not what is no longer needed behind the stretch, or the control flow,
/// that gave it its value. It may have been moved by then. But what had a value in front of a stretch is loaded there.
pub(crate) fn loaded(graph: &Graph, deferred: &Vars, live: &Liveness) -> Vec<Vars> {
    let assigned = analyse(graph, deferred);
    let before = graph.before();
    graph.forward_on_every_path(deferred, |id, node, ahead| {
        let given = &inside(id, node, &assigned) | &(&(&node.defines & deferred) - ahead);
        let needed = live.when_passed(graph, id);
        let of_jump: Vars = match node.jump {
            // What the stretch gives that jumps.
            true => {
                before[id.0].iter().flat_map(|from| &(&graph.nodes[from.0].defines & deferred) & live.at(id)).collect()
            }
            false => Vars::new(),
        };
        let there = &(ahead | &of_jump) | &(&node.defines & deferred);
        &(&there - &(&given - &needed)) - &node.ends
    })
}

/// What gets its value inside of the control flow that ends at a node.
fn inside(id: NodeId, node: &GraphNode, assigned: &[Vars]) -> Vars {
    node.begins.map(|begins| &assigned[id.0] - &assigned[begins.0]).unwrap_or_default()
}
