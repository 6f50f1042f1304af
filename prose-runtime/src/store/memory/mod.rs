//! The store that forgets: runs in this process's memory, for tests and for trying things out.

mod outbox;

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::fold::Folded;
use super::{
    BoxFuture, Checkpoint, Claim, ClaimRequest, ClaimedRun, Code, Commit, Lease, Migrated, NewRun, Outbox, Reclaimed,
    RunKey, RunState, Status, Store, StoreError,
};
use outbox::MemoryOutbox;

/// Keeps runs in memory. Clones share them. What it promises holds until the process ends, and no longer.
///
/// ```
/// use prose::{MemoryStore, Store};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), prose::StoreError> {
/// let store = MemoryStore::new();
/// assert!(store.load("ord_abc123").await?.is_none());
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore {
    runs: Arc<Mutex<HashMap<RunKey, Run>>>,
    code: Arc<Mutex<HashMap<u64, Code>>>,
    outbox: Arc<MemoryOutbox>,
}

struct Run {
    state: RunState,
    epoch: u64,
    held: bool,
    /// Told at every end of a claim.
    changed: watch::Sender<()>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A panic while the lock was held cannot have left a run half-written: each change is one assignment or a fold of
    /// owned data. So a poisoned lock is as good as any.
    fn runs(&self) -> MutexGuard<'_, HashMap<RunKey, Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim_now(&self, request: &ClaimRequest) -> Claim {
        let mut runs = self.runs();
        let Some(run) = runs.get_mut(&request.key) else { return Claim::Missing };
        if run.state.run.flow != request.flow {
            return Claim::OtherFlow(run.state.run.flow.clone());
        }
        match run.state.folded.status() {
            Status::Running | Status::Compensating if run.held => return Claim::Held { epoch: run.epoch },
            Status::Running | Status::Compensating | Status::Blocked => {}
            Status::Failed if request.restart_failed && run.state.folded.can_restart() => {}
            _ => return Claim::Ended(Box::new(run.state.clone())),
        }
        let seq = run.state.folded.seq + 1;
        run.state.folded.apply(Commit::empty(seq));
        run.state.updated_at = SystemTime::now();
        run.epoch += 1;
        run.held = true;
        let lease = Lease { key: request.key.clone(), uid: run.state.run.uid.clone(), row: 0, epoch: run.epoch };
        Claim::Claimed(Box::new(ClaimedRun { lease, state: run.state.clone() }))
    }

    fn create_now(&self, new: &NewRun, mut first: Commit) -> Result<Lease, StoreError> {
        let mut runs = self.runs();
        if runs.contains_key(&new.key) {
            return Err(StoreError::Exists(new.key.clone()));
        }
        let now = SystemTime::now();
        let mut state = RunState { run: new.clone(), folded: Folded::default(), updated_at: now };
        let held = first.ending.is_none();
        self.outbox.keep(&new.key, &new.uid, std::mem::take(&mut first.events));
        state.folded.apply(first);
        runs.insert(new.key.clone(), Run { state, epoch: 1, held, changed: watch::Sender::new(()) });
        Ok(Lease { key: new.key.clone(), uid: new.uid.clone(), row: 0, epoch: 1 })
    }

    fn commit_now(&self, lease: &Lease, mut commit: Commit) -> Result<(), StoreError> {
        let mut runs = self.runs();
        let run = owned(&mut runs, lease, commit.seq)?;
        self.outbox.keep(&lease.key, &lease.uid, std::mem::take(&mut commit.events));
        run.state.folded.apply(commit);
        run.state.updated_at = SystemTime::now();
        if run.state.folded.ending.is_some() {
            run.let_go();
        }
        Ok(())
    }

    fn reclaim_now(&self, lease: &Lease, seq: u64) -> Result<Reclaimed, StoreError> {
        let mut runs = self.runs();
        let at = runs.get(&lease.key).map_or(0, |run| run.state.folded.seq);
        let run = owned(&mut runs, lease, at + 1)?;
        let committed = at >= seq;
        if !committed {
            run.state.folded.apply(Commit::empty(at + 1));
        }
        run.epoch += 1;
        let lease = Lease { epoch: run.epoch, ..lease.clone() };
        Ok(Reclaimed { lease, seq: run.state.folded.seq, committed })
    }

    fn migrate_now(&self, lease: &Lease, migrated: &Migrated) -> Result<(), StoreError> {
        let mut runs = self.runs();
        let run = owned(&mut runs, lease, migrated.folded.seq)?;
        run.state.run.version = migrated.version;
        run.state.run.input = migrated.input.clone();
        run.state.folded = migrated.folded.clone();
        run.state.updated_at = SystemTime::now();
        Ok(())
    }

    /// Each entry is written whole, so a poisoned lock is as good as any.
    fn kept_code(&self) -> MutexGuard<'_, HashMap<u64, Code>> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn delete_now(&self, key: &RunKey) -> Result<bool, StoreError> {
        let mut runs = self.runs();
        if runs.get(key).is_some_and(|run| run.held) {
            return Err(StoreError::Busy(key.clone()));
        }
        Ok(runs.remove(key).is_some())
    }

    fn prune_now(&self, older_than: Duration) -> u64 {
        let now = SystemTime::now();
        let mut runs = self.runs();
        let (before, publishing) = (runs.len(), self.outbox.runs());
        runs.retain(|_, run| {
            let age = now.duration_since(run.state.updated_at).unwrap_or_default();
            !run.state.folded.status().is_ended() || age < older_than || publishing.contains(&run.state.run.uid)
        });
        (before - runs.len()) as u64
    }
}

