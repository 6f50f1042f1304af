//! The store that forgets: runs in this process's memory, for tests and for trying things out.

mod outbox;
mod queue;
mod signals;

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::fold::Folded;
use super::{
    BoxFuture, Checkpoint, Claim, ClaimRequest, ClaimedRun, Code, Commit, Ending, Lease, Migrated, NewRun, Outbox,
    Queue, Reclaimed, RunKey, RunState, Signals, Status, Store, StoreError, Wakes,
};
use outbox::MemoryOutbox;
use signals::KeptSignals;

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
    runs: Arc<Mutex<Runs>>,
    code: Arc<Mutex<HashMap<u64, Code>>>,
    outbox: Arc<MemoryOutbox>,
    wakes: Arc<Wakes>,
}

/// The runs, and the signals for them: what one write changes.
#[derive(Default)]
struct Runs {
    of: HashMap<RunKey, Run>,
    signals: KeptSignals,
    /// How many runs were created so far.
    created: i64,
}

struct Run {
    state: RunState,
    /// Its place in lists.
    place: i64,
    epoch: u64,
    held: bool,
    /// When it is due, while nobody holds it.
    wake_at: Option<SystemTime>,
    /// An engine of this process has refused it.
    refused: bool,
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
    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim_now(&self, request: &ClaimRequest) -> Claim {
        let mut runs = self.runs();
        let Some(run) = runs.of.get_mut(&request.key) else { return Claim::Missing };
        if run.state.run.flow != request.flow {
            return Claim::OtherFlow(run.state.run.flow.clone());
        }
        match run.state.folded.status() {
            _ if run.held => return Claim::Held { epoch: run.epoch },
            Status::Failed if request.restart_failed && run.state.folded.can_restart() => {
                run.state.cancel_asked = false
            }
            status if status.is_ended() => return Claim::Ended(Box::new(run.state.clone())),
            _ => {}
        }
        Claim::Claimed(Box::new(run.claim()))
    }

    fn create_now(&self, new: &NewRun, mut first: Commit) -> Result<Lease, StoreError> {
        let mut runs = self.runs();
        if runs.of.contains_key(&new.key) {
            return Err(StoreError::Exists(new.key.clone()));
        }
        self.outbox.keep(&new.key, &new.uid, std::mem::take(&mut first.events));
        runs.signals.mark(std::mem::take(&mut first.signals));
        let run = runs.add(new);
        (run.epoch, run.held) = (1, true);
        run.state.folded.apply(first);
        if run.state.folded.ending.is_some() {
            runs.claim_ends(&new.key);
        }
        Ok(Lease { key: new.key.clone(), uid: new.uid.clone(), row: 0, epoch: 1 })
    }

    fn commit_now(&self, lease: &Lease, mut commit: Commit) -> Result<(), StoreError> {
        let mut runs = self.runs();
        let run = owned(&mut runs, lease, commit.seq)?;
        self.outbox.keep(&lease.key, &lease.uid, std::mem::take(&mut commit.events));
        let signals = std::mem::take(&mut commit.signals);
        run.state.folded.apply(commit);
        run.state.updated_at = SystemTime::now();
        let ends = run.state.folded.ending.is_some();
        runs.signals.mark(signals);
        if ends {
            runs.claim_ends(&lease.key);
            self.wakes.run_has_ended();
            self.wakes.runs_are_due();
        }
        Ok(())
    }

    fn reclaim_now(&self, lease: &Lease, seq: u64) -> Result<Reclaimed, StoreError> {
        let mut runs = self.runs();
        let at = runs.of.get(&lease.key).map_or(0, |run| run.state.folded.seq);
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
        let tree = runs.tree(key);
        if let Some(held) = tree.iter().find(|key| runs.of[key].held) {
            return Err(StoreError::Busy(held.clone()));
        }
        runs.remove(&tree);
        Ok(!tree.is_empty())
    }

    fn prune_now(&self, older_than: Duration) -> u64 {
        let now = SystemTime::now();
        let mut runs = self.runs();
        runs.signals.forget_expired(now);
        let publishing = self.outbox.runs();
        let is_over = |run: &Run| run.state.status().is_ended() && !publishing.contains(&run.state.run.uid);
        let age = |run: &Run| now.duration_since(run.state.updated_at).unwrap_or_default();
        let is_old = |run: &&Run| run.state.run.parent.is_none() && is_over(run) && age(run) >= older_than;
        let roots = runs.of.values().filter(is_old).map(|run| run.state.run.key.clone());
        let trees = roots.map(|root| runs.tree(&root));
        let trees: Vec<_> = trees.filter(|tree| tree.iter().all(|key| is_over(&runs.of[key]))).collect();
        trees.iter().for_each(|tree| runs.remove(tree));
        trees.iter().map(Vec::len).sum::<usize>() as u64
    }
}

/// The run of a lease, if the lease is still the run's and `seq` is the next number.
fn owned<'a>(runs: &'a mut Runs, lease: &Lease, seq: u64) -> Result<&'a mut Run, StoreError> {
    let run = runs.of.get_mut(&lease.key).filter(|run| {
        let state = &run.state;
        let owned = state.run.uid == lease.uid && run.epoch == lease.epoch && state.folded.ending.is_none();
        owned && seq == state.folded.seq + 1
    });
    run.ok_or_else(|| StoreError::Fenced(lease.key.clone()))
}

