//! Who waits for the ends of runs: one question to the store for all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::store::{RunKey, Store, StoreError};

/// How often runs that other processes execute are looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// No sooner than this: of runs that end one behind the other, several are told by one look.
const AT_ONCE: Duration = Duration::from_millis(2);

/// So many are asked for at once.
const MOST: usize = 1_000;

/// The runs whose ends are waited for.
pub(super) struct Watch {
    store: Arc<dyn Store>,
    waiting: Mutex<Waiting>,
    /// Somebody waits for a run that may have ended before.
    asked: Notify,
}

#[derive(Default)]
struct Waiting {
    /// Dropped when the run has ended, which all who wait notice.
    runs: HashMap<RunKey, watch::Sender<()>>,
    /// Somebody looks.
    is_watched: bool,
}

impl Watch {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, waiting: Mutex::default(), asked: Notify::new() }
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Waits until the run has ended, or is not there.
    pub(super) async fn ended(self: &Arc<Self>, key: &RunKey) {
        let mut ended = {
            let mut waiting = self.waiting();
            let ended = waiting.runs.entry(key.clone()).or_default().subscribe();
            match std::mem::replace(&mut waiting.is_watched, true) {
                true => self.asked.notify_one(),
                false => drop(tokio::spawn(Arc::clone(self).look())),
            }
            ended
        };
        // An error is the end of the run.
        while ended.changed().await.is_ok() {}
    }

    async fn look(self: Arc<Self>) {
        let _looks = Looks(&self);
        let mut bell = self.store.queue().wakes().on_ended();
        let mut failures = 0_u32;
        loop {
            bell.mark_unchanged();
            let Some(keys) = self.keys() else { return };
            let began = Instant::now();
            failures = match self.tell(&keys).await {
                Ok(()) => 0,
                Err(error) => {
                    tracing::warn!(%error, "whether runs have ended cannot be told");
                    failures + 1
                }
            };
            // Looking takes no more than half of the time.
            tokio::time::sleep(began.elapsed().max(AT_ONCE)).await;
            let pause = LOOK_AGAIN.saturating_mul(1 << failures.min(6));
            tokio::select! {
                _ = bell.changed() => {}
                () = self.asked.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Those who wait for a run that has ended are told.
    async fn tell(&self, keys: &[RunKey]) -> Result<(), StoreError> {
        for some in keys.chunks(MOST) {
            let ended = self.store.queue().ended(some).await?;
            let mut waiting = self.waiting();
            for key in ended {
                waiting.runs.remove(&key);
            }
        }
        Ok(())
    }

    /// The runs that somebody still waits for; `None`: there are none, and nobody looks any more.
    fn keys(&self) -> Option<Vec<RunKey>> {
        let mut waiting = self.waiting();
        waiting.runs.retain(|_, ended| ended.receiver_count() > 0);
        waiting.is_watched = !waiting.runs.is_empty();
        waiting.is_watched.then(|| waiting.runs.keys().cloned().collect())
    }

    /// Each change is one call of a collection, so a poisoned lock is as good as any.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever looks may be dropped with its runtime: then the next one who waits looks.
struct Looks<'a>(&'a Watch);

impl Drop for Looks<'_> {
    fn drop(&mut self) {
        self.0.waiting().is_watched = false;
    }
}
