//! The outbox in the file: events that were committed and wait for the relay.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prose::EventRecord;
use prose::store::rows::EventRow;
use prose::store::{
    Bell, BoxFuture, DueRequest, Lease, Outbox, OutboxEvent, ParkedEvent, Rejection, RunKey, StoreError, from_millis,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::clock;
use crate::error::{refused, unavailable};
use crate::job::{Answer, Batch, Job};
use crate::statement::{Statement, Value};
use crate::store::SqliteStore;

/// What the writer is asked to do to the outbox.
#[derive(Debug)]
pub(crate) enum OutboxJob {
    /// This instance publishes from now on, if no other living one does.
    Lead,
    StepDown,
    Published(Vec<i64>),
    Rejected {
        id: i64,
        error: String,
        again_at: Option<i64>,
    },
    Release(i64),
}

const KEEP: &str = "\
    insert into prose_outbox (namespace, run_id, uid, channel, event, created_at) values (?1, ?2, ?3, ?4, ?5, ?6)";

/// An instant that is far away is one of a clock that was set back since.
const DUE: &str = "\
    select id, uid, channel, rejections, event from prose_outbox one \
    where parked_at is null and channel not in (select value from json_each(?3)) and not exists ( \
        select 1 from prose_outbox earlier \
        where earlier.rejections > 0 and earlier.uid = one.uid and earlier.channel = one.channel and earlier.id <= one.id \
        and (earlier.again_at - ?1 between 1 and 3600000 and earlier.parked_at is null \
             or earlier.parked_at is not null and earlier.channel in (select value from json_each(?2)))) \
    order by id limit ?4";

const PARKED: &str = "\
    select id, namespace, run_id, channel, rejections, error, parked_at, event from prose_outbox \
    where parked_at is not null and id > ?1 order by id limit ?2";

/// What puts an event of a commit into the outbox.
pub(crate) fn keep(lease: &Lease, row: EventRow, now: i64) -> Statement {
    let RunKey { namespace, run_id } = lease.key.clone();
    let texts = [namespace, run_id, lease.uid.clone(), row.channel, row.event].map(Value::Text);
    Statement { sql: KEEP, values: texts.into_iter().chain([Value::Integer(now)]).collect() }
}

impl Batch<'_> {
    pub(crate) fn outbox(&self, job: &OutboxJob) -> rusqlite::Result<Answer> {
        let changed = match job {
            OutboxJob::Lead => self.lead()?,
            OutboxJob::StepDown => self.change(
                "update prose_relay set instance = null where instance = ?1",
                [&self.instance.id as &dyn rusqlite::ToSql],
            )?,
            OutboxJob::Published(ids) => {
                let mut delete = self.sql.prepare_cached("delete from prose_outbox where id = ?1")?;
                ids.iter().try_for_each(|id| delete.execute([id]).map(drop))?;
                true
            }
            OutboxJob::Rejected { id, error, again_at } => self.change(
                "update prose_outbox set rejections = rejections + 1, error = ?2, again_at = ?3, \
                 parked_at = case when ?3 is null then ?4 end where id = ?1",
                params![id, error, again_at, clock::now()],
            )?,
            OutboxJob::Release(id) => self.change(
                "update prose_outbox set rejections = 0, again_at = null, parked_at = null \
                 where id = ?1 and parked_at is not null",
                [id],
            )?,
        };
        Ok(Answer::Outbox(changed))
    }

    fn change(&self, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<bool> {
        Ok(self.sql.prepare_cached(sql)?.execute(values)? > 0)
    }

    fn lead(&self) -> rusqlite::Result<bool> {
        match self.leader()? {
            Leader::This => Ok(true),
            Leader::Other => Ok(false),
            Leader::Nobody => {
                self.change("update prose_relay set instance = ?1", [&self.instance.id as &dyn rusqlite::ToSql])
            }
        }
    }

    fn leader(&self) -> rusqlite::Result<Leader> {
        let instance: Option<Option<String>> = self
            .sql
            .prepare_cached("select instance from prose_relay where one = 1")?
            .query_row([], |row| row.get(0))
            .optional()?;
        Ok(match instance.flatten() {
            Some(leader) if leader == self.instance.id => Leader::This,
            Some(leader) if self.is_alive(&leader)? => Leader::Other,
            _ => Leader::Nobody,
        })
    }
}

/// Who publishes.
enum Leader {
    This,
    Other,
    Nobody,
}

/// What the relay may ask for at once.
fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn due(sql: &Connection, path: &Path, request: &DueRequest) -> Result<Vec<OutboxEvent>, StoreError> {
    let list = |channels: &[String]| serde_json::Value::from(channels.to_vec()).to_string();
    let (ordered, without) = (list(&request.ordered), list(&request.without));
    let mut events = Vec::new();
    let mut read = |row: &Row<'_>| {
        let (id, uid, channel, rejections) =
            (row.get("id")?, row.get("uid")?, row.get("channel")?, row.get("rejections")?);
        events.push(event(row, path, id)?.map(|event| OutboxEvent { id, uid, channel, rejections, event }));
        Ok(())
    };
    each(sql, DUE, params![clock::now(), ordered, without, bounded(request.limit)], &mut read)
        .map_err(|error| unavailable(path, error))?;
    events.into_iter().collect()
}

