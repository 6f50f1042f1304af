//! Which runs this store executes right now, and who waits for their end.
//!
//! In the table a run's owner is an instance; whether the instance still executes the run, only its memory knows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::Log;
use crate::store::{Lease, RunKey};

/// How often a run of another process is looked at.
const POLL: Duration = Duration::from_millis(50);

/// How long a run that is executed here is believed to be.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The runs that this store executes, and how long the log of each is.
#[derive(Debug, Default)]
pub struct Holds(Mutex<HashMap<RunKey, Hold>>);

#[derive(Debug)]
struct Hold {
    row: i64,
    epoch: u64,
    log: Log,
    /// Made for the first who waits, and dropped with the hold, which wakes all.
    ended: Option<watch::Sender<()>>,
}

impl Holds {
    /// A panic cannot have left a hold half-made.
    fn holds(&self) -> MutexGuard<'_, HashMap<RunKey, Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run was claimed, under this lease.
    pub fn add(&self, lease: &Lease) {
        let hold = Hold { row: lease.row, epoch: lease.epoch, log: Log::default(), ended: None };
        self.holds().insert(lease.key.clone(), hold);
    }

    /// The claim has ended, which all who wait are told. Whether it was held.
    pub fn remove(&self, lease: &Lease) -> bool {
        let mut holds = self.holds();
        let held = holds.get(&lease.key).is_some_and(|hold| hold.is(lease));
        if held {
            holds.remove(&lease.key);
        }
        held
    }

    /// Whether this store executes the run under this epoch.
    pub fn contains(&self, key: &RunKey, epoch: u64) -> bool {
        self.holds().get(key).is_some_and(|hold| hold.epoch == epoch)
    }

    /// Whether it executes none.
    pub fn is_empty(&self) -> bool {
        self.holds().is_empty()
    }

    /// [`Store::changed`](crate::Store::changed): waits until the run may no longer be held under `epoch`. `held_elsewhere` asks the
    /// table whether another process holds it so.
    pub async fn changed<F: Future<Output = bool>>(&self, key: &RunKey, epoch: u64, held_elsewhere: impl Fn() -> F) {
        let ended = self.holds().get_mut(key).filter(|hold| hold.epoch == epoch).map(Hold::subscribe);
        if let Some(mut ended) = ended {
            // An error is the end of the hold. The time limit is for a run that another process has taken over: then the
            // hold here ends only when its execution notices.
            let _any_is_a_change = tokio::time::timeout(LOOK_AGAIN, ended.changed()).await;
            return;
        }
        while held_elsewhere().await {
            tokio::time::sleep(POLL).await;
        }
    }

    /// Notes how long the log is, once it was read or folded.
    pub fn set_log(&self, lease: &Lease, log: Log) {
        if let Some(hold) = self.holds().get_mut(&lease.key).filter(|hold| hold.is(lease)) {
            hold.log = log;
        }
    }

    /// Counts a commit in; whether it is time to fold.
    pub fn count(&self, lease: &Lease, bytes: usize) -> bool {
        let mut holds = self.holds();
        let Some(hold) = holds.get_mut(&lease.key).filter(|hold| hold.is(lease)) else { return false };
        hold.log.commits += 1;
        hold.log.bytes += bytes;
        hold.log.is_due()
    }
}

impl Hold {
    fn subscribe(&mut self) -> watch::Receiver<()> {
        self.ended.get_or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    fn is(&self, lease: &Lease) -> bool {
        self.row == lease.row && self.epoch == lease.epoch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_claim_ends_a_hold() {
        let holds = Holds::default();
        let lease = Lease { key: RunKey::new("a"), uid: "u".into(), row: 1, epoch: 2 };
        holds.add(&lease);
        assert!(!holds.remove(&Lease { epoch: 1, ..lease.clone() }));
        assert!(!holds.remove(&Lease { row: 2, ..lease.clone() }));
        assert!(holds.contains(&lease.key, 2) && holds.remove(&lease) && holds.is_empty());
    }
}
