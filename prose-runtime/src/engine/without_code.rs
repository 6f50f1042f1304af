//! Ending a run that was cancelled, and that no code goes on with.

use std::sync::Arc;

use crate::machine::{Journal, Owner};
use crate::store::{Blocked, Checkpoint, Claim, ClaimRequest, ClaimedRun, Ending, RunKey, Store, StoreError};

/// Ends a run as cancelled, if nobody executes it and nothing is to be undone: no step of its own, and no run below it that has not ended. Else
/// it stays as it was `before`.
pub(super) async fn end(store: &Arc<dyn Store>, key: &RunKey, before: Checkpoint) -> Result<(), StoreError> {
    if !store.queue().below(key).await?.is_empty() {
        return Ok(());
    }
    let request = ClaimRequest { key: key.clone(), flow: before.flow_name, restart_failed: false };
    let Claim::Claimed(claimed) = store.claim(&request).await? else { return Ok(()) };
    let ClaimedRun { lease, state, .. } = *claimed;
    let folded = state.folded;
    let has_done_nothing = folded.compensable.is_empty() && folded.compensation.is_none();
    let step = folded.position.as_ref().map(|position| position.step.clone());
    // Dropping it gives the run back.
    let mut owner = Owner::claimed(Arc::clone(store), lease, Journal::resume(folded, None), None);
    match before.blocked {
        _ if has_done_nothing => owner.end(Ending::Cancelled { step }).await,
        Some(Blocked { step, reason }) => owner.end(Ending::Blocked { step, reason }).await,
        None => Ok(()),
    }
}