impl Runs {
    fn add(&mut self, new: &NewRun) -> &mut Run {
        self.created += 1;
        let updated_at = SystemTime::now();
        self.signals.adopt(&new.key, &new.uid, updated_at);
        let state = RunState { run: new.clone(), folded: Folded::default(), updated_at, cancel_asked: false };
        let wake_at = Some(updated_at);
        let changed = watch::Sender::new(());
        let run = Run { state, place: self.created, epoch: 0, held: false, wake_at, refused: false, changed };
        self.of.entry(new.key.clone()).insert_entry(run).into_mut()
    }

    /// A claim has ended with its commit. What a waiting run waits for may be there already.
    fn claim_ends(&mut self, key: &RunKey) {
        let now = SystemTime::now();
        let waits = |run: &Run| matches!(run.state.folded.ending, Some(Ending::Waiting { .. }));
        let (unended, child_wakes) = if self.of.get(key).is_some_and(waits) { self.below(key) } else { (0, None) };
        let Some(run) = self.of.get_mut(key) else { return };
        run.wake_at = match &run.state.folded.ending {
            _ if run.state.cancel_asked && !run.state.status().is_ended() => Some(now),
            Some(Ending::Waiting { signal: Some(signal), .. }) if self.signals.has(key, &run.state.run.uid, signal) => {
                Some(now)
            }
            Some(Ending::Waiting { children, .. }) if unended < *children => Some(now),
            Some(Ending::Waiting { until, .. }) => [*until, child_wakes].into_iter().flatten().min(),
            _ => None,
        };
        run.refused = matches!(run.state.folded.ending, Some(Ending::Blocked { .. }));
        run.let_go();
        // Mostly its parent executes it. If somebody else has, the parent may wait for its end.
        if let Some(parent) = run.state.run.parent.clone().filter(|_| run.state.status().is_ended()) {
            self.wake(&parent);
        }
    }

    /// How many runs below this one have not ended, and when the first of them is due. Looks at each run that there is.
    fn below(&self, key: &RunKey) -> (u64, Option<SystemTime>) {
        let is_below = |run: &&Run| run.state.run.parent.as_ref() == Some(key) && !run.state.status().is_ended();
        let below: Vec<_> = self.of.values().filter(is_below).collect();
        (below.len() as u64, below.iter().filter(|run| !run.held).filter_map(|run| run.wake_at).min())
    }

    /// Makes a run due, and all above it.
    fn wake(&mut self, key: &RunKey) {
        let now = SystemTime::now();
        let mut next = Some(key.clone());
        while let Some(run) = next.and_then(|key| self.of.get_mut(&key)) {
            run.wake_at = run.wake_at.filter(|at| *at < now).or(Some(now));
            next = run.state.run.parent.clone();
        }
    }

    /// A run, and all below it.
    fn tree(&self, root: &RunKey) -> Vec<RunKey> {
        let mut tree: Vec<RunKey> = self.of.get(root).map(|run| run.state.run.key.clone()).into_iter().collect();
        let mut looked = 0;
        while let Some(parent) = tree.get(looked).cloned() {
            let below = self.of.values().filter(|run| run.state.run.parent.as_ref() == Some(&parent));
            tree.extend(below.map(|run| run.state.run.key.clone()));
            looked += 1;
        }
        tree
    }

    fn remove(&mut self, keys: &[RunKey]) {
        for key in keys {
            if let Some(run) = self.of.remove(key) {
                self.signals.forget(key, &run.state.run.uid);
            }
        }
    }
}

impl Run {
    fn claim(&mut self) -> ClaimedRun {
        let seq = self.state.folded.seq + 1;
        self.state.folded.apply(Commit::empty(seq));
        self.state.updated_at = SystemTime::now();
        self.epoch += 1;
        self.held = true;
        let run = &self.state.run;
        let lease = Lease { key: run.key.clone(), uid: run.uid.clone(), row: 0, epoch: self.epoch };
        // Whoever executes a run in this store's memory dies together with it.
        ClaimedRun { lease, state: self.state.clone(), crashes: 0 }
    }

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

    fn queue(&self) -> &dyn Queue {
        self
    }

    fn signals(&self) -> &dyn Signals {
        self
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
        if let Some(run) = runs.of.get_mut(&lease.key)
            && run.state.run.uid == lease.uid
            && run.epoch == lease.epoch
            && run.held
        {
            run.wake_at = Some(SystemTime::now());
            run.let_go();
            runs.wake(&lease.key);
            self.wakes.runs_are_due();
        }
    }

    fn changed<'a>(&'a self, key: &'a RunKey, epoch: u64) -> BoxFuture<'a, ()> {
        let waiting = match self.runs().of.get(key) {
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
        Box::pin(async move { Ok(self.runs().of.get(key).map(|run| run.state.clone().checkpoint())) })
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
        f.debug_struct("MemoryStore").field("runs", &self.runs().of.len()).finish()
    }
}
