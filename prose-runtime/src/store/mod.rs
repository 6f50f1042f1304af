//! What a store is: the trait that keeps runs, and the data that crosses it.
//!
//! A store remembers runs as *commits*: small appended records, each saying what has changed since the one before. The
//! pure part (what a commit is, how commits fold into the state of a run) is here, in [`commit`] and [`fold`]; a store
//! only has to keep rows, claim runs and refuse stale owners. `prose-store-tests` shows whether it does.

pub(crate) mod bell;
pub mod checkpoint;
pub mod code;
pub mod commit;
mod error;
pub mod fold;
pub mod memory;
mod outbox;
pub mod queue;
pub mod rows;
pub mod signals;
mod state;
mod wakes;

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use bell::Bell;
pub use checkpoint::{Blocked, Checkpoint, Compensated, FailedStep, NotUndone, Status, Waiting};
pub use code::Code;
pub use commit::{Commit, Compensable, Ending, Outgoing, Phase, Position, Undoing, Undone, Write};
pub use error::StoreError;
pub use fold::RunState;
pub use outbox::{DueRequest, Outbox, OutboxEvent, ParkedEvent, Rejection};
pub use queue::Queue;
pub use signals::{SignalUse, Signals};
pub use wakes::Wakes;

use crate::Json;
use crate::flow::Flow;
pub use crate::machine::in_transaction;
use crate::typed::TypedCheckpoint;

/// The future that a store's method returns. Write `Box::pin(async move { .. })`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The name of a run: unique within its namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunKey {
    /// Keeps the runs of several applications in one store apart. `""` is the default one.
    pub namespace: String,
    /// The id that the caller gave with `.durable(&store, id)`.
    pub run_id: String,
}

impl RunKey {
    /// A run of the default namespace.
    pub fn new(run_id: impl Into<String>) -> Self {
        Self { namespace: String::new(), run_id: run_id.into() }
    }
}

impl std::fmt::Display for RunKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.run_id)
    }
}

/// All that is written once, when a run is created.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// The run's name.
    pub key: RunKey,
    /// Random, made at the creation: a deleted run whose id is used again is another run.
    pub uid: String,
    /// The flow's name, as in `#[flow(name = "..")]`.
    pub flow: String,
    /// The flow's version, as in `#[flow(version = ..)]`.
    pub version: u32,
    /// What the code looked like that made the run.
    pub fingerprint: u64,
    /// The input as first given.
    pub input: Json,
    /// The correlation id as first given, or as generated.
    pub correlation_id: String,
    /// When it was created. Steps see it, so it is kept as given, to the millisecond.
    pub created_at: SystemTime,
    /// The run whose step it is, of the same namespace. It is in the store: its commit at the step's entrance was written.
    pub parent: Option<RunKey>,
}

/// The right to write to a run: which run, and which execution of it.
///
/// Every commit is conditional on the epoch, so an owner that was replaced while it slept cannot write any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The run.
    pub key: RunKey,
    /// The run's uid.
    pub uid: String,
    /// The store's own number for the run; 0 where a store has none.
    pub row: i64,
    /// Raised by each claim. A commit with another epoch is refused with [`StoreError::Fenced`].
    pub epoch: u64,
}

/// How a run is asked for.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// The run.
    pub key: RunKey,
    /// The flow that the caller wants to run. A run of another flow is reported as [`Claim::OtherFlow`].
    pub flow: String,
    /// Whether a failed run is to be started again from its last commit; otherwise it is reported as it is. One that was undone
    /// ([`Folded::can_restart`](fold::Folded::can_restart)) is never started again.
    pub restart_failed: bool,
}

/// What a store answers to a claim.
#[derive(Debug)]
pub enum Claim {
    /// There is no such run. Nothing was written; [`Store::create`] makes it, together with its first commit.
    Missing,
    /// The run is now the caller's: its epoch was raised and a claim row stands in its log.
    Claimed(Box<ClaimedRun>),
    /// Somebody alive executes the run, under this epoch. [`Store::changed`] tells when to ask again.
    Held {
        /// The epoch of that execution.
        epoch: u64,
    },
    /// The run has ended (completed, cancelled; or failed, where `restart_failed` is not set or it was undone). Nothing was
    /// written.
    Ended(Box<RunState>),
    /// The run id belongs to this other flow. Nothing was written.
    OtherFlow(String),
}