/// The run of a lease, if the lease is still the run's and `seq` is the next number.
fn owned<'a>(runs: &'a mut HashMap<RunKey, Run>, lease: &Lease, seq: u64) -> Result<&'a mut Run, StoreError> {
    let run = runs.get_mut(&lease.key).filter(|run| {
        let state = &run.state;
        let owned = state.run.uid == lease.uid && run.epoch == lease.epoch && state.folded.ending.is_none();
        owned && seq == state.folded.seq + 1
    });
    run.ok_or_else(|| StoreError::Fenced(lease.key.clone()))
}

impl Run {
    fn let_go(&mut self) {
        self.held = false;
        self.changed.send_replace(());
    }
}

impl Store for MemoryStore {
    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> BoxFuture<'a, Result<Claim, StoreError>> {
        Box::pin(async move { Ok(self.claim_now(request)) })
    }

    fn create<'a>(&'a self, run: &'a NewRun, first: Commit) -> BoxFuture<'a, Result<Lease, StoreError>> {
        Box::pin(async move { self.create_now(run, first) })
    }

    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.commit_now(lease, commit) })
    }

    fn reclaim<'a>(&'a self, lease: &'a Lease, seq: u64) -> BoxFuture<'a, Result<Reclaimed, StoreError>> {
        Box::pin(async move { self.reclaim_now(lease, seq) })
    }

    fn outbox(&self) -> &dyn Outbox {
        &*self.outbox
    }

    fn migrate<'a>(&'a self, lease: &'a Lease, run: &'a Migrated) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.migrate_now(lease, run) })
    }

    fn keep_code<'a>(&'a self, code: &'a Code) -> BoxFuture<'a, Result<(), StoreError>> {
        self.kept_code().entry(code.fingerprint).or_insert_with(|| code.clone());
        Box::pin(std::future::ready(Ok(())))
    }

    fn code(&self, fingerprint: u64) -> BoxFuture<'_, Result<Option<Code>, StoreError>> {
        let code = self.kept_code().get(&fingerprint).cloned();
        Box::pin(std::future::ready(Ok(code)))
    }

    fn release(&self, lease: &Lease) {
        let mut runs = self.runs();
        if let Some(run) = runs.get_mut(&lease.key)
            && run.state.run.uid == lease.uid
            && run.epoch == lease.epoch
        {
            run.let_go();
        }
    }

    fn changed<'a>(&'a self, key: &'a RunKey, epoch: u64) -> BoxFuture<'a, ()> {
        let waiting = match self.runs().get(key) {
            Some(run) if run.held && run.epoch == epoch => run.changed.subscribe(),
            _ => return Box::pin(std::future::ready(())),
        };
        // An error means that the run was deleted: a change as well.
        Box::pin(async move {
            let mut waiting = waiting;
            let _deleted = waiting.changed().await;
        })
    }

    fn load_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Option<Checkpoint>, StoreError>> {
        Box::pin(async move { Ok(self.runs().get(key).map(|run| run.state.clone().checkpoint())) })
    }

    fn delete_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { self.delete_now(key) })
    }

    fn prune(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.prune_now(older_than)) })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("runs", &self.runs().len()).finish()
    }
}
