//! The statements that append a commit, as text and values: written once, and sent through whichever driver has the
//! transaction (rusqlite in the store's writer, sqlx in a `#[transaction]`).

use prose::Json;
use prose::store::{Commit, Ending, Lease, Phase, Undoing, Write};
use serde::Serialize;
use serde::ser::{Error as _, SerializeMap, Serializer};

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

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

/// What is to be written for a commit, ready for a driver.
#[derive(Debug)]
pub(crate) struct Append {
    /// The fence: inserts one row while the lease is the run's and the commit is the next one; none otherwise.
    pub(crate) fenced: Statement,
    /// To be run behind it, if it inserted: the run's status has changed.
    pub(crate) behind: Vec<Statement>,
    /// Whether it ends the run.
    pub(crate) ends: bool,
    /// Bytes of the commit, about.
    pub(crate) size: usize,
}

/// One pass over the run's row and its last commit: the fence of the whole protocol. An instant never goes back, even
/// if the clock does.
const APPEND: &str = "\
    insert into prose_commits (run, seq, epoch, at, point, phase, completed, dropped, writes, ending, fingerprint, iterations, \
    compensable, undoing) \
    select run.run, ?2, run.epoch, max(?5, last.at), ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15 \
    from prose_runs run join prose_commits last on last.run = run.run and last.seq = ?2 - 1 \
    where run.run = ?1 and run.epoch = ?3 and run.uid = ?4 \
    and run.status not in ('completed', 'failed', 'cancelled', 'blocked') \
    on conflict (run, seq) do nothing";

const END_RUN: &str =
    "update prose_runs set status = ?2, updated_at = max(?3, updated_at), owner = null where run = ?1";

const BEGIN_UNDOING: &str = "update prose_runs set status = 'compensating', compensating_since = ?2, \
    updated_at = max(?2, updated_at) where run = ?1";

const END_DETAILS: &str = "update prose_details set output = ?2, failed_step = ?3, error = ?4 where run = ?1";

impl Append {
    /// The next commit of a run that is claimed.
    pub(crate) fn new(lease: &Lease, commit: &Commit, now: i64) -> Result<Self, serde_json::Error> {
        let row = CommitRow::new(commit)?;
        let size = row.size;
        let mut values = vec![
            Value::Integer(lease.row),
            Value::Integer(integer(commit.seq)),
            Value::Integer(integer(lease.epoch)),
            Value::Text(lease.uid.clone()),
            Value::Integer(now),
        ];
        values.extend(row.values);
        let fenced = Statement { sql: APPEND, values };
        let change = Change::by(commit);
        Ok(Self { fenced, behind: change.statements(lease.row, now), ends: change.ends(), size })
    }
}

/// What a commit changes of the run's status.
#[derive(Debug)]
pub(crate) struct Change {
    undoing: bool,
    ending: Option<Ending>,
}

impl Change {
    pub(crate) fn by(commit: &Commit) -> Self {
        Self { undoing: matches!(commit.undoing, Some(Undoing::Begun(_))), ending: commit.ending.clone() }
    }

    /// Whether the run ends.
    pub(crate) fn ends(&self) -> bool {
        self.ending.is_some()
    }

    /// To be run behind the commit.
    pub(crate) fn statements(&self, run: i64, now: i64) -> Vec<Statement> {
        let begin = Statement { sql: BEGIN_UNDOING, values: vec![Value::Integer(run), Value::Integer(now)] };
        let end = self.ending.iter().flat_map(|ending| end(run, ending, now));
        self.undoing.then_some(begin).into_iter().chain(end).collect()
    }
}

/// The statements that mark a run as ended.
fn end(run: i64, ending: &Ending, now: i64) -> [Statement; 2] {
    let (output, step, error) = match ending {
        Ending::Completed { output } => (Some(output.as_str().to_owned()), None, None),
        Ending::Failed { step, error } => (None, step.clone(), Some(error.clone())),
        Ending::Cancelled { step } => (None, step.clone(), None),
        Ending::Blocked { step, reason } => (None, step.clone(), Some(reason.clone())),
    };
    let status = Value::Text(word(ending).to_owned());
    [
        Statement { sql: END_RUN, values: vec![Value::Integer(run), status, Value::Integer(now)] },
        Statement { sql: END_DETAILS, values: vec![Value::Integer(run), output.into(), step.into(), error.into()] },
    ]
}

/// The status of a run that ended so.
fn word(ending: &Ending) -> &'static str {
    match ending {
        Ending::Completed { .. } => "completed",
        Ending::Failed { .. } => "failed",
        Ending::Cancelled { .. } => "cancelled",
        Ending::Blocked { .. } => "blocked",
    }
}

/// The columns of a commit from `point` on.
#[derive(Debug)]
pub(crate) struct CommitRow {
    pub(crate) values: [Value; 10],
    pub(crate) size: usize,
}

impl CommitRow {
    pub(crate) fn new(commit: &Commit) -> Result<Self, serde_json::Error> {
        let position = commit.position.as_ref();
        let point = position.map(|position| position.step.clone());
        let completed = list(&commit.completed)?;
        let dropped = list(&commit.dropped)?;
        let writes = writes(&commit.writes)?;
        let compensable = list(&commit.compensable)?;
        let undoing = commit.undoing.as_ref().map(serde_json::to_string).transpose()?;
        let texts = [&point, &completed, &dropped, &writes, &compensable, &undoing];
        let size = texts.into_iter().flatten().map(String::len).sum();
        let values = [
            point.into(),
            position.map(|position| phase(position.phase).to_owned()).into(),
            completed.into(),
            dropped.into(),
            writes.into(),
            commit.ending.as_ref().map(|ending| word(ending).to_owned()).into(),
            commit.fingerprint.map(fingerprint).into(),
            position.map(|position| list(&position.at)).transpose()?.flatten().into(),
            compensable.into(),
            undoing.into(),
        ];
        Ok(Self { values, size })
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Entered => "entered",
        Phase::Done => "done",
    }
}

fn list<T: Serialize>(items: &[T]) -> Result<Option<String>, serde_json::Error> {
    if items.is_empty() { Ok(None) } else { serde_json::to_string(items).map(Some) }
}

/// An object, so that `writes ->> '$.total'` works in the shell.
fn writes(writes: &[Write]) -> Result<Option<String>, serde_json::Error> {
    if writes.is_empty() {
        return Ok(None);
    }
    let mut text =
        Vec::with_capacity(writes.iter().map(|write| write.name.len() + write.value.as_str().len() + 4).sum());
    let mut json = serde_json::Serializer::new(&mut text);
    let mut object = json.serialize_map(Some(writes.len()))?;
    for Write { name, value } in writes {
        object.serialize_entry::<str, Json>(name, value)?;
    }
    object.end()?;
    String::from_utf8(text).map(Some).map_err(serde_json::Error::custom)
}

/// As it stands in columns: 16 hexadecimal digits, because SQLite's integers have a sign.
pub(crate) fn fingerprint(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}

/// As it stands in columns. No run has 2^63 commits or claims; the last number is never reached.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
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

impl Statement {
    /// Runs it; the number of rows that it wrote.
    pub(crate) fn run(&self, sql: &rusqlite::Connection) -> rusqlite::Result<usize> {
        sql.prepare_cached(self.sql)?.execute(rusqlite::params_from_iter(&self.values))
    }
}

#[cfg(feature = "sqlx")]
impl Statement {
    /// The same for a transaction of sqlx.
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