/// A run that was claimed, with all that is needed to go on.
#[derive(Debug)]
pub struct ClaimedRun {
    /// The right to write to it.
    pub lease: Lease,
    /// Where it stands: the fold of its commits.
    pub state: RunState,
    /// How many executions have died with their process, or were stopped past their lease, since one has written anything of it. Counted by
    /// [`Queue::recover`]. One that gives the run back in good order changes it only if it has written.
    pub crashes: u32,
}

/// A run that was claimed once more by its owner.
#[derive(Clone, Debug)]
pub struct Reclaimed {
    /// The right to write to it from now on.
    pub lease: Lease,
    /// The last number in its log: that of the commit that was looked for, or the claim's own.
    pub seq: u64,
    /// Whether that commit is in the log.
    pub committed: bool,
}

/// A run that was moved over to another version of its code.
#[derive(Clone, Debug)]
pub struct Migrated {
    /// The version that it is of now.
    pub version: u32,
    /// Its input now.
    pub input: Json,
    /// Its variables and where it stands now. `seq` is the number of the commit that writes this.
    pub folded: fold::Folded,
}

/// Keeps runs. The promise behind every method: what it acknowledges is on disk (or where else the store keeps it).
///
/// Implementations are cheap to clone (an `Arc` inside) and are shared by all flows of a process. To write one, start from
/// [`MemoryStore`](memory::MemoryStore) and let the macro of `prose-store-tests` make the tests.
///
/// # Dropped futures
/// A write that was polled once may be finished or not when its future is dropped, but it must be one of both:
/// all of it, or nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store",
    label = "a run is kept in a `prose::Store`, given by reference, under the run id",
    note = "open one: `prose_sqlite::SqliteStore::open(\"orders.db\")`, `prose_postgres::PostgresStore::connect(url)`, or, for tests, `prose::MemoryStore::new()`"
)]
pub trait Store: Send + Sync + 'static {
    /// Claims a run for execution, or says why not. One atomic step: of two claimers one gets the run.
    ///
    /// A run is *held* while its owner lives. When the owner's process has died, the run is free at once.
    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> BoxFuture<'a, Result<Claim, StoreError>>;

    /// Creates a run, claims it (epoch 1) and writes its first commit (seq 1), in one atomic write.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if somebody else has created the run meanwhile; nothing was written then.
    fn create<'a>(&'a self, run: &'a NewRun, first: Commit) -> BoxFuture<'a, Result<Lease, StoreError>>;

    /// Appends a commit, if `lease` is still the run's; its events go into the [`outbox`](Self::outbox), the [signals](Commit::signals) that
    /// it takes are taken, in one atomic write. A commit with an [`Ending`] also ends the claim.
    ///
    /// [`Ending::Waiting`] looks once more, in the same write, whether what the run waits for is there: a signal of that name that was not
    /// taken, a request to cancel, a waiting child that is due earlier. Then the run is due at once, or when its child is.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if the run was claimed by another one, deleted, or has ended; nothing was written then.
    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Claims a run once more for its own owner, who does not know whether the commit `seq`, the next one in its log, was written: it
    /// travelled with a database's transaction, and the answer was lost.
    ///
    /// In this order: raises the epoch, which waits for a transaction that holds the run and keeps a later one from being committed;
    /// then looks for the commit. If it is not there, the claim takes its number.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] as with [`commit`](Self::commit).
    fn reclaim<'a>(&'a self, lease: &'a Lease, seq: u64) -> BoxFuture<'a, Result<Reclaimed, StoreError>>;

    /// Where the events of its commits wait for a relay.
    fn outbox(&self) -> &dyn Outbox;

    /// Where runs that nobody executes wait for an engine.
    fn queue(&self) -> &dyn Queue;

    /// Where signals wait for their runs.
    fn signals(&self) -> &dyn Signals;

    /// Replaces what a run is by what its code has made of it, if `lease` is still the run's: its version, its input and the fold of
    /// its commits, in one atomic write that takes the next place in its log. The claim goes on.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] as with [`commit`](Self::commit).
    fn migrate<'a>(&'a self, lease: &'a Lease, run: &'a Migrated) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Keeps what code looks like, for as long as there is the store. Where it is there already, nothing is written, and it costs next
    /// to nothing: it is called for each new run.
    fn keep_code<'a>(&'a self, code: &'a Code) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The code that was kept with this fingerprint.
    fn code(&self, fingerprint: u64) -> BoxFuture<'_, Result<Option<Code>, StoreError>>;

    /// Gives the run back, unfinished: the next claim gets it without waiting, and it is due. Called when a flow's future is dropped,
    /// so it must not block; it is a hint, not a write.
    fn release(&self, lease: &Lease);

    /// Resolves when the run may no longer be held under `epoch`: at a change, or after a while. May be wrong, never lost.
    fn changed<'a>(&'a self, key: &'a RunKey, epoch: u64) -> BoxFuture<'a, ()>;

    /// The run as anyone may read it; `None` if there is no such run. Takes no claim.
    fn load_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Option<Checkpoint>, StoreError>>;

    /// Deletes a run with all that belongs to it, its children included, but for events that were not published yet. `false` if there was
    /// none.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if somebody alive executes the run; nothing was deleted then.
    fn delete_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Deletes the runs that have ended (completed, failed, cancelled), were last written more than `older_than` ago, have no
    /// event that was not published (a parked one included), and no parent; and with each all runs below it. Returns how many. A run with
    /// a run below it that has not ended, or has such an event, stays. Signals that were kept for runs that never came go with their time.
    fn prune(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Lets a database recognise the store whose file or server it shares, by downcasting: `self`, or, in a store that wraps
    /// another, that one's `as_any()`.
    fn as_any(&self) -> &dyn Any;

    /// [`load_run`](Self::load_run) in the default namespace.
    fn load<'a>(&'a self, run_id: &'a str) -> BoxFuture<'a, Result<Option<Checkpoint>, StoreError>> {
        Box::pin(async move { self.load_run(&RunKey::new(run_id)).await })
    }

    /// [`load`](Self::load), with the types of a flow: what its steps gave, each in a method of its name.
    /// See [`TypedCheckpoint`] for what it can tell.
    ///
    /// # Errors
    /// [`StoreError::OtherFlow`] if the run is one of another flow. What does not decode is an error only where it is asked for.
    fn load_typed<'a, F: Flow>(&'a self, run_id: &'a str) -> BoxFuture<'a, Result<Option<F::State>, StoreError>>
    where
        Self: Sized,
    {
        Box::pin(async move {
            let Some(checkpoint) = self.load(run_id).await? else { return Ok(None) };
            if checkpoint.flow_name != F::META.name {
                let (key, asked) = (RunKey::new(run_id), F::META.name.to_owned());
                return Err(StoreError::OtherFlow { key, asked, actual: checkpoint.flow_name });
            }
            Ok(Some(TypedCheckpoint::new(checkpoint).into()))
        })
    }

    /// [`delete_run`](Self::delete_run) in the default namespace.
    fn delete<'a>(&'a self, run_id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { self.delete_run(&RunKey::new(run_id)).await })
    }
}

