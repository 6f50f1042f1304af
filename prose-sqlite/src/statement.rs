//! The statements that append a commit, as text and values: written once, and sent through whichever driver has the
//! transaction (rusqlite in the store's writer, sqlx in a `#[transaction]`).

use prose::store::rows::{CommitRow, EndingRow, EventRow, WaitRow, integer};
use prose::store::{Commit, Ending, Lease, SignalUse, Undoing};

use crate::outbox;

/// A statement with its values, `?1` first.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) sql: &'static str,
    pub(crate) values: Vec<Value>,
}

/// A bound value.
#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Text(String),
}

impl<T: Into<String>> From<Option<T>> for Value {
    fn from(text: Option<T>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }
}

/// What is to be written for a commit, ready for a driver.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) uid: String,
    pub(crate) place: Place,
    pub(crate) row: CommitRow,
    /// To be run behind it, if it inserted: there are events, signals were taken, or the run's status has changed.
    pub(crate) behind: Vec<Statement>,
    /// Whether it ends the claim.
    pub(crate) ends: bool,
    /// To be run behind all, if the run has a parent; for one that has none it does nothing.
    pub(crate) wake: Option<Statement>,
    /// Bytes of the commit, about.
    pub(crate) size: usize,
}

/// Where a commit stands in the logs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) run: i64,
    pub(crate) seq: i64,
    /// Of the lease.
    pub(crate) epoch: i64,
    /// Not earlier than the commit before: until it is written, what the clock says.
    pub(crate) at: i64,
}

/// The run, if it is the lease's.
macro_rules! held_run {
    () => {
        "(select run from prose_runs where run = ?1 and epoch = ?3 and uid = ?15 and status in ('running', 'compensating'))"
    };
}

/// The instant of a commit, if the one before it is there.
macro_rules! next_at {
    () => {
        "max(?4, (select at from prose_commits where run = ?1 and seq = ?2 - 1))"
    };
}

macro_rules! append_to_log {
    ($or:literal, $run:expr, $at:expr) => {
        concat!(
            "insert ",
            $or,
            "into prose_commits (run, seq, epoch, at, point, phase, completed, dropped, writes, ending, fingerprint, \
             iterations, compensable, undoing) values (",
            $run,
            ", ?2, ?3, ",
            $at,
            ", ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
        )
    };
}

/// One pass over the run's row and its last commit: the fence of the whole protocol. It inserts one row while the lease is the run's and the
/// commit is the next one; none otherwise. An instant never goes back, even if the clock does.
///
/// Where the run is not the lease's, or the commit before is not there, a column that is `not null` gets a null, and the row is ignored. (As
/// `insert .. select` it would go through a table of its own, because it reads where it writes: that costs more than all the rest.)
pub(crate) const APPEND: &str = append_to_log!("or ignore ", held_run!(), next_at!());

/// The same where it is known what the fence asks for. Were the place taken all the same, the log's index would refuse it: as an error, not as a
/// fence.
pub(crate) const APPEND_KNOWN: &str = append_to_log!("", "?1", "?4");

/// What the fence asks for, to check what is known.
pub(crate) const FENCE: &str = concat!("select ", held_run!(), ", ", next_at!());

/// Whether the execution that holds a run has written anything of it but its claim.
macro_rules! has_written {
    () => {
        "exists (select 1 from prose_commits own where own.run = prose_runs.run and own.epoch = prose_runs.epoch and \
         coalesce(own.point, own.completed, own.dropped, own.writes, own.compensable, own.undoing) is not null)"
    };
}
pub(crate) const HAS_WRITTEN: &str = has_written!();

/// How many deaths stay counted when an execution ends its claim in good order: it has not died, but if it has got no further either, that says
/// nothing of what kills its processes.
macro_rules! crashes_left {
    () => {
        concat!("case when crashes > 0 and not ", has_written!(), " then crashes else 0 end")
    };
}
pub(crate) const CRASHES_LEFT: &str = crashes_left!();

pub(crate) const END_RUN: &str = "\
    update prose_runs set status = ?2, updated_at = max(?3, updated_at), owner = null, wake_at = null, crashes = 0 \
    where run = ?1";

/// Whether a row is of a run that becomes due. (In a list of three each statement would look through a table of its own.)
macro_rules! may_be_due {
    () => {
        "owner is null and (status = 'running' or status = 'waiting' or status = 'compensating')"
    };
}

/// A run becomes due, unless it is held.
pub(crate) const WAKE: &str =
    concat!("update prose_runs set wake_at = min(?2, coalesce(wake_at, ?2)) where run = ?1 and ", may_be_due!());

