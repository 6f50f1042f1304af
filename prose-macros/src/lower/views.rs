//! Views: the borrows that are made again when the run goes on, instead of being saved.

use super::build::Draft;
use super::liveness::Liveness;
use crate::model::VarId;
use std::collections::BTreeSet;

/// The variables that have to be views: they live at a point, or another stretch needs them, to which a borrow cannot
/// be handed on together with what it borrows.
pub(crate) fn needed(draft: &Draft, live: &Liveness) -> BTreeSet<VarId> {
    let points = draft.graph.iter().filter(|(_, node)| node.point.is_some());
    let mut needed: BTreeSet<VarId> = points.flat_map(|(id, _)| live.at(id).iter().copied()).collect();
    needed.extend(draft.graph.mentioned_elsewhere());
    let wanted = draft.candidates.iter().filter(|bindings| bindings.iter().any(|one| needed.contains(one)));
    wanted.flatten().copied().collect()
}
