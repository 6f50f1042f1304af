//! When a relay works, and when it waits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::pass::{Carrier, Passed};
use crate::store::Store;
use crate::store::bell::Carried;

/// How often a relay looks for events of other processes, and whether the one that publishes is still there.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The pauses while a broker, or the store, does not answer.
fn pauses() -> ExponentialBackoff {
    let (shortest, longest) = (Duration::from_millis(100), Duration::from_secs(5));
    ExponentialBuilder::default().with_min_delay(shortest).with_max_delay(longest).without_max_times().build()
}

/// The channels whose broker does not answer, and when each is tried again.
#[derive(Default)]
struct Down(HashMap<String, (ExponentialBackoff, Instant)>);

impl Down {
    /// Those that are not to be tried yet.
    fn now(&self) -> Vec<String> {
        let now = Instant::now();
        self.0.iter().filter(|(_, (_, again))| *again > now).map(|(channel, _)| channel.clone()).collect()
    }

    fn note(&mut self, passed: &Passed) {
        for channel in &passed.up {
            self.0.remove(channel);
        }
        for (channel, error) in &passed.down {
            tracing::warn!(channel, error, "events wait, and are published when the broker answers");
            let (pauses, again) = self.0.entry(channel.clone()).or_insert_with(|| (pauses(), Instant::now()));
            *again = Instant::now() + pauses.next().unwrap_or(LOOK_AGAIN);
        }
    }

    /// When the next one is to be tried.
    fn next(&self) -> Option<Instant> {
        let now = Instant::now();
        self.0.values().map(|(_, again)| *again).filter(|again| *again > now).min()
    }
}

/// A relay that works: dropped with the relay's task, however that ends.
struct Leading<'a>(&'a dyn Store);

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        self.0.outbox().step_down();
    }
}

/// A relay that stays, counted until its task ends.
pub(super) struct Staying(Arc<dyn Store>);

impl Staying {
    pub(super) fn begin(store: &Arc<dyn Store>) -> Self {
        store.outbox().bell().relay_begins();
        Self(Arc::clone(store))
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        self.0.outbox().bell().relay_ends();
    }
}

/// Publishes until it is told to stop.
pub(super) async fn serve(carrier: Carrier, stop: CancellationToken, _staying: Option<Staying>) {
    let Some(_turn) = stop.run_until_cancelled(carrier.store.outbox().bell().turn()).await else { return };
    let _leading = Leading(&*carrier.store);
    let bell = carrier.store.outbox().bell();
    let mut committed = bell.on_committed();
    let (mut down, mut store_is_down) = (Down::default(), pauses());
    while !stop.is_cancelled() {
        committed.mark_unchanged();
        let pause = match carrier.pass(down.now(), &stop).await {
            Ok(Passed { elsewhere: true, .. }) => LOOK_AGAIN,
            Ok(passed) => {
                store_is_down = pauses();
                down.note(&passed);
                bell.events_are_carried(Carried { is_down: !down.0.is_empty() });
                // What is down is not asked for next time.
                if passed.more {
                    continue;
                }
                let look = Instant::now() + LOOK_AGAIN;
                stop.run_until_cancelled(rung(&mut committed, down.next().map_or(look, |next| next.min(look)))).await;
                continue;
            }
            Err(error) => {
                tracing::warn!(%error, "events wait, and are published when the store answers");
                bell.events_are_carried(Carried { is_down: true });
                store_is_down.next().unwrap_or(LOOK_AGAIN)
            }
        };
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
}

/// Waits for events that are committed here, and at most until then.
async fn rung(committed: &mut watch::Receiver<()>, until: Instant) {
    let _either_is_a_reason = tokio::time::timeout_at(until, committed.changed()).await;
}
