//! Ending a run that was cancelled, and that no code goes on with.

use std::sync::Arc;

use super::Core;
use crate::machine::{Journal, Owner};
use crate::store::code::Shape;
use crate::store::{Claim, ClaimRequest, ClaimedRun, Ending, Phase, Position, RunKey, Store, StoreError};

/// Kinds of points that have done nothing of their own until their commit says so. A transaction may have been committed in another database,
/// and a child may have ended, without the run knowing of it yet.
const TELL_ALL: [&str; 6] = ["validate", "step", "event", "each", "sleep", "signal"];

/// Ends a run as cancelled, if nobody executes it and nothing is to be undone: no step of its own, and no run below it that has not ended. If this
/// engine's code has the compensations for all its steps, its undoing begins, for which where it stands does not matter. Else it is given back,
/// and an engine says again whether its code fits.
pub(super) async fn end(core: &Core, key: &RunKey, flow: String) -> Result<(), StoreError> {
    let store = &core.store;
    let registered = core.flows.get(&flow).cloned();
    if !store.queue().below(key).await?.is_empty() {
        return Ok(());
    }
    let request = ClaimRequest { key: key.clone(), flow, restart_failed: false };
    let Claim::Claimed(claimed) = store.claim(&request).await? else { return Ok(()) };
    let ClaimedRun { lease, state, .. } = *claimed;
    let written_by = state.written_by();
    let folded = state.folded;
    let is_being_undone = folded.compensation.is_some();
    let has_nothing_to_undo = folded.compensable.is_empty();
    let can_undo = registered.is_some_and(|flow| folded.compensable.iter().all(|step| flow.meta.can_undo(step)));
    let position = folded.position.clone();
    // Dropping it gives the run back.
    let mut owner = Owner::claimed(Arc::clone(store), lease, Journal::resume(folded, None), None);
    let can_end = !is_being_undone && (has_nothing_to_undo || can_undo);
    if can_end && tells_all(store, written_by, position.as_ref()).await? {
        let ending = Ending::Cancelled { step: position.map(|position| position.step) };
        match has_nothing_to_undo {
            true => owner.end(ending).await?,
            false => owner.turn_back(ending).await?,
        }
    }
    Ok(())
}

/// Whether what the run has done is known from its commits alone.
async fn tells_all(store: &Arc<dyn Store>, written_by: u64, position: Option<&Position>) -> Result<bool, StoreError> {
    let Some(position) = position.filter(|position| position.phase == Phase::Entered) else { return Ok(true) };
    let shape = Shape::kept(&**store, written_by).await?;
    let point = shape.and_then(|shape| shape.points.into_iter().find(|point| point.name == position.step));
    Ok(point.is_some_and(|point| TELL_ALL.contains(&point.kind.as_str())))
}
