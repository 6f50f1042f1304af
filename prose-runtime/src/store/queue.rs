//! The queue: runs that nobody executes, and wait for an engine.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::checkpoint::Status;
use super::commit::Position;
use super::{BoxFuture, ClaimedRun, NewRun, RunKey, StoreError, Wakes};
use crate::Json;

/// The part of a store that hands out runs to engines, and takes what applications ask of a run that is executed elsewhere. An
/// [`Engine`](crate::Engine) uses it; applications use the engine.
///
/// A run is *due* when it has not ended, nobody executes it, and its `wake_at` has come: the instant at which it was submitted, given back
/// or lost its owner; of a waiting run the instant until which it waits, or at which something arrived for it. A run that has a parent is never
/// due: it is executed by its parent's execution, which is woken in its place. So whatever makes a child due makes all runs above it due, and so does its end.
pub trait Queue: Send + Sync {
    /// The store's own clock: the database server's, or, where processes share a machine, the machine's. What a run waits for is
    /// measured with it.
    fn now(&self) -> BoxFuture<'_, Result<SystemTime, StoreError>>;

    /// From now on this instance executes runs: under this name, for people, and with this lease.
    fn attend<'a>(&'a self, attendance: &'a Attendance) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Creates a run that is due and that nobody has claimed (status `running`, epoch 0, no commit in its log). One atomic write.
    fn submit<'a>(&'a self, run: &'a NewRun) -> BoxFuture<'a, Result<Submitted, StoreError>>;

    /// Claims runs that are due, each as [`Store::claim`](super::Store::claim) does, in the order in which they became so, and of several
    /// flows of each as many. Runs that others are claiming just now are passed over, not waited for.
    ///
    /// A run whose [`Standing`] does not fit is not claimed: it becomes `blocked`, with the reason, and this instance is not given it again
    /// unless it goes on elsewhere until it waits. Blocked runs that this instance has not refused are due as well, if they are asked for.
    fn claim_due<'a>(&'a self, request: &'a ClaimDue, fits: Fits) -> BoxFuture<'a, Result<DueRuns, StoreError>>;

    /// Makes the runs of dead instances (their process has died, or their lease has run out) due, and counts for each that an execution
    /// died with it: from 1 again if that execution had written anything of it. Returns how many runs.
    fn recover(&self) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Asks a run to end as cancelled: whoever executes it is told; if nobody does, it is due. One atomic write.
    fn cancel<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Asked, StoreError>>;

    /// The runs that this instance executes and that were asked to end.
    fn asked_to_cancel(&self) -> BoxFuture<'_, Result<Vec<RunKey>, StoreError>>;

    /// Makes a failed run due, from its last commit on, unless what it had done was undone, or a run above it has ended.
    fn restart<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Asked, StoreError>>;

    /// Which of these runs have ended, or are not there (any more).
    fn ended<'a>(&'a self, keys: &'a [RunKey]) -> BoxFuture<'a, Result<Vec<RunKey>, StoreError>>;

    /// A page of runs, the newest first.
    fn list<'a>(&'a self, request: &'a ListRuns) -> BoxFuture<'a, Result<Vec<RunSummary>, StoreError>>;

    /// The unfinished runs right below one, in the order in which they were created.
    fn below<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Vec<RunSummary>, StoreError>>;

    /// Where the unfinished runs of a flow stand, with how many stand so; children included.
    fn standings<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<Vec<(Standing, u64)>, StoreError>>;

    /// Resolves when all runs that were [released](super::Store::release) so far are free for other instances.
    fn released(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// What the parts of this process tell one another of runs; always the same for an opened store and its clones.
    fn wakes(&self) -> &Wakes;
}

/// An instance that executes runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendance {
    /// Its name, for people.
    pub name: String,
    /// How long it may be stopped or cut off before others take its runs over; `None`: as the store was opened.
    pub lease: Option<Duration>,
}

/// What came of submitting a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Submitted {
    /// It was created.
    New,
    /// There is a run of that name.
    Exists {
        /// Of this flow.
        flow: String,
        /// With this input.
        input: Json,
    },
}

/// Which runs are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimDue {
    /// The flows whose runs this instance can execute.
    pub flows: Vec<String>,
    /// At most so many runs.
    pub limit: usize,
    /// Whether blocked runs are asked for as well.
    pub blocked: bool,
}

/// Whether this code can go on with a run that stands there.
pub type Fits = Arc<dyn Fn(&Standing) -> Fit + Send + Sync>;

/// What [`Fits`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It can.
    Yes,
    /// It cannot, and this is why.
    No(String),
    /// It is not to be claimed now, and nothing is to be written of it.
    NotNow,
}

/// Where a run stands, as far as code can tell whether it can go on with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// The run. In a [summary](Queue::standings) one of those that stand so.
    pub key: RunKey,
    /// Its flow.
    pub flow: String,
    /// The version of the flow that it is of.
    pub version: u32,
    /// The fingerprint of the code that wrote where it stands.
    pub written_by: u64,
    /// Where it goes on; `None`: at its start.
    pub position: Option<Position>,
    /// It is being undone, and has no place in the code.
    pub undoing: bool,
    /// [`ClaimedRun::crashes`] of a run that is due; 0 in a summary.
    pub crashes: u32,
}

/// Runs that were claimed.
#[derive(Debug, Default)]
pub struct DueRuns {
    /// The runs, now this instance's.
    pub runs: Vec<ClaimedRun>,
    /// How many have become blocked.
    pub blocked: usize,
    /// How long until a run of these flows is due by itself; `None`: none is. Zero: more are due than were asked for.
    pub next: Option<Duration>,
}

/// What came of asking something of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It was asked.
    Done,
    /// There is no such run.
    Missing,
    /// It has this status, and nothing was done: it has ended, or (of a restart) it has not failed, or was undone.
    Status(Status),
    /// It was to be started again, and a run above it has ended: nobody would execute it. The topmost that has, and how.
    Above(RunKey, Status),
}

/// A page of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRuns {
    /// Of this namespace.
    pub namespace: String,
    /// Of this flow only.
    pub flow: Option<String>,
    /// With this status only.
    pub status: Option<Status>,
    /// Behind this place: [`RunSummary::place`] of the last one of the page before.
    pub behind: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

impl Default for ListRuns {
    fn default() -> Self {
        Self { namespace: String::new(), flow: None, status: None, behind: None, limit: 100 }
    }
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunSummary {
    /// Its place in lists: the older, the smaller.
    pub place: i64,
    /// The run.
    pub key: RunKey,
    /// Its flow.
    pub flow: String,
    /// The version of the flow that it is of.
    pub version: u32,
    /// Its status.
    pub status: Status,
    /// When it was created.
    pub created_at: SystemTime,
    /// When it was last claimed, given back or ended.
    pub updated_at: SystemTime,
    /// When it is due, if nobody executes it and it has not ended; `None` also of one that waits for a signal alone.
    pub wake_at: Option<SystemTime>,
}

impl RunSummary {
    /// For stores: what they have read. `status` is that of the run's row; one that was asked to end is `cancelling`.
    #[allow(clippy::too_many_arguments, reason = "each is a column")]
    pub fn new(
        place: i64,
        key: RunKey,
        flow: String,
        version: u32,
        status: Status,
        created_at: SystemTime,
        updated_at: SystemTime,
        wake_at: Option<SystemTime>,
    ) -> Self {
        Self { place, key, flow, version, status, created_at, updated_at, wake_at }
    }
}
