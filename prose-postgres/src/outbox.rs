//! The outbox: events that were committed and wait for a relay, and which instance's relay publishes them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use prose::StoreError;
use prose::store::rows::EventRow;
use prose::store::{Bell, BoxFuture, DueRequest, Outbox, OutboxEvent, ParkedEvent, Rejection, RunKey, from_millis};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::core::Core;
use crate::error::refused;
use crate::instance::ALIVE;
use crate::load::Unreadable;
use crate::patience::{Answered, answered};
use crate::text::{escape, key as key_text, unescape};

/// The outbox of an opened store.
#[derive(Debug)]
pub(crate) struct PostgresOutbox(pub(crate) Arc<Core>);

/// Leads if nobody alive does, and then looks. Where this instance leads already, nothing is written. A row for each event; one
/// without an event tells who leads where there is none.
const DUE: &str = "\
    with led as ( \
        update {s}.relay set instance = $1 where relay.instance is distinct from $1 and ( \
            relay.instance is null or not exists ( \
                select from {s}.instances instance where instance.instance = relay.instance and {alive} \
            ) \
        ) returning true \
    ), leads as ( \
        select exists (select from led) or exists (select from {s}.relay where instance = $1) as leads \
    ) \
    select leads.leads, due.id, due.uid, due.channel, due.rejections, due.event \
    from leads left join lateral ( \
        select waiting.id, waiting.uid, waiting.channel, waiting.rejections, waiting.event from {s}.outbox waiting \
        where leads.leads and waiting.parked_at is null and waiting.channel <> all($4::text[]) and not exists ( \
            select from {s}.outbox held where held.run = waiting.run and held.channel = waiting.channel \
                and held.id <= waiting.id and (held.again_at is not null or held.parked_at is not null) \
                and case when held.parked_at is null then held.again_at > clock_timestamp() \
                    else held.channel = any($2::text[]) end \
        ) \
        order by waiting.id limit $3 \
    ) due on true \
    order by due.id";

const STEP_DOWN: &str = "update {s}.relay set instance = null where instance = $1";

const PUBLISHED: &str = "delete from {s}.outbox where id = any($1)";

const REJECTED: &str = "\
    update {s}.outbox set rejections = rejections + 1, error = $2, \
        again_at = clock_timestamp() + make_interval(secs => $3), \
        parked_at = case when $3 is null then clock_timestamp() else parked_at end \
    where id = $1";

const UNPUBLISHED: &str = "\
    select count(*) from {s}.outbox where key = sha256(convert_to($1, 'UTF8')) and parked_at is null";

const PARKED: &str = "\
    select id, namespace, run_id, channel, rejections, error, event, \
        floor(extract(epoch from parked_at) * 1000)::int8 as parked_at \
    from {s}.outbox where id > $1 and parked_at is not null order by id limit $2";

const RELEASE: &str = "\
    update {s}.outbox set rejections = 0, again_at = null, parked_at = null where id = $1 and parked_at is not null";

/// Instants of Postgres end; nobody waits so long.
const LONGEST_PAUSE: Duration = Duration::from_secs(365 * 24 * 3_600);

impl Outbox for PostgresOutbox {
    fn due<'a>(&'a self, request: &'a DueRequest) -> BoxFuture<'a, Result<Option<Vec<OutboxEvent>>, StoreError>> {
        Box::pin(self.look(request))
    }

    fn step_down(&self) {
        let core = Arc::clone(&self.0);
        self.0.runtime.spawn(async move {
            let sql = core.schema.sql(STEP_DOWN);
            let stepping = core.link.within(sqlx::query(sql).bind(&core.instance.id).execute(&core.pool)).await;
            if let Err(error) = stepping {
                tracing::warn!(place = core.place, %error, "another relay can publish only when this store is closed");
            }
        });
    }

