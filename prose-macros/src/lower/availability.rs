//! Availability: whether a point finds a variable of its scope saved, whatever path led there.
//!
//! Restoring loads what is in scope. A variable that is moved in one branch and lives in the other was perhaps
//! never saved on the path through the first; such a variable is saved where it is defined.

use super::graph::{Graph, Vars};
use super::liveness::Liveness;
use crate::model::{NodeId, VarId};

/// The variables, of `plain`, that some point would look for in vain.
///
/// `in_scope` has, for each point's node, the variables that restoring would load.
pub(crate) fn missing(graph: &Graph, live: &Liveness, plain: &Vars, in_scope: &[(NodeId, Vec<VarId>)]) -> Vars {
    let saved = saved_at(graph, live, plain);
    let looked_for = |(node, scope): &(NodeId, Vec<VarId>)| {
        let saved = &saved[node.0];
        scope
            .iter()
            .filter(|variable| plain.contains(variable) && !saved.contains(variable))
            .copied()
            .collect::<Vec<_>>()
    };
    in_scope.iter().flat_map(looked_for).collect()
}

/// For each node, what every path to and through it has saved. A point's commit saves what is live at its entrance.
fn saved_at(graph: &Graph, live: &Liveness, plain: &Vars) -> Vec<Vars> {
    let before = graph.before();
    // Optimistic at first, so that a loop's own way back does not count against it.
    let mut saved = vec![plain.clone(); graph.nodes.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for (id, node) in graph.iter() {
            let mut here = on_every_path(&before[id.0], &saved);
            here.retain(|variable| !node.defines.contains(variable));
            if node.point.is_some() {
                here.extend(live.at(id).intersection(plain));
            }
            changed |= here != saved[id.0];
            saved[id.0] = here;
        }
    }
    saved
}

fn on_every_path(before: &[NodeId], saved: &[Vars]) -> Vars {
    let mut paths = before.iter().map(|from| &saved[from.0]);
    let first = paths.next().cloned().unwrap_or_default();
    paths.fold(first, |all, path| all.intersection(path).copied().collect())
}
