//! Reading a run: its row, its snapshot, and the commits behind the snapshot. The caller's transaction makes it one moment.

use std::path::Path;

use prose::Json;
use prose::store::rows::{CommitRow, Log, LogFold, RowError, RunRow, integer, print_fingerprint};
use prose::store::{Code, RunKey, RunState, StoreError};
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
        .and_then(|mut query| query.query_row((&key.namespace, &key.run_id), read_run).optional())
        .map_err(|error| unreadable(path, key, error))?;
    let Some((number, snapshot, row)) = found else { return Ok(None) };
    let loaded = fold(sql, number, snapshot.as_deref()).and_then(|(fold, last_at)| {
        let log = fold.log;
        Ok(Loaded { state: row.into_state(key, fold, last_at)?, log })
    });
    loaded.map(Some).map_err(|error| error.report(path, key))
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

/// The columns of [`RUN`]: the run's number, its snapshot, and the rest.
fn read_run(row: &Row<'_>) -> rusqlite::Result<(i64, Option<String>, RunRow)> {
    let run = RunRow {
        uid: row.get("uid")?,
        flow: row.get("flow")?,
        version: row.get("version")?,
        fingerprint: row.get("fingerprint")?,
        status: row.get("status")?,
        created_at: row.get("created_at")?,
        correlation_id: row.get("correlation_id")?,
        input: row.get("input")?,
        output: row.get("output")?,
        failed_step: row.get("failed_step")?,
        error: row.get("error")?,
    };
    Ok((row.get("run")?, row.get("folded")?, run))
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