    fn published<'a>(&'a self, ids: &'a [i64]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let sql = self.0.schema.sql(PUBLISHED);
            self.ask(|| sqlx::query(sql.clone()).bind(ids).execute(&self.0.pool)).await.map(drop)
        })
    }

    fn rejected<'a>(&'a self, id: i64, rejection: &'a Rejection) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let sql = self.0.schema.sql(REJECTED);
            let pause = rejection.again_in.map(|pause| pause.min(LONGEST_PAUSE).as_secs_f64());
            let rejecting = || {
                let query = sqlx::query(sql.clone()).bind(id).bind(escape(&rejection.error)).bind(pause);
                query.execute(&self.0.pool)
            };
            Ok(self.ask(rejecting).await?.value.rows_affected() > 0)
        })
    }

    fn unpublished<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let (sql, name) = (self.0.schema.sql(UNPUBLISHED), key_text(key));
            let count = self.ask(|| sqlx::query_scalar::<_, i64>(sql.clone()).bind(&name).fetch_one(&self.0.pool));
            Ok(count.await?.value.unsigned_abs())
        })
    }

    fn parked(&self, behind: i64, limit: usize) -> BoxFuture<'_, Result<Vec<ParkedEvent>, StoreError>> {
        Box::pin(async move {
            let sql = self.0.schema.sql(PARKED);
            let rows = self.ask(|| sqlx::query(sql.clone()).bind(behind).bind(bound(limit)).fetch_all(&self.0.pool));
            rows.await?.value.iter().map(|row| self.read(row, parked)).collect()
        })
    }

    fn release(&self, id: i64) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let sql = self.0.schema.sql(RELEASE);
            let released = self.ask(|| sqlx::query(sql.clone()).bind(id).execute(&self.0.pool)).await?;
            self.0.bell.events_are_committed();
            Ok(released.value.rows_affected() > 0 || released.resent)
        })
    }

    fn bell(&self) -> &Bell {
        &self.0.bell
    }
}

impl PostgresOutbox {
    async fn look(&self, request: &DueRequest) -> Result<Option<Vec<OutboxEvent>>, StoreError> {
        let sql = self.0.schema.sql(&DUE.replace("{alive}", &ALIVE.replace("{i}", "instance")));
        let texts = |channels: &[String]| channels.iter().map(|one| escape(one).into_owned()).collect::<Vec<_>>();
        let (ordered, without) = (texts(&request.ordered), texts(&request.without));
        let looking = || {
            let query = sqlx::query(sql.clone()).bind(&self.0.instance.id).bind(&ordered);
            query.bind(bound(request.limit)).bind(&without).fetch_all(&self.0.pool)
        };
        let rows = self.ask(looking).await?.value;
        let leads = rows.first().map(|row| row.try_get::<bool, _>("leads")).transpose();
        if !leads.map_err(|error| self.0.unavailable(error))?.unwrap_or_default() {
            return Ok(None);
        }
        let events = rows.iter().map(|row| self.read(row, due)).collect::<Result<Vec<_>, _>>()?;
        Ok(Some(events.into_iter().flatten().collect()))
    }

    async fn ask<T, F>(&self, attempt: impl Fn() -> F) -> Result<Answered<T>, StoreError>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let asking = answered(|| self.0.link.within(attempt()));
        asking.await.map_err(|error| self.0.unavailable(error))
    }

    fn read<T>(&self, row: &PgRow, read: fn(&PgRow) -> Result<T, Unreadable>) -> Result<T, StoreError> {
        read(row).map_err(|error| {
            let id = row.try_get::<i64, _>("id").unwrap_or_default();
            refused(format!("event {id} in the outbox of {} cannot be read: {error}", self.0.place))
        })
    }
}

/// `None` in the row that stands where there is no event.
fn due(row: &PgRow) -> Result<Option<OutboxEvent>, Unreadable> {
    let Some(id) = row.try_get("id")? else { return Ok(None) };
    Ok(Some(OutboxEvent {
        id,
        uid: unescape(row.try_get("uid")?),
        channel: unescape(row.try_get("channel")?),
        rejections: count(row)?,
        event: EventRow::read(row.try_get("event")?)?,
    }))
}

fn parked(row: &PgRow) -> Result<ParkedEvent, Unreadable> {
    Ok(ParkedEvent {
        id: row.try_get("id")?,
        key: RunKey { namespace: unescape(row.try_get("namespace")?), run_id: unescape(row.try_get("run_id")?) },
        channel: unescape(row.try_get("channel")?),
        rejections: count(row)?,
        error: row.try_get::<Option<String>, _>("error")?.map(unescape).unwrap_or_default(),
        parked_at: from_millis(row.try_get("parked_at")?),
        event: EventRow::read(row.try_get("event")?)?,
    })
}

fn count(row: &PgRow) -> Result<u32, sqlx::Error> {
    Ok(u32::try_from(row.try_get::<i64, _>("rejections")?).unwrap_or(u32::MAX))
}

fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
