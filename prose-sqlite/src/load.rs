//! Reading a run: its row, its snapshot, and the commits behind the snapshot. The caller's transaction makes it one moment.

use std::path::Path;

use prose::store::fold::Folded;
use prose::store::{
    Code, Commit, Ending, NewRun, Phase, Position, RunKey, RunState, Status, StoreError, Write, from_millis,
};
use prose::{Json, store::checkpoint::State};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::unavailable;
use crate::statement::{self, integer};

/// A run as it was read, with what its owner and the next fold need to know.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) state: RunState,
    pub(crate) log: Log,
}

/// How long the log is behind the snapshot, and how long the snapshot.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Log {
    pub(crate) commits: usize,
    pub(crate) bytes: usize,
    pub(crate) snapshot_bytes: usize,
}

const RUN: &str = "\
    select run.run, run.uid, run.flow, run.version, run.fingerprint, run.status, run.created_at, run.updated_at, \
    details.input, details.correlation_id, details.output, details.failed_step, details.error, snapshot.folded \
    from prose_runs run join prose_details details using (run) left join prose_snapshots snapshot using (run) \
    where run.namespace = ?1 and run.run_id = ?2";

const COMMITS: &str = "\
    select seq, at, point, phase, iterations, completed, dropped, writes, compensable, undoing, \
    fingerprint from prose_commits \
    where run = ?1 and seq >= ?2 order by seq";

/// Reads a run; `None` if there is none.
pub(crate) fn run(sql: &Connection, path: &Path, key: &RunKey) -> Result<Option<Loaded>, StoreError> {
    let found = sql
        .prepare_cached(RUN)
        .and_then(|mut query| query.query_row((&key.namespace, &key.run_id), RunRow::read).optional())
        .map_err(|error| unreadable(path, key, error))?;
    let Some(row) = found else { return Ok(None) };
    let (folded, log, last_at) = fold(sql, row.run, row.folded.as_deref()).map_err(|error| error.report(path, key))?;
    row.into_loaded(key, folded, log, last_at).map(Some).map_err(|error| error.report(path, key))
}

/// The code that was kept with this fingerprint.
pub(crate) fn code(sql: &Connection, path: &Path, fingerprint: u64) -> Result<Option<Code>, StoreError> {
    let row = sql
        .prepare_cached("select flow, shape from prose_code where fingerprint = ?1")
        .and_then(|mut query| {
            let digits = statement::fingerprint(fingerprint);
            query.query_row([digits], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).optional()
        })
        .map_err(|error| unavailable(path, error))?;
    // What is no JSON tells as little as what is missing.
    Ok(row.and_then(|(flow, shape)| Json::parse(shape).ok().map(|shape| Code { fingerprint, flow, shape })))
}

/// The fold of a run's snapshot and the commits behind it, without the ending: that stands in the run's rows.
pub(crate) fn fold(
    sql: &Connection,
    run: i64,
    snapshot: Option<&str>,
) -> Result<(Folded, Log, Option<i64>), Unreadable> {
    let mut folded: Folded = snapshot.map(serde_json::from_str).transpose()?.unwrap_or_default();
    let start = folded.seq;
    let mut log = Log { snapshot_bytes: snapshot.map_or(0, str::len), ..Log::default() };
    let mut last_at = None;
    let mut query = sql.prepare_cached(COMMITS)?;
    let mut rows = query.query((run, integer(start)))?;
    while let Some(row) = rows.next()? {
        let (commit, at, bytes) = read_commit(row)?;
        last_at = Some(at);
        // The row that the snapshot ends with is kept, and is in it already.
        if commit.seq > start {
            if commit.seq != folded.seq + 1 {
                return Err(Unreadable::Content(format!("commit {} of its log is missing", folded.seq + 1)));
            }
            log.commits += 1;
            log.bytes += bytes;
            folded.apply(commit);
        }
    }
    match last_at {
        None => Err(Unreadable::Content("its log is missing".to_owned())),
        Some(_) => Ok((folded, log, last_at)),
    }
}

