//! Reading a run: its row, its details, its snapshot and the commits behind the snapshot, in one statement, which sees one
//! moment of the database.

use prose::store::fold::Folded;
use prose::store::{Code, Commit, Ending, NewRun, RunKey, RunState, Status, StoreError, from_millis};
use prose::{Checkpoint, Json};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::columns::{fingerprint, read_fingerprint, read_position, read_writes};
use crate::core::Core;
use crate::patience::answered;
use crate::text::{key as key_text, unescape};

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

/// A row for each commit. What is long stands in the first of them only.
const RUN: &str = "\
    select run.uid, run.flow, run.version, run.fingerprint as made_by, run.status, \
        floor(extract(epoch from run.created_at) * 1000)::int8 as created_at, \
        floor(extract(epoch from run.updated_at) * 1000)::int8 as updated_at, \
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
        let loaded = RunRow::read(first).and_then(|run| run.into_loaded(key, fold(&rows)?));
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
        Ok(fold(&read.await?.value)?.folded)
    }

    /// The code that was kept with this fingerprint.
    pub(crate) async fn code(&self, number: u64) -> Result<Option<Code>, StoreError> {
        let digits = fingerprint(number);
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

/// The commits of a run, folded, without the ending: that stands in the run's row.
#[derive(Debug)]
struct Fold {
    folded: Folded,
    log: Log,
    last_at: i64,
}

fn fold(rows: &[PgRow]) -> Result<Fold, Unreadable> {
    let Some(first) = rows.first() else { return Err(Unreadable::Content("its log is missing".to_owned())) };
    let snapshot: Option<String> = first.try_get("folded")?;
    let mut folded: Folded = snapshot.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
    let (start, mut last_at) = (folded.seq, 0);
    let mut log = Log { snapshot_bytes: snapshot.map_or(0, |text| text.len()), ..Log::default() };
    for row in rows {
        let (commit, at, bytes) = read_commit(row)?;
        last_at = at;
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
    Ok(Fold { folded, log, last_at })
}

fn read_commit(row: &PgRow) -> Result<(Commit, i64, usize), Unreadable> {
    let text = |column: &str| row.try_get::<Option<String>, _>(column);
    let Some(seq) = row.try_get::<Option<i64>, _>("seq")? else {
        return Err(Unreadable::Content("its log is missing".to_owned()));
    };
    let (point, phase, iterations) = (text("point")?, text("phase")?, text("iterations")?);
    let (completed, dropped, writes) = (text("completed")?, text("dropped")?, text("writes")?);
    let (compensable, undoing) = (text("compensable")?, text("undoing")?);
    let texts = [&point, &completed, &dropped, &writes, &compensable, &undoing];
    let bytes = texts.into_iter().flatten().map(String::len).sum();
    let position = point.map(|step| read_position(unescape(step), phase.as_deref(), iterations.as_deref()));
    let commit = Commit {
        seq: seq.unsigned_abs(),
        position: position.transpose().map_err(Unreadable::Content)?,
        completed: completed.map(|json| serde_json::from_str(&json)).transpose()?.unwrap_or_default(),
        dropped: dropped.map(|json| serde_json::from_str(&json)).transpose()?.unwrap_or_default(),
        writes: writes.map(|json| read_writes(&json)).transpose()?.unwrap_or_default(),
        compensable: compensable.map(|json| serde_json::from_str(&json)).transpose()?.unwrap_or_default(),
        undoing: undoing.map(|json| serde_json::from_str(&json)).transpose()?,
        ending: None,
        fingerprint: text("fingerprint")?.as_deref().map(read_fingerprint).transpose().map_err(Unreadable::Content)?,
    };
    Ok((commit, row.try_get("at")?, bytes))
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
        let missing = || Unreadable::Content("its log, or its row in `details`, is missing".to_owned());
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

    fn into_loaded(self, key: &RunKey, fold: Fold) -> Result<Loaded, Unreadable> {
        let Fold { mut folded, log, last_at } = fold;
        folded.ending = self.ending()?;
        let version = u32::try_from(self.version)
            .map_err(|_| Unreadable::Content(format!("`{}` is no version of a flow", self.version)))?;
        let run = NewRun {
            key: key.clone(),
            uid: self.uid,
            flow: self.flow,
            version,
            fingerprint: read_fingerprint(&self.fingerprint).map_err(Unreadable::Content)?,
            input: Json::parse(self.input)?,
            correlation_id: self.correlation_id,
            created_at: from_millis(self.created_at),
        };
        Ok(Loaded { state: RunState { run, folded, updated_at: from_millis(last_at) }, log })
    }

    fn ending(&self) -> Result<Option<Ending>, Unreadable> {
        let status = Status::parse(&self.status)
            .ok_or_else(|| Unreadable::Content(format!("`{}` is no status that this version knows", self.status)))?;
        let step = self.failed_step.clone();
        let said = || self.error.clone().unwrap_or_default();
        Ok(match status {
            Status::Completed => {
                let output = self.output.clone().unwrap_or_else(|| "null".to_owned());
                Some(Ending::Completed { output: Json::parse(output)? })
            }
            Status::Failed => Some(Ending::Failed { step, error: said() }),
            Status::Cancelled => Some(Ending::Cancelled { step }),
            Status::Blocked => Some(Ending::Blocked { step, reason: said() }),
            _ => None,
        })
    }
}

/// Why a run cannot be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    Sql(sqlx::Error),
    Json(serde_json::Error),
    Content(String),
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sql(error) => error.fmt(f),
            Self::Json(error) => error.fmt(f),
            Self::Content(what) => f.write_str(what),
        }
    }
}

impl From<sqlx::Error> for Unreadable {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}
