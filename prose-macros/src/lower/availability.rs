//! Availability: whether a point finds a variable of its scope saved, whatever path led there.
//!
//! Restoring loads what is in scope. A variable that is moved in one branch and lives in the other was perhaps
//! never saved on the path through the first; such a variable is saved where it is defined.

use super::graph::{Graph, GraphNode, Vars};
use super::liveness::Liveness;
use crate::model::{NodeId, VarId};

/// The variables, of `plain`, that some point would look for in vain.
///
/// `in_scope` has, for each point's node, the variables that restoring would load.
pub(crate) fn missing(graph: &Graph, live: &Liveness, plain: &Vars, in_scope: &[(NodeId, Vec<VarId>)]) -> Vars {
    let saved = graph.forward_on_every_path(plain, |id, node, ahead| {
        let mut saved = ahead - &node.defines;
        saved.extend(committed(id, node, live, plain));
        saved
    });
    let looked_for = |(id, scope): &(NodeId, Vec<VarId>)| {
        let found = &saved[id.0] | &committed(*id, &graph.nodes[id.0], live, plain);
        scope.iter().filter(|one| plain.contains(one) && !found.contains(one)).copied().collect::<Vec<_>>()
    };
    in_scope.iter().flat_map(looked_for).collect()
}

/// A point's commit saves what is live at its entrance.
fn committed(id: NodeId, node: &GraphNode, live: &Liveness, plain: &Vars) -> Vars {
    if node.point.is_some() { live.at(id) & plain } else { Vars::new() }
}
