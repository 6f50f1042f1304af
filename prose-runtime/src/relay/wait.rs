//! When a relay works, and when it waits.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::pass::{Carrier, Passed};
use crate::store::bell::Carried;

/// How often a relay looks for events of other processes, and whether the one that publishes is still there.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The pauses while the broker, or the store, does not answer.
fn pauses() -> impl Iterator<Item = Duration> + Send {
    let (shortest, longest) = (Duration::from_millis(100), Duration::from_secs(5));
    ExponentialBuilder::default().with_min_delay(shortest).with_max_delay(longest).without_max_times().build()
}

/// Publishes until it is told to stop.
pub(super) async fn serve(carrier: Carrier, stop: CancellationToken) {
    let Some(_turn) = stop.run_until_cancelled(carrier.store.outbox().bell().turn()).await else { return };
    let mut committed = carrier.store.outbox().bell().on_committed();
    let mut failing = pauses();
    while !stop.is_cancelled() {
        committed.mark_unchanged();
        let passed = pass(&carrier).await;
        let carried = Carried { is_down: passed.as_ref().is_none_or(|passed| passed.down.is_some()) };
        carrier.store.outbox().bell().events_are_carried(carried);
        let wait = async {
            match passed {
                Some(Passed { elsewhere: true, .. }) => tokio::time::sleep(LOOK_AGAIN).await,
                Some(Passed { down: None, more: true, .. }) => failing = pauses(),
                Some(Passed { down: None, more: false, .. }) => {
                    failing = pauses();
                    rung(&mut committed).await;
                }
                Some(Passed { published, .. }) => {
                    if published > 0 {
                        failing = pauses();
                    }
                    tokio::time::sleep(failing.next().unwrap_or(LOOK_AGAIN)).await;
                }
                None => tokio::time::sleep(failing.next().unwrap_or(LOOK_AGAIN)).await,
            }
        };
        stop.run_until_cancelled(wait).await;
    }
    carrier.store.outbox().step_down();
}

/// A pass; `None` if the store did not answer.
async fn pass(carrier: &Carrier) -> Option<Passed> {
    match carrier.pass().await {
        Ok(passed) => {
            if let Some(error) = &passed.down {
                tracing::warn!(error, "events wait, and are published when the broker answers");
            }
            Some(passed)
        }
        Err(error) => {
            tracing::warn!(%error, "events wait, and are published when the store answers");
            None
        }
    }
}

/// Waits for events that are committed here, and at most until it is time to look for those of others.
async fn rung(committed: &mut watch::Receiver<()>) {
    let _either_is_a_reason = tokio::time::timeout(LOOK_AGAIN, committed.changed()).await;
}