fn parked(sql: &Connection, path: &Path, behind: i64, limit: usize) -> Result<Vec<ParkedEvent>, StoreError> {
    let mut events = Vec::new();
    let mut read = |row: &Row<'_>| {
        let (id, channel, rejections) = (row.get("id")?, row.get("channel")?, row.get("rejections")?);
        let key = RunKey { namespace: row.get("namespace")?, run_id: row.get("run_id")? };
        let error = row.get::<_, Option<String>>("error")?.unwrap_or_default();
        let parked_at = from_millis(row.get("parked_at")?);
        events.push(event(row, path, id)?.map(|event| ParkedEvent {
            id,
            key,
            channel,
            rejections,
            error,
            parked_at,
            event,
        }));
        Ok(())
    };
    each(sql, PARKED, params![behind, bounded(limit)], &mut read).map_err(|error| unavailable(path, error))?;
    events.into_iter().collect()
}

fn each(
    sql: &Connection,
    query: &str,
    values: impl rusqlite::Params,
    read: &mut dyn FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut query = sql.prepare_cached(query)?;
    let mut rows = query.query(values)?;
    while let Some(row) = rows.next()? {
        read(row)?;
    }
    Ok(())
}

fn event(row: &Row<'_>, path: &Path, id: i64) -> rusqlite::Result<Result<EventRecord, StoreError>> {
    let text: String = row.get("event")?;
    Ok(EventRow::read(&text).map_err(|error| {
        refused(format!(
            "event {id} of the outbox in {} is none, and holds up the others: {error}; repair or delete its row in \
             prose_outbox",
            path.display()
        ))
    }))
}

impl SqliteStore {
    async fn due_now(&self, request: &DueRequest) -> Result<Option<Vec<OutboxEvent>>, StoreError> {
        let leader = self
            .read(|core, sql| Batch::reading(sql, core).leader().map_err(|error| unavailable(&core.path, error)))
            .await?;
        let leads = match leader {
            Leader::This => true,
            Leader::Other => false,
            Leader::Nobody => self.change_outbox(OutboxJob::Lead).await?,
        };
        // The heart of whoever publishes beats, though it may hold no run.
        self.core().leads.store(leads, Ordering::Relaxed);
        if !leads {
            return Ok(None);
        }
        let request = request.clone();
        self.read(move |core, sql| due(sql, &core.path, &request)).await.map(Some)
    }

    async fn change_outbox(&self, job: OutboxJob) -> Result<bool, StoreError> {
        match self.core().submit(Job::Outbox(job)).await?.answer {
            Answer::Outbox(changed) => Ok(changed),
            _ => Ok(false),
        }
    }

    async fn count_unpublished(&self, key: &RunKey) -> Result<u64, StoreError> {
        let key = key.clone();
        let count = move |sql: &Connection| {
            let mut query = sql.prepare_cached(
                "select count(*) from prose_outbox where namespace = ?1 and run_id = ?2 and parked_at is null",
            )?;
            query.query_row((key.namespace, key.run_id), |row| row.get::<_, i64>(0))
        };
        let counted = self.read(move |core, sql| count(sql).map_err(|error| unavailable(&core.path, error)));
        Ok(counted.await?.unsigned_abs())
    }
}

impl Outbox for SqliteStore {
    fn due<'a>(&'a self, request: &'a DueRequest) -> BoxFuture<'a, Result<Option<Vec<OutboxEvent>>, StoreError>> {
        Box::pin(self.due_now(request))
    }

    fn step_down(&self) {
        self.core().leads.store(false, Ordering::Relaxed);
        self.core().tell(Job::Outbox(OutboxJob::StepDown));
    }

    fn published<'a>(&'a self, ids: &'a [i64]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.change_outbox(OutboxJob::Published(ids.to_vec())).await.map(drop) })
    }

    fn rejected<'a>(&'a self, id: i64, rejection: &'a Rejection) -> BoxFuture<'a, Result<bool, StoreError>> {
        let Rejection { error, again_in } = rejection.clone();
        let again_at = again_in.map(|pause| clock::now().saturating_add(millis(pause)));
        Box::pin(self.change_outbox(OutboxJob::Rejected { id, error, again_at }))
    }

    fn unpublished<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(self.count_unpublished(key))
    }

    fn parked(&self, behind: i64, limit: usize) -> BoxFuture<'_, Result<Vec<ParkedEvent>, StoreError>> {
        Box::pin(self.read(move |core, sql| parked(sql, &core.path, behind, limit)))
    }

    fn release(&self, id: i64) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let released = self.change_outbox(OutboxJob::Release(id)).await?;
            self.core().bell.events_are_committed();
            Ok(released)
        })
    }

    fn bell(&self) -> &Bell {
        &self.core().bell
    }
}

fn millis(pause: Duration) -> i64 {
    i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)
}
