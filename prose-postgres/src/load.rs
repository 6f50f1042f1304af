//! Reading a run: its row, its details, its snapshot and the commits behind the snapshot, in one statement, which sees one
//! moment of the database.

use std::collections::HashMap;

use prose::store::fold::Folded;
use prose::store::rows::{CommitRow, Log, LogFold, RowError, RunRow, WaitRow, print_fingerprint};
use prose::store::{Code, Lease, RunKey, RunState, StoreError};
use prose::{Checkpoint, Json};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::core::Core;
use crate::patience::answered;
use crate::text::{key as key_text, unescape};

/// A run as it was read, with what its owner and the next fold need to know.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) state: RunState,
    pub(crate) log: Log,
}

/// A row for each commit, and one for a run that nobody has claimed yet. What is long stands in the first of them only.
///
/// `offset 0` keeps the parts apart, for the reason that stands in `append.rs`: otherwise commits were searched by `seq` alone, so that each run
/// that was read read the log of all.
const RUN: &str = "\
    select run.run, run.epoch, run.uid, run.flow, run.version, run.fingerprint as made_by, run.status, \
        floor(extract(epoch from run.created_at) * 1000)::int8 as created_at, \
        floor(extract(epoch from run.wake_at) * 1000)::int8 as wake_at, run.awaits, \
        run.cancel_asked_at is not null as cancel_asked, parent.run_id as parent, \
        details.correlation_id, details.input, details.output, details.failed_step, details.error, \
        case when commit.seq = coalesce(snapshot.seq, 1) then snapshot.folded end as folded, \
        commit.seq, floor(extract(epoch from coalesce(commit.at, run.updated_at)) * 1000)::int8 as at, \
        commit.point, commit.phase, commit.iterations, \
        commit.completed, commit.dropped, commit.writes, commit.compensable, commit.undoing, commit.fingerprint \
    from {s}.runs run \
    left join lateral (select own.run_id from {s}.runs own where own.run = run.parent offset 0) parent on true \
    left join lateral (select * from {s}.snapshots own where own.run = run.run offset 0) snapshot on true \
    left join lateral ( \
        select * from {s}.commits own where own.run = run.run and own.seq >= coalesce(snapshot.seq, 1) offset 0 \
    ) commit on true \
    left join lateral (select * from {s}.details own where own.run = run.run offset 0) details \
        on coalesce(commit.seq, 1) = coalesce(snapshot.seq, 1) \
    where {which} \
    order by run.run, commit.seq";

/// The same for a fold: of a run whose owner knows the rest.
const LOG: &str = "\
    select case when commit.seq = coalesce(snapshot.seq, 1) then snapshot.folded end as folded, \
        commit.seq, floor(extract(epoch from commit.at) * 1000)::int8 as at, commit.point, commit.phase, commit.iterations, \
        commit.completed, commit.dropped, commit.writes, commit.compensable, commit.undoing, commit.fingerprint \
    from {s}.commits commit left join {s}.snapshots snapshot on snapshot.run = commit.run \
    where commit.run = $1 and commit.seq >= coalesce(snapshot.seq, 1) \
    order by commit.seq";

impl Core {
    /// Reads a run; `None` if there is none.
    pub(crate) async fn load(&self, key: &RunKey) -> Result<Option<Loaded>, StoreError> {
        let name = key_text(key);
        let sql = self.schema.sql(&RUN.replace("{which}", "run.key = sha256(convert_to($1, 'UTF8'))"));
        let asking = answered(|| self.link.within(sqlx::query(sql.clone()).bind(&name).fetch_all(&self.pool)));
        let rows = asking.await.map_err(|error| self.unavailable(error))?.value;
        if rows.is_empty() {
            return Ok(None);
        }
        read(key, &rows).map(Some).map_err(|error| self.unreadable(key, error))
    }

    /// Reads runs by their numbers: what has become of each, in their order. One that is not there any more cannot be read.
    pub(crate) async fn load_all(&self, runs: &[Lease]) -> Result<Vec<Result<Loaded, StoreError>>, StoreError> {
        let sql = self.schema.sql(&RUN.replace("{which}", "run.run = any($1)"));
        let numbers: Vec<i64> = runs.iter().map(|run| run.row).collect();
        let asked = answered(|| self.link.within(sqlx::query(sql.clone()).bind(&numbers).fetch_all(&self.pool)));
        let rows = asked.await.map_err(|error| self.unavailable(error))?.value;
        let number = |row: &PgRow| row.try_get::<i64, _>("run").unwrap_or_default();
        let of_runs: HashMap<i64, &[PgRow]> =
            rows.chunk_by(|one, next| number(one) == number(next)).map(|rows| (number(&rows[0]), rows)).collect();
        let loaded = runs.iter().map(|run| {
            let rows = of_runs.get(&run.row).copied().unwrap_or_default();
            read(&run.key, rows).map_err(|error| self.unreadable(&run.key, error))
        });
        Ok(loaded.collect())
    }