/// All runs above a run become due. What is held finds out for itself when it parks.
pub(crate) const WAKE_ABOVE: &str = concat!(
    "\
    with recursive above (run) as (select parent from prose_runs where run = ?1 and parent is not null union all \
    select one.parent from above cross join prose_runs one on one.run = above.run where one.parent is not null) \
    update prose_runs set wake_at = min(?2, coalesce(wake_at, ?2)) where run in (select run from above) and ",
    may_be_due!()
);

/// `?3` has refused the run, or the instance that holds it.
pub(crate) const BLOCK_RUN: &str = "\
    update prose_runs set status = 'blocked', updated_at = max(?2, updated_at), owner = null, wake_at = null, \
    refused = case when exists (select 1 from json_each(refused) where value = coalesce(?3, owner)) then refused \
    else json_insert(coalesce(refused, '[]'), '$[#]', coalesce(?3, owner)) end \
    where run = ?1";

/// Of a run's children those that have not ended.
macro_rules! unfinished_children {
    () => {
        "prose_runs child where child.parent = ?1 and not (child.status = 'completed' or child.status = 'failed' or child.status = 'cancelled')"
    };
}

/// Looks once more whether what the run waits for is there.
pub(crate) const PARK_RUN: &str = concat!(
    "update prose_runs set status = 'waiting', updated_at = max(?2, updated_at), owner = null, refused = null, crashes = ",
    crashes_left!(),
    ", \
    awaits = ?4, wake_at = case \
    when cancel_asked_at is not null then ?2 \
    when exists (select 1 from prose_signals kept where kept.namespace = prose_runs.namespace \
    and kept.run_id = prose_runs.run_id and kept.name = ?4 and kept.taken_at is null and kept.uid = prose_runs.uid) then ?2 \
    when ?5 > 0 and (select count(*) from ",
    unfinished_children!(),
    ") < ?5 then ?2 \
    else (select min(wake_at) from (select ?3 wake_at union all select child.wake_at from ",
    unfinished_children!(),
    " and child.owner is null)) end where run = ?1"
);

const BEGIN_UNDOING: &str = "update prose_runs set status = 'compensating', compensating_since = ?2, \
    updated_at = max(?2, updated_at) where run = ?1";

pub(crate) const END_DETAILS: &str =
    "update prose_details set output = ?2, failed_step = ?3, error = ?4 where run = ?1";

impl Append {
    /// The next commit of a run that is claimed.
    pub(crate) fn new(lease: &Lease, commit: &Commit, now: i64) -> Result<Self, serde_json::Error> {
        let row = CommitRow::new(commit)?;
        let events = events(commit)?;
        let size = row.size() + events.iter().map(EventRow::size).sum::<usize>();
        let place = Place { run: lease.row, seq: integer(commit.seq), epoch: integer(lease.epoch), at: now };
        let change = Change::by(commit);
        let keep = events.into_iter().map(|event| outbox::keep(lease, event, now));
        let behind = takes(commit, now).chain(keep).chain(change.statements(lease.row, now)).collect();
        let wake = change.wake(lease.row, now);
        Ok(Self { uid: lease.uid.clone(), place, row, behind, ends: change.ends(), wake, size })
    }

    /// What [`APPEND`] and [`FENCE`] bind.
    pub(crate) fn values(&self) -> impl Iterator<Item = &dyn rusqlite::ToSql> {
        values(&self.place, &self.row).into_iter().chain([&self.uid as &dyn rusqlite::ToSql])
    }
}

/// The columns of a commit, as [`APPEND_KNOWN`] binds them.
pub(crate) fn values<'a>(place: &'a Place, row: &'a CommitRow) -> [&'a dyn rusqlite::ToSql; 14] {
    let Place { run, seq, epoch, at } = place;
    let CommitRow { point, phase, iterations, completed, dropped, writes, compensable, undoing, ending, fingerprint } =
        row;
    [
        run,
        seq,
        epoch,
        at,
        point,
        phase,
        completed,
        dropped,
        writes,
        ending,
        fingerprint,
        iterations,
        compensable,
        undoing,
    ]
}

/// The rows of a commit's events.
pub(crate) fn events(commit: &Commit) -> Result<Vec<EventRow>, serde_json::Error> {
    commit.events.iter().map(EventRow::new).collect()
}

/// A signal that has no id is not known again, so it need not be kept.
const FORGET_SIGNAL: &str = "delete from prose_signals where signal = ?1 and id is null and ?2 is null";

const TAKE_SIGNAL: &str = "update prose_signals set taken_at = ?2, refused = ?3, expires_at = null where signal = ?1";

