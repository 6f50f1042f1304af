//! Reading a run: its row, its snapshot, and the commits behind the snapshot. The caller's transaction makes it one moment.

use std::path::Path;

use prose::Json;
use prose::store::rows::{CommitRow, EndingRow, Log, LogFold, RowError, integer, parse_fingerprint, print_fingerprint};
use prose::store::{Code, NewRun, RunKey, RunState, StoreError, from_millis};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::unavailable;

/// A run as it was read, with what its owner and the next fold need to know.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) state: RunState,
    pub(crate) log: Log,
}

const RUN: &str = "\
    select run.run, run.uid, run.flow, run.version, run.fingerprint, run.status, run.created_at, \
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
    let (fold, last_at) = fold(sql, row.run, row.folded.as_deref()).map_err(|error| error.report(path, key))?;
    row.into_loaded(key, fold, last_at).map(Some).map_err(|error| Unreadable::from(error).report(path, key))
}

/// The code that was kept with this fingerprint.
pub(crate) fn code(sql: &Connection, path: &Path, fingerprint: u64) -> Result<Option<Code>, StoreError> {
    let row = sql
        .prepare_cached("select flow, shape from prose_code where fingerprint = ?1")
        .and_then(|mut query| {
            let digits = print_fingerprint(fingerprint);
            query.query_row([digits], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).optional()
        })
        .map_err(|error| unavailable(path, error))?;
    // What is no JSON tells as little as what is missing.
    Ok(row.and_then(|(flow, shape)| Json::parse(shape).ok().map(|shape| Code { fingerprint, flow, shape })))
}

/// The fold of a run's snapshot and the commits behind it, and when the last of them was written.
pub(crate) fn fold(sql: &Connection, run: i64, snapshot: Option<&str>) -> Result<(LogFold, i64), Unreadable> {
    let mut fold = LogFold::behind(snapshot)?;
    let mut last_at = None;
    let mut query = sql.prepare_cached(COMMITS)?;
    let mut rows = query.query((run, integer(fold.folded.seq)))?;
    while let Some(row) = rows.next()? {
        last_at = Some(row.get("at")?);
        fold.add(row.get::<_, i64>("seq")?.unsigned_abs(), read_commit(row)?)?;
    }
    match last_at {
        None => Err(RowError::Content("its log is missing".to_owned()).into()),
        Some(last_at) => Ok((fold, last_at)),
    }
}

fn read_commit(row: &Row<'_>) -> rusqlite::Result<CommitRow> {
    Ok(CommitRow {
        point: row.get("point")?,
        phase: row.get::<_, Option<String>>("phase")?.map(Into::into),
        iterations: row.get("iterations")?,
        completed: row.get("completed")?,
        dropped: row.get("dropped")?,
        writes: row.get("writes")?,
        compensable: row.get("compensable")?,
        undoing: row.get("undoing")?,
        fingerprint: row.get("fingerprint")?,
        ending: None,
    })
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
            input: row.get("input")?,
            correlation_id: row.get("correlation_id")?,
            output: row.get("output")?,
            failed_step: row.get("failed_step")?,
            error: row.get("error")?,
            folded: row.get("folded")?,
        })
    }

    fn into_loaded(self, key: &RunKey, fold: LogFold, last_at: i64) -> Result<Loaded, RowError> {
        let LogFold { mut folded, log, .. } = fold;
        folded.ending = EndingRow::read(&self.status, self.output, self.failed_step, self.error)?;
        let run = NewRun {
            key: key.clone(),
            uid: self.uid,
            flow: self.flow,
            version: self.version,
            fingerprint: parse_fingerprint(&self.fingerprint)?,
            input: Json::parse(self.input)?,
            correlation_id: self.correlation_id,
            created_at: from_millis(self.created_at),
        };
        Ok(Loaded { state: RunState { run, folded, updated_at: from_millis(last_at) }, log })
    }
}

/// Why a run cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Row(#[from] RowError),
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
