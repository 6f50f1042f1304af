//! Reading a run: its row, its details, its snapshot and the commits behind the snapshot, in one statement, which sees one
//! moment of the database.

use prose::store::fold::Folded;
use prose::store::rows::{CommitRow, EndingRow, Log, LogFold, RowError, parse_fingerprint, print_fingerprint};
use prose::store::{Code, NewRun, RunKey, RunState, StoreError, from_millis};
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

/// A row for each commit. What is long stands in the first of them only.
const RUN: &str = "\
    select run.uid, run.flow, run.version, run.fingerprint as made_by, run.status, \
        floor(extract(epoch from run.created_at) * 1000)::int8 as created_at, \
        details.correlation_id, details.input, details.output, details.failed_step, details.error, \
        case when commit.seq = coalesce(snapshot.seq, 1) then snapshot.folded end as folded, \
        commit.seq, floor(extract(epoch from commit.at) * 1000)::int8 as at, commit.point, commit.phase, commit.iterations, \
        commit.completed, commit.dropped, commit.writes, commit.compensable, commit.undoing, commit.fingerprint \
    from {s}.runs run \
    left join {s}.snapshots snapshot on snapshot.run = run.run \
    left join {s}.commits commit on commit.run = run.run and commit.seq >= coalesce(snapshot.seq, 1) \
    left join {s}.details details on details.run = run.run and commit.seq = coalesce(snapshot.seq, 1) \
    where run.key = sha256(convert_to($1, 'UTF8')) \
    order by commit.seq";

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
        let read = answered(|| {
            let query = sqlx::query(self.schema.sql(RUN)).bind(&name);
            self.link.within(query.fetch_all(&self.pool))
        });
        let rows = read.await.map_err(|error| self.unavailable(error))?.value;
        let Some(first) = rows.first() else { return Ok(None) };
        let loaded = RunRow::read(first).and_then(|run| Ok(run.into_loaded(key, fold(&rows)?)?));
        loaded.map(Some).map_err(|error| self.unreadable(key, error))
    }

    pub(crate) async fn checkpoint(&self, key: &RunKey) -> Result<Option<Checkpoint>, StoreError> {
        Ok(self.load(key).await?.map(|loaded| loaded.state.checkpoint()))
    }

    /// The fold of a run's log as it is now, with the length of what it was folded from.
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
    fn unreadable(&self, key: &RunKey, error: Unreadable) -> StoreError {
        match error {
            Unreadable::Sql(error @ (sqlx::Error::Io(_) | sqlx::Error::Database(_))) => self.unavailable(error),
            other => StoreError::Corrupt { key: key.clone(), place: self.place.clone(), reason: other.to_string() },
        }
    }
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

/// A run's own row, with what belongs to it.
#[derive(Debug)]
struct RunRow {
    uid: String,
    flow: String,
    version: i64,
    fingerprint: String,
    status: String,
    created_at: i64,
    correlation_id: String,
    input: String,
    output: Option<String>,
    failed_step: Option<String>,
    error: Option<String>,
}

impl RunRow {
    fn read(row: &PgRow) -> Result<Self, Unreadable> {
        let missing = || RowError::Content("its log, or its row in `details`, is missing".to_owned());
        let text = |column: &str| row.try_get::<String, _>(column);
        let maybe = |column: &str| row.try_get::<Option<String>, _>(column).map(|text| text.map(unescape));
        Ok(Self {
            uid: unescape(text("uid")?),
            flow: unescape(text("flow")?),
            version: row.try_get("version")?,
            fingerprint: text("made_by")?,
            status: text("status")?,
            created_at: row.try_get("created_at")?,
            correlation_id: maybe("correlation_id")?.ok_or_else(missing)?,
            input: row.try_get::<Option<String>, _>("input")?.ok_or_else(missing)?,
            output: row.try_get("output")?,
            failed_step: maybe("failed_step")?,
            error: maybe("error")?,
        })
    }

    fn into_loaded(self, key: &RunKey, (fold, last_at): (LogFold, i64)) -> Result<Loaded, RowError> {
        let LogFold { mut folded, log, .. } = fold;
        folded.ending = EndingRow::read(&self.status, self.output, self.failed_step, self.error)?;
        let version = u32::try_from(self.version)
            .map_err(|_| RowError::Content(format!("`{}` is no version of a flow", self.version)))?;
        let run = NewRun {
            key: key.clone(),
            uid: self.uid,
            flow: self.flow,
            version,
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
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Row(#[from] RowError),
}
