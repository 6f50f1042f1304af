//! A crash on demand: a store and a database that kill their own process before or after the commit of a given step.
//!
//! It is a wrapper around the real ones, and shows how little it takes to wrap a [`Store`].

use std::any::Any;
use std::time::Duration;

use clap::ValueEnum;
use prose::store::{
    BoxFuture, Claim, ClaimRequest, Code, Commit, Lease, Migrated, NewRun, Outbox, Queue, Reclaimed, RunKey, Signals,
};
use prose::{Beginning, Begun, Checkpoint, Database, DatabaseError, Record, Store, StoreError};

/// The steps of the order flow, as they can be named on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Step {
    #[value(alias = "validateOrder")]
    ValidateOrder,
    #[value(alias = "calculateTotal")]
    CalculateTotal,
    #[value(alias = "chargePayment")]
    ChargePayment,
    #[value(alias = "persistOrder")]
    PersistOrder,
    #[value(alias = "sendConfirmation")]
    SendConfirmation,
    Orders,
}

impl Step {
    /// The step's name in the flow.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Where to die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrashPoint {
    /// The step's body has run; nobody knows of it yet.
    BeforeCommit(Step),
    /// The commit that holds the step is on disk.
    After(Step),
}

/// A store or a database that may die at one point. Without a point it is as good as the one inside.
#[derive(Clone, Debug)]
pub(crate) struct Crashing<T> {
    inner: T,
    point: Option<CrashPoint>,
}

impl<T> Crashing<T> {
    pub(crate) fn new(inner: T, point: Option<CrashPoint>) -> Self {
        Self { inner, point }
    }

    fn before(&self, commit: &Commit) {
        if matches!(self.point, Some(CrashPoint::BeforeCommit(step)) if commit.completed.contains(&step.name())) {
            die();
        }
    }

    /// Told before the commit, which is moved into the store, for a kill behind it.
    fn dies_after(&self, commit: &Commit) -> bool {
        matches!(self.point, Some(CrashPoint::After(step)) if commit.completed.contains(&step.name()))
    }
}

impl<S: Store> Store for Crashing<S> {
    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.before(&commit);
            let dies = self.dies_after(&commit);
            self.inner.commit(lease, commit).await?;
            if dies { die() } else { Ok(()) }
        })
    }

    // The rest is handed through.
    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> BoxFuture<'a, Result<Claim, StoreError>> {
        self.inner.claim(request)
    }
    fn create<'a>(&'a self, run: &'a NewRun, first: Commit) -> BoxFuture<'a, Result<Lease, StoreError>> {
        self.inner.create(run, first)
    }
    fn reclaim<'a>(&'a self, lease: &'a Lease, seq: u64) -> BoxFuture<'a, Result<Reclaimed, StoreError>> {
        self.inner.reclaim(lease, seq)
    }
    fn queue(&self) -> &dyn Queue {
        self.inner.queue()
    }
    fn signals(&self) -> &dyn Signals {
        self.inner.signals()
    }
    fn outbox(&self) -> &dyn Outbox {
        self.inner.outbox()
    }
    fn migrate<'a>(&'a self, lease: &'a Lease, run: &'a Migrated) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.migrate(lease, run)
    }
    fn keep_code<'a>(&'a self, code: &'a Code) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.keep_code(code)
    }
    fn code(&self, fingerprint: u64) -> BoxFuture<'_, Result<Option<Code>, StoreError>> {
        self.inner.code(fingerprint)
    }
    fn release(&self, lease: &Lease) {
        self.inner.release(lease);
    }
    fn changed<'a>(&'a self, key: &'a RunKey, epoch: u64) -> BoxFuture<'a, ()> {
        self.inner.changed(key, epoch)
    }
    fn load_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Option<Checkpoint>, StoreError>> {
        self.inner.load_run(key)
    }
    fn delete_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.inner.delete_run(key)
    }
    fn prune(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.inner.prune(older_than)
    }
    /// The database looks for its store through this.
    fn as_any(&self) -> &dyn Any {
        self.inner.as_any()
    }
}

/// A transaction's step is committed by the database, together with its rows.
impl<D: Database> Database for Crashing<D> {
    type Tx = D::Tx;
    type Open = D::Open;

    async fn begin(&self, beginning: Beginning<'_>) -> Result<Begun<Self::Open>, DatabaseError> {
        self.inner.begin(beginning).await
    }
    fn is_home_of(&self, store: &dyn Store) -> bool {
        self.inner.is_home_of(store)
    }
    fn tx(open: &mut Self::Open) -> &mut Self::Tx {
        D::tx(open)
    }
    async fn commit(&self, open: Self::Open, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        let mut dies = false;
        if let Some(Record::Commit { commit, .. }) = &record {
            self.before(commit);
            dies = self.dies_after(commit);
        }
        self.inner.commit(open, record).await?;
        if dies { die() } else { Ok(()) }
    }
}

/// `kill -9` of this process by itself: no destructor runs and no buffer is flushed, as when the machine is out of memory.
fn die() -> ! {
    use rustix::process::{Signal, getpid, kill_process};
    let _ = kill_process(getpid(), Signal::KILL);
    std::process::abort() // not reached, unless the system forbids a process to kill itself
}