/// `.durable(&store, ..)` takes a `&Arc<dyn Store>` as well.
impl<S: Store + ?Sized> Store for Arc<S> {
    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> BoxFuture<'a, Result<Claim, StoreError>> {
        (**self).claim(request)
    }
    fn create<'a>(&'a self, run: &'a NewRun, first: Commit) -> BoxFuture<'a, Result<Lease, StoreError>> {
        (**self).create(run, first)
    }
    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).commit(lease, commit)
    }
    fn reclaim<'a>(&'a self, lease: &'a Lease, seq: u64) -> BoxFuture<'a, Result<Reclaimed, StoreError>> {
        (**self).reclaim(lease, seq)
    }
    fn outbox(&self) -> &dyn Outbox {
        (**self).outbox()
    }
    fn queue(&self) -> &dyn Queue {
        (**self).queue()
    }
    fn signals(&self) -> &dyn Signals {
        (**self).signals()
    }
    fn migrate<'a>(&'a self, lease: &'a Lease, run: &'a Migrated) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).migrate(lease, run)
    }
    fn keep_code<'a>(&'a self, code: &'a Code) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).keep_code(code)
    }
    fn code(&self, fingerprint: u64) -> BoxFuture<'_, Result<Option<Code>, StoreError>> {
        (**self).code(fingerprint)
    }
    fn release(&self, lease: &Lease) {
        (**self).release(lease);
    }
    fn changed<'a>(&'a self, key: &'a RunKey, epoch: u64) -> BoxFuture<'a, ()> {
        (**self).changed(key, epoch)
    }
    fn load_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Option<Checkpoint>, StoreError>> {
        (**self).load_run(key)
    }
    fn delete_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        (**self).delete_run(key)
    }
    fn prune(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        (**self).prune(older_than)
    }
    fn as_any(&self) -> &dyn Any {
        (**self).as_any()
    }
}

/// Milliseconds since 1970, as stores keep instants.
pub fn to_millis(instant: SystemTime) -> i64 {
    let since = instant.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The other way round; instants before 1970 become 1970.
pub fn from_millis(millis: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
