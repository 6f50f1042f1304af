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
    /// The run's number and uid, and the epoch of its lease.
    pub(crate) run: i64,
    pub(crate) uid: String,
    pub(crate) epoch: i64,
    pub(crate) seq: i64,
    pub(crate) now: i64,
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

/// One pass over the run's row and its last commit: the fence of the whole protocol. It inserts one row while the lease is the run's and the
/// commit is the next one; none otherwise. An instant never goes back, even if the clock does.
///
/// Where the run is not the lease's, or the commit before is not there, a column that is `not null` gets a null, and the row is ignored. (As
/// `insert .. select` it would go through a table of its own, because it reads where it writes: that costs more than all the rest.)
pub(crate) const APPEND: &str = "\
    insert or ignore into prose_commits (run, seq, epoch, at, point, phase, completed, dropped, writes, ending, fingerprint, iterations, \
    compensable, undoing) values ( \
    (select run from prose_runs where run = ?1 and epoch = ?3 and uid = ?4 \
    and status in ('running', 'compensating')), \
    ?2, ?3, max(?5, (select at from prose_commits where run = ?1 and seq = ?2 - 1)), \
    ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

/// The same where it is known what the fence asks for.
pub(crate) const APPEND_UNFENCED: &str = "\
    insert into prose_commits (run, seq, epoch, at, point, phase, completed, dropped, writes, ending, fingerprint, iterations, \
    compensable, undoing) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

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

/// All runs above a run become due. What is held finds out for itself when it parks.
pub(crate) const WAKE_ABOVE: &str = "\
    with recursive above (run) as (select parent from prose_runs where run = ?1 and parent is not null union all \
    select one.parent from above cross join prose_runs one on one.run = above.run where one.parent is not null) \
    update prose_runs set wake_at = min(?2, coalesce(wake_at, ?2)) where run in (select run from above) \
    and owner is null and status in ('running', 'waiting', 'compensating')";

/// `?3` has refused the run, or the instance that holds it.
pub(crate) const BLOCK_RUN: &str = "\
    update prose_runs set status = 'blocked', updated_at = max(?2, updated_at), owner = null, wake_at = null, \
    refused = case when exists (select 1 from json_each(refused) where value = coalesce(?3, owner)) then refused \
    else json_insert(coalesce(refused, '[]'), '$[#]', coalesce(?3, owner)) end \
    where run = ?1";

/// Looks once more whether what the run waits for is there.
pub(crate) const PARK_RUN: &str = concat!(
    "update prose_runs set status = 'waiting', updated_at = max(?2, updated_at), owner = null, refused = null, crashes = ",
    crashes_left!(),
    ", \
    awaits = ?4, wake_at = case \
    when cancel_asked_at is not null then ?2 \
    when exists (select 1 from prose_signals kept where kept.namespace = prose_runs.namespace \
    and kept.run_id = prose_runs.run_id and kept.name = ?4 and kept.taken_at is null and kept.uid = prose_runs.uid) then ?2 \
    when ?5 > 0 and (select count(*) from prose_runs child where child.parent = ?1 \
    and child.status not in ('completed', 'failed', 'cancelled')) < ?5 then ?2 \
    else (select min(wake_at) from (select ?3 wake_at union all select child.wake_at from prose_runs child \
    where child.parent = ?1 and child.owner is null and child.status not in ('completed', 'failed', 'cancelled'))) end \
    where run = ?1"
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
        let (run, uid, epoch, seq) = (lease.row, lease.uid.clone(), integer(lease.epoch), integer(commit.seq));
        let change = Change::by(commit);
        let keep = events.into_iter().map(|event| outbox::keep(lease, event, now));
        let behind = takes(commit, now).chain(keep).chain(change.statements(lease.row, now)).collect();
        let wake = change.wake(lease.row, now);
        Ok(Self { run, uid, epoch, seq, now, row, behind, ends: change.ends(), wake, size })
    }
}

/// The columns of a commit from `point` on, as they are bound.
pub(crate) fn columns(row: &CommitRow) -> [&dyn rusqlite::ToSql; 10] {
    let CommitRow { point, phase, iterations, completed, dropped, writes, compensable, undoing, ending, fingerprint } =
        row;
    [point, phase, completed, dropped, writes, ending, fingerprint, iterations, compensable, undoing]
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
    /// The fence, for a transaction of sqlx.
    pub(crate) fn fenced(&self) -> Statement {
        let Self { run, uid, epoch, seq, now, row, .. } = self;
        let place = [
            Value::Integer(*run),
            Value::Integer(*seq),
            Value::Integer(*epoch),
            Value::Text(uid.clone()),
            Value::Integer(*now),
        ];
        let columns = [
            row.point.clone().into(),
            row.phase.clone().into(),
            row.completed.clone().into(),
            row.dropped.clone().into(),
            row.writes.clone().into(),
            row.ending.into(),
            row.fingerprint.clone().into(),
            row.iterations.clone().into(),
            row.compensable.clone().into(),
            row.undoing.clone().into(),
        ];
        Statement { sql: APPEND, values: place.into_iter().chain(columns).collect() }
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