    pub(crate) async fn checkpoint(&self, key: &RunKey) -> Result<Option<Checkpoint>, StoreError> {
        Ok(self.load(key).await?.map(|loaded| loaded.state.checkpoint()))
    }

    /// The fold of a run's log as it is now.
    pub(crate) async fn folded(&self, run: i64) -> Result<Folded, Unreadable> {
        let read = answered(|| {
            let query = sqlx::query(self.schema.sql(LOG)).bind(run);
            self.link.within(query.fetch_all(&self.pool))
        });
        Ok(fold(&read.await?.value)?.0.folded)
    }

    /// The code that was kept with this fingerprint.
    pub(crate) async fn code(&self, number: u64) -> Result<Option<Code>, StoreError> {
        let digits = print_fingerprint(number);
        let read = answered(|| {
            let query = sqlx::query_as::<_, (String, String)>(
                self.schema.sql("select flow, shape from {s}.code where fingerprint = $1"),
            );
            self.link.within(query.bind(&digits).fetch_optional(&self.pool))
        });
        let row = read.await.map_err(|error| self.unavailable(error))?.value;
        // What is no JSON tells as little as what is missing.
        Ok(row.and_then(|(flow, shape)| {
            let shape = Json::parse(shape).ok()?;
            Some(Code { fingerprint: number, flow: unescape(flow), shape })
        }))
    }

    /// What is not as it was written is the run's fault, everything else the server's.
    pub(crate) fn unreadable(&self, key: &RunKey, error: Unreadable) -> StoreError {
        match error {
            Unreadable::Sql(error @ (sqlx::Error::Io(_) | sqlx::Error::Database(_))) => self.unavailable(error),
            other => StoreError::Corrupt { key: key.clone(), place: self.place.clone(), reason: other.to_string() },
        }
    }
}

/// A run from its rows.
fn read(key: &RunKey, rows: &[PgRow]) -> Result<Loaded, Unreadable> {
    let first = rows.first().ok_or_else(|| RowError::Content("its row is missing".to_owned()))?;
    let run = read_run(first)?;
    let unclaimed = first.try_get::<i64, _>("epoch")? == 0 && first.try_get::<Option<i64>, _>("seq")?.is_none();
    let (fold, last_at) = if unclaimed { (LogFold::behind(None)?, first.try_get("at")?) } else { fold(rows)? };
    let log = fold.log;
    Ok(Loaded { state: run.into_state(key, fold, last_at)?, log })
}

/// The fold of a run's snapshot and the commits behind it, and when the last of them was written.
fn fold(rows: &[PgRow]) -> Result<(LogFold, i64), Unreadable> {
    let missing = || RowError::Content("its log is missing".to_owned());
    let snapshot: Option<String> = rows.first().ok_or_else(missing)?.try_get("folded")?;
    let (mut fold, mut last_at) = (LogFold::behind(snapshot.as_deref())?, 0);
    for row in rows {
        let seq = row.try_get::<Option<i64>, _>("seq")?.ok_or_else(missing)?;
        fold.add(seq.unsigned_abs(), read_commit(row)?)?;
        last_at = row.try_get("at")?;
    }
    Ok((fold, last_at))
}

fn read_commit(row: &PgRow) -> Result<CommitRow, sqlx::Error> {
    Ok(CommitRow {
        point: row.try_get::<Option<String>, _>("point")?.map(unescape),
        phase: row.try_get::<Option<String>, _>("phase")?.map(Into::into),
        iterations: row.try_get("iterations")?,
        completed: row.try_get("completed")?,
        dropped: row.try_get("dropped")?,
        writes: row.try_get("writes")?,
        compensable: row.try_get("compensable")?,
        undoing: row.try_get("undoing")?,
        fingerprint: row.try_get("fingerprint")?,
        ending: None,
    })
}

fn read_run(row: &PgRow) -> Result<RunRow, Unreadable> {
    let missing = || RowError::Content("its log, or its row in `details`, is missing".to_owned());
    let text = |column: &str| row.try_get::<String, _>(column);
    let maybe = |column: &str| row.try_get::<Option<String>, _>(column).map(|text| text.map(unescape));
    let version: i64 = row.try_get("version")?;
    Ok(RunRow {
        uid: unescape(text("uid")?),
        flow: unescape(text("flow")?),
        version: u32::try_from(version)
            .map_err(|_| RowError::Content(format!("`{version}` is no version of a flow")))?,
        fingerprint: text("made_by")?,
        status: text("status")?,
        created_at: row.try_get("created_at")?,
        correlation_id: maybe("correlation_id")?.ok_or_else(missing)?,
        input: row.try_get::<Option<String>, _>("input")?.ok_or_else(missing)?,
        output: row.try_get("output")?,
        failed_step: maybe("failed_step")?,
        error: maybe("error")?,
        wait: WaitRow { until: row.try_get("wake_at")?, signal: maybe("awaits")? },
        cancel_asked: row.try_get("cancel_asked")?,
        parent: maybe("parent")?,
    })
}

/// Why a run cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Row(#[from] RowError),
}
