//! Ending a run that was cancelled, and that no code goes on with.

use std::sync::Arc;

use crate::machine::{Journal, Owner};
use crate::store::code::Shape;
use crate::store::{Claim, ClaimRequest, ClaimedRun, Ending, Phase, Position, RunKey, Store, StoreError};

/// Kinds of points that have done nothing of their own until their commit says so. A transaction may have been committed in another database,
/// and a child may have ended, without the run knowing of it yet.
const TELL_ALL: [&str; 6] = ["validate", "step", "event", "each", "sleep", "signal"];

/// Ends a run as cancelled, if nobody executes it and nothing is to be undone: no step of its own, and no run below it that has not ended. Else
/// it is given back, and an engine says again whether its code fits.
pub(super) async fn end(store: &Arc<dyn Store>, key: &RunKey, flow: String) -> Result<(), StoreError> {
    if !store.queue().below(key).await?.is_empty() {
        return Ok(());
    }
    let request = ClaimRequest { key: key.clone(), flow, restart_failed: false };
    let Claim::Claimed(claimed) = store.claim(&request).await? else { return Ok(()) };
    let ClaimedRun { lease, state, .. } = *claimed;
    let written_by = state.written_by();
    let folded = state.folded;
    let has_nothing_to_undo = folded.compensable.is_empty() && folded.compensation.is_none();
    let position = folded.position.clone();
    // Dropping it gives the run back.
    let mut owner = Owner::claimed(Arc::clone(store), lease, Journal::resume(folded, None), None);
    if has_nothing_to_undo && tells_all(store, written_by, position.as_ref()).await? {
        owner.end(Ending::Cancelled { step: position.map(|position| position.step) }).await?;
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
