//! Which runs this store executes right now, and who waits for their end.
//!
//! In the database a run's owner is an instance; whether the instance still executes the run, only its memory knows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prose::store::{Lease, RunKey};
use tokio::sync::{OwnedMutexGuard, watch};

use crate::load::Log;

/// The runs that this store executes.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    holds: Mutex<HashMap<RunKey, Hold>>,
    taking: Mutex<HashMap<RunKey, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Debug)]
struct Hold {
    row: i64,
    epoch: u64,
    log: Log,
    /// Dropped with the hold, which wakes all who wait.
    ended: watch::Sender<()>,
}

/// A run is folded when its log is as long as what it folds into, so that folding costs no more than appending; and
/// before it has so many rows that reading them is slow.
const FOLD_FROM: usize = 64;
const FOLD_AT_LAST: u64 = 1_024;
/// To read a row takes about as long as to read so many bytes of a fold. A long fold may wait for more rows: else a state that
/// grows, as by the elements of a fan-out, would be written again and again.
const ROW: usize = 128;

impl Holds {
    /// A panic cannot have left a hold half-made.
    fn holds(&self) -> MutexGuard<'_, HashMap<RunKey, Hold>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, lease: &Lease) {
        let hold = Hold { row: lease.row, epoch: lease.epoch, log: Log::default(), ended: watch::Sender::new(()) };
        self.holds().insert(lease.key.clone(), hold);
    }

    /// Whether there was one to remove.
    pub(crate) fn remove(&self, lease: &Lease) -> bool {
        let mut holds = self.holds();
        let held = holds.get(&lease.key).is_some_and(|hold| hold.is(lease));
        if held {
            holds.remove(&lease.key);
        }
        held
    }

    pub(crate) fn contains(&self, key: &RunKey, epoch: u64) -> bool {
        self.holds().get(key).is_some_and(|hold| hold.epoch == epoch)
    }

    /// The turn of a run: of this store's claims and creations of it, one is on its way at a time. So what the database says
    /// of its owner is never about a claim whose answer is still to come.
    pub(crate) async fn turn(&self, key: &RunKey) -> Turn<'_> {
        let lock = Arc::clone(self.taking().entry(key.clone()).or_default());
        Turn { holds: self, key: key.clone(), guard: Some(lock.lock_owned().await) }
    }

    /// As with the holds.
    fn taking(&self) -> MutexGuard<'_, HashMap<RunKey, Arc<tokio::sync::Mutex<()>>>> {
        self.taking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of the end of the hold; `None` if there is no such hold.
    pub(crate) fn watch(&self, key: &RunKey, epoch: u64) -> Option<watch::Receiver<()>> {
        self.holds().get(key).filter(|hold| hold.epoch == epoch).map(|hold| hold.ended.subscribe())
    }

    /// Notes how long the log is, once it was read or folded.
    pub(crate) fn set_log(&self, lease: &Lease, log: Log) {
        if let Some(hold) = self.holds().get_mut(&lease.key).filter(|hold| hold.is(lease)) {
            hold.log = log;
        }
    }

    /// Counts a commit in; whether it is time to fold.
    pub(crate) fn count(&self, lease: &Lease, bytes: usize) -> bool {
        let mut holds = self.holds();
        let Some(hold) = holds.get_mut(&lease.key).filter(|hold| hold.is(lease)) else { return false };
        hold.log.commits += 1;
        hold.log.bytes += bytes;
        hold.log.is_due()
    }
}

/// The right to claim or create a run in this process.
#[derive(Debug)]
pub(crate) struct Turn<'h> {
    holds: &'h Holds,
    key: RunKey,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for Turn<'_> {
    /// Forgets the lock when nobody else waits for it.
    fn drop(&mut self) {
        let mut taking = self.holds.taking();
        drop(self.guard.take());
        if taking.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            taking.remove(&self.key);
        }
    }
}

impl Hold {
    fn is(&self, lease: &Lease) -> bool {
        self.row == lease.row && self.epoch == lease.epoch
    }
}

impl Log {
    /// Whether it is time to fold.
    pub(crate) fn is_due(&self) -> bool {
        let many = self.commits as u64 >= FOLD_AT_LAST && self.commits * ROW >= self.snapshot_bytes;
        self.commits >= FOLD_FROM && (self.bytes >= self.snapshot_bytes || many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_folded_when_it_is_as_long_as_its_snapshot() {
        assert!(!Log { commits: 63, bytes: 9_000, snapshot_bytes: 0 }.is_due());
        assert!(Log { commits: 64, bytes: 10, snapshot_bytes: 10 }.is_due());
        assert!(!Log { commits: 64, bytes: 10, snapshot_bytes: 5_000 }.is_due());
        assert!(Log { commits: 1_024, bytes: 10, snapshot_bytes: 5_000 }.is_due());
        assert!(!Log { commits: 1_024, bytes: 10, snapshot_bytes: 1_000_000 }.is_due());
    }

    /// As by a fan-out over many elements: all folds together are no longer than twice what was written, rows and all.
    #[test]
    fn a_state_that_grows_is_not_folded_again_and_again() {
        for element in [20, 200, 2_000] {
            let (mut log, mut state, mut written, mut folded) = (Log::default(), 0, 0, 0);
            for _ in 0..100_000 {
                log.commits += 1;
                log.bytes += element;
                state += element;
                written += element + ROW;
                if log.is_due() {
                    folded += state;
                    log = Log { snapshot_bytes: state, ..Log::default() };
                }
            }
            assert!(folded <= 2 * written, "{folded} bytes of folds for {written} bytes");
        }
    }

    #[test]
    fn only_the_same_claim_ends_a_hold() {
        let holds = Holds::default();
        let lease = Lease { key: RunKey::new("a"), uid: "u".into(), row: 1, epoch: 2 };
        holds.add(&lease);
        assert!(!holds.remove(&Lease { epoch: 1, ..lease.clone() }));
        assert!(!holds.remove(&Lease { row: 2, ..lease.clone() }));
        assert!(holds.contains(&lease.key, 2) && holds.remove(&lease) && !holds.contains(&lease.key, 2));
    }
}
