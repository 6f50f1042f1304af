//! Dirtiness: which variables may differ from what was last saved, so that the next commit must write them.

use super::graph::{Graph, GraphNode, Vars};
use super::liveness::Liveness;
use crate::model::VarId;

/// What the pass has to know of the variables.
pub(crate) struct Facts<'a> {
    /// Plain variables that become part of a checkpoint when they are live.
    pub(crate) saved: &'a Vars,
    /// Those that a mention may change.
    pub(crate) mutable: &'a Vars,
    /// Those that their definition itself saves: at once, or as a point's output.
    pub(crate) saved_by_definition: &'a Vars,
}

/// What may be dirty in front of each node.
pub(crate) fn analyse(graph: &Graph, live: &Liveness, facts: &Facts<'_>) -> Vec<Vars> {
    graph.forward(|id, node, ahead| {
        let mut dirty = ahead.clone();
        if node.point.is_some() {
            dirty.retain(|variable| !live.at(id).contains(variable));
        }
        dirty.extend(made_dirty(node, facts));
        dirty
    })
}

/// A plain definition, and any mention of a `mut` variable outside of a body, which cannot change one.
fn made_dirty(node: &GraphNode, facts: &Facts<'_>) -> Vec<VarId> {
    let defined = node.defines.iter().filter(|variable| !facts.saved_by_definition.contains(variable));
    let changes = |variable: &&VarId| node.point.is_none() && changed_by(node, **variable, facts);
    let mentioned = node.named.iter().filter(changes);
    defined.chain(mentioned).filter(|variable| facts.saved.contains(variable)).copied().collect()
}

/// A stretch that defines a variable saves it when it is done with it.
fn changed_by(node: &GraphNode, variable: VarId, facts: &Facts<'_>) -> bool {
    facts.mutable.contains(&variable) && !node.defines.contains(&variable)
}