/// What marks the signals that a commit takes or refuses. Before its ending: a run that waits looks for those that are left.
pub(crate) fn takes(commit: &Commit, now: i64) -> impl Iterator<Item = Statement> {
    commit.signals.iter().flat_map(move |SignalUse { id, refused }| {
        let refused = || Value::from(refused.clone());
        let taken = vec![Value::Integer(*id), Value::Integer(now), refused()];
        [
            Statement { sql: FORGET_SIGNAL, values: vec![Value::Integer(*id), refused()] },
            Statement { sql: TAKE_SIGNAL, values: taken },
        ]
    })
}

/// What a commit changes of the run's status.
#[derive(Debug)]
pub(crate) struct Change {
    undoing: bool,
    ending: Option<EndingRow>,
    wait: Option<WaitRow>,
    /// How many children a run that waits knows of that have not ended.
    children: u64,
}

impl Change {
    pub(crate) fn by(commit: &Commit) -> Self {
        Self {
            undoing: matches!(commit.undoing, Some(Undoing::Begun(_))),
            ending: commit.ending.as_ref().map(EndingRow::new),
            wait: commit.ending.as_ref().and_then(WaitRow::new),
            children: match commit.ending {
                Some(Ending::Waiting { children, .. }) => children,
                _ => 0,
            },
        }
    }

    /// Whether the claim ends.
    pub(crate) fn ends(&self) -> bool {
        self.ending.is_some()
    }

    /// What the end of a run means to those above it. Mostly its parent executes it; if somebody else has, the parent may wait.
    pub(crate) fn wake(&self, run: i64, now: i64) -> Option<Statement> {
        let wake = Statement { sql: WAKE_ABOVE, values: vec![Value::Integer(run), Value::Integer(now)] };
        (self.ends() && self.wait.is_none()).then_some(wake)
    }

    /// To be run behind the commit.
    pub(crate) fn statements(&self, run: i64, now: i64) -> Vec<Statement> {
        let begin = Statement { sql: BEGIN_UNDOING, values: vec![Value::Integer(run), Value::Integer(now)] };
        let end = match (&self.ending, &self.wait) {
            (_, Some(wait)) => vec![park(run, wait, self.children, now)],
            (Some(ending), None) => end(run, ending, now).into(),
            (None, None) => Vec::new(),
        };
        self.undoing.then_some(begin).into_iter().chain(end).collect()
    }
}

/// The statements that mark a run as ended, or as blocked.
fn end(run: i64, ending: &EndingRow, now: i64) -> [Statement; 2] {
    let EndingRow { status, output, failed_step, error } = ending.clone();
    let (run, now) = (|| Value::Integer(run), || Value::Integer(now));
    let end = match status {
        "blocked" => Statement { sql: BLOCK_RUN, values: vec![run(), now(), Value::Null] },
        status => Statement { sql: END_RUN, values: vec![run(), Value::Text(status.to_owned()), now()] },
    };
    let details = [output, failed_step, error].map(Value::from);
    let details = Statement { sql: END_DETAILS, values: [run()].into_iter().chain(details).collect() };
    [end, details]
}

/// The statement that marks a run as waiting.
fn park(run: i64, wait: &WaitRow, children: u64, now: i64) -> Statement {
    let until = wait.until.map_or(Value::Null, Value::Integer);
    let children = Value::Integer(integer(children));
    let values = vec![Value::Integer(run), Value::Integer(now), until, wait.signal.clone().into(), children];
    Statement { sql: PARK_RUN, values }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

#[cfg(feature = "sqlx")]
impl Append {
    /// For a transaction of sqlx: the fence, and what is to be run behind it if it has inserted.
    pub(crate) fn into_statements(self) -> (Statement, impl Iterator<Item = Statement>) {
        let Self { uid, place: Place { run, seq, epoch, at }, row, behind, wake, .. } = self;
        let columns = [
            row.point.into(),
            row.phase.into(),
            row.completed.into(),
            row.dropped.into(),
            row.writes.into(),
            row.ending.into(),
            row.fingerprint.into(),
            row.iterations.into(),
            row.compensable.into(),
            row.undoing.into(),
            Value::Text(uid),
        ];
        let values = [run, seq, epoch, at].map(Value::Integer).into_iter().chain(columns).collect();
        (Statement { sql: APPEND, values }, behind.into_iter().chain(wake))
    }
}

#[cfg(feature = "sqlx")]
impl Statement {
    /// Runs it in a transaction of sqlx; the number of rows that it wrote.
    pub(crate) async fn run_in(self, sql: &mut sqlx::SqliteConnection) -> Result<u64, sqlx::Error> {
        let mut query = sqlx::query(self.sql);
        for value in self.values {
            query = match value {
                Value::Null => query.bind(None::<i64>),
                Value::Integer(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
            };
        }
        Ok(query.execute(sql).await?.rows_affected())
    }
}
