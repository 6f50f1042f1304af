//! Reading a run: its row, its snapshot, and the commits behind the snapshot. The caller's transaction makes it one moment.

use std::path::Path;

use prose::Json;
use prose::store::rows::{CommitRow, Log, LogFold, RowError, RunRow, WaitRow, integer, print_fingerprint};
use prose::store::{Code, RunKey, RunState, StoreError};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::unavailable;
use crate::standing::is_of_row;

/// A run as it was read, with what its owner and the next fold need to know.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) state: RunState,
    pub(crate) log: Log,
}

const RUN: &str = "\
    select run.run, run.uid, run.flow, run.version, run.fingerprint, run.status, run.created_at, run.updated_at, run.epoch, \
    run.wake_at, run.awaits, run.cancel_asked_at is not null cancel_asked, parent.run_id parent, \
    details.input, details.correlation_id, details.output, details.failed_step, details.error, snapshot.folded \
    from prose_runs run join prose_details details on details.run = run.run \
    left join prose_snapshots snapshot on snapshot.run = run.run left join prose_runs parent on parent.run = run.parent \
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
    let Some(Found { number, epoch, updated_at, snapshot, row }) = found else { return Ok(None) };
    let loaded = fold(sql, number, snapshot.as_deref()).and_then(|(fold, last_at)| {
        // Nobody has claimed a run that was just submitted.
        if last_at.is_none() && epoch > 0 {
            return Err(RowError::Content("its log is missing".to_owned()).into());
        }
        let (log, last_at) = (fold.log, last_at.unwrap_or(updated_at).max(updated_at));
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

/// The fold of a run's snapshot and the commits behind it, and when the last of them was written; `None` if there are none.
pub(crate) fn fold(sql: &Connection, run: i64, snapshot: Option<&str>) -> Result<(LogFold, Option<i64>), Unreadable> {
    let mut fold = LogFold::behind(snapshot)?;
    let mut last_at = None;
    let mut query = sql.prepare_cached(COMMITS)?;
    let mut rows = query.query((run, integer(fold.folded.seq)))?;
    while let Some(row) = rows.next()? {
        last_at = Some(row.get("at")?);
        fold.add(row.get::<_, i64>("seq")?.unsigned_abs(), read_commit(row)?)?;
    }
    Ok((fold, last_at))
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
struct Found {
    number: i64,
    epoch: i64,
    updated_at: i64,
    snapshot: Option<String>,
    row: RunRow,
}

fn read_run(row: &Row<'_>) -> rusqlite::Result<Found> {
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
        wait: WaitRow { until: row.get("wake_at")?, signal: row.get("awaits")? },
        cancel_asked: row.get("cancel_asked")?,
        parent: row.get("parent")?,
    };
    Ok(Found {
        number: row.get("run")?,
        epoch: row.get("epoch")?,
        updated_at: row.get("updated_at")?,
        snapshot: row.get("folded")?,
        row: run,
    })
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

fn unreadable(path: &Path, key: &RunKey, error: rusqlite::Error) -> StoreError {
    match is_of_row(&error) {
        true => corrupt(path, key, error.to_string()),
        false => unavailable(path, error),
    }
}

fn corrupt(path: &Path, key: &RunKey, reason: String) -> StoreError {
    StoreError::Corrupt { key: key.clone(), place: path.display().to_string(), reason }
}
