//! Turns: of this store's claims and creations of a run, one is on its way at a time. So what the database says of the run's
//! owner is never about a claim whose answer is still to come.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prose::store::RunKey;
use tokio::sync::OwnedMutexGuard;

/// Whose turn it is, run by run.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<RunKey, Arc<tokio::sync::Mutex<()>>>>);

impl Turns {
    /// Waits for the run's turn.
    pub(crate) async fn of(&self, key: &RunKey) -> Turn<'_> {
        let lock = Arc::clone(self.taking().entry(key.clone()).or_default());
        Turn { turns: self, key: key.clone(), guard: Some(lock.lock_owned().await) }
    }

    /// The run's turn, if nobody has it.
    pub(crate) fn try_of(&self, key: &RunKey) -> Option<Turn<'_>> {
        let lock = Arc::clone(self.taking().entry(key.clone()).or_default());
        let guard = lock.try_lock_owned().ok()?;
        Some(Turn { turns: self, key: key.clone(), guard: Some(guard) })
    }

    /// A panic cannot have left the map half-changed.
    fn taking(&self) -> MutexGuard<'_, HashMap<RunKey, Arc<tokio::sync::Mutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to claim or create a run in this process.
#[derive(Debug)]
pub(crate) struct Turn<'t> {
    turns: &'t Turns,
    key: RunKey,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for Turn<'_> {
    /// Forgets the lock when nobody else waits for it.
    fn drop(&mut self) {
        let mut taking = self.turns.taking();
        drop(self.guard.take());
        if taking.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            taking.remove(&self.key);
        }
    }
}