fn read_commit(row: &Row<'_>) -> Result<(Commit, i64, usize), Unreadable> {
    let text = |column: &str| row.get::<_, Option<String>>(column);
    let (point, phase, iterations) = (text("point")?, text("phase")?, text("iterations")?);
    let (completed, dropped, writes) = (text("completed")?, text("dropped")?, text("writes")?);
    let (compensable, undoing) = (text("compensable")?, text("undoing")?);
    let texts = [&point, &completed, &dropped, &writes, &compensable, &undoing];
    let bytes = texts.into_iter().flatten().map(String::len).sum();
    let commit = Commit {
        seq: row.get::<_, i64>("seq")?.unsigned_abs(),
        position: point.map(|step| position(step, phase.as_deref(), iterations.as_deref())).transpose()?,
        completed: completed.map(|json| serde_json::from_str(&json)).transpose()?.unwrap_or_default(),
        dropped: dropped.map(|json| serde_json::from_str(&json)).transpose()?.unwrap_or_default(),
        writes: writes.map(read_writes).transpose()?.unwrap_or_default(),
        compensable: compensable.map(|json| serde_json::from_str(&json)).transpose()?.unwrap_or_default(),
        undoing: undoing.map(|json| serde_json::from_str(&json)).transpose()?,
        ending: None,
        fingerprint: text("fingerprint")?.as_deref().map(fingerprint).transpose()?,
    };
    Ok((commit, row.get("at")?, bytes))
}

fn position(step: String, phase: Option<&str>, iterations: Option<&str>) -> Result<Position, Unreadable> {
    let phase = match phase {
        Some("entered") => Phase::Entered,
        Some("done") => Phase::Done,
        other => return Err(Unreadable::Content(format!("`{}` is no phase", other.unwrap_or("null")))),
    };
    let at = iterations.map(serde_json::from_str).transpose()?.unwrap_or_default();
    Ok(Position { step, phase, at })
}

fn read_writes(json: String) -> Result<Vec<Write>, serde_json::Error> {
    let state: State = serde_json::from_str(&json)?;
    Ok(state.iter().map(|(name, value)| Write { name: name.to_owned(), value: value.clone() }).collect())
}

fn fingerprint(digits: &str) -> Result<u64, Unreadable> {
    u64::from_str_radix(digits, 16).map_err(|_| Unreadable::Content(format!("`{digits}` is no fingerprint")))
}

/// The columns of [`RUN`].
struct RunRow {
    run: i64,
    uid: String,
    flow: String,
    version: u32,
    fingerprint: String,
    status: String,
    created_at: i64,
    updated_at: i64,
    input: String,
    correlation_id: String,
    output: Option<String>,
    failed_step: Option<String>,
    error: Option<String>,
    folded: Option<String>,
}

impl RunRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            run: row.get("run")?,
            uid: row.get("uid")?,
            flow: row.get("flow")?,
            version: row.get("version")?,
            fingerprint: row.get("fingerprint")?,
            status: row.get("status")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
            input: row.get("input")?,
            correlation_id: row.get("correlation_id")?,
            output: row.get("output")?,
            failed_step: row.get("failed_step")?,
            error: row.get("error")?,
            folded: row.get("folded")?,
        })
    }

    fn into_loaded(
        self,
        key: &RunKey,
        mut folded: Folded,
        log: Log,
        last_at: Option<i64>,
    ) -> Result<Loaded, Unreadable> {
        folded.ending = self.ending()?;
        let run = NewRun {
            key: key.clone(),
            uid: self.uid,
            flow: self.flow,
            version: self.version,
            fingerprint: fingerprint(&self.fingerprint)?,
            input: Json::parse(self.input)?,
            correlation_id: self.correlation_id,
            created_at: from_millis(self.created_at),
        };
        let state = RunState { run, folded, updated_at: from_millis(last_at.unwrap_or(self.updated_at)) };
        Ok(Loaded { state, log })
    }

    fn ending(&self) -> Result<Option<Ending>, Unreadable> {
        let status = Status::parse(&self.status)
            .ok_or_else(|| Unreadable::Content(format!("`{}` is no status that this version knows", self.status)))?;
        let step = self.failed_step.clone();
        Ok(match status {
            Status::Completed => {
                let output = self.output.clone().unwrap_or_else(|| "null".to_owned());
                Some(Ending::Completed { output: Json::parse(output)? })
            }
            Status::Failed => Some(Ending::Failed { step, error: self.error.clone().unwrap_or_default() }),
            Status::Cancelled => Some(Ending::Cancelled { step }),
            Status::Blocked => Some(Ending::Blocked { step, reason: self.error.clone().unwrap_or_default() }),
            _ => None,
        })
    }
}

/// Why a run cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Content(String),
}

impl Unreadable {
    fn report(self, path: &Path, key: &RunKey) -> StoreError {
        match self {
            Self::Sqlite(error) => unreadable(path, key, error),
            other => corrupt(path, key, other.to_string()),
        }
    }
}

/// A column that does not hold what was written there is the run's fault, everything else the file's.
fn unreadable(path: &Path, key: &RunKey, error: rusqlite::Error) -> StoreError {
    match error {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..) => corrupt(path, key, error.to_string()),
        error => unavailable(path, error),
    }
}

fn corrupt(path: &Path, key: &RunKey, reason: String) -> StoreError {
    StoreError::Corrupt { key: key.clone(), place: path.display().to_string(), reason }
}
