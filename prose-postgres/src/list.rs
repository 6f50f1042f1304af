//! Looking at many runs: a page of a list, which have ended, which are to end.

use prose::StoreError;
use prose::store::queue::{ListRuns, RunSummary};
use prose::store::rows::RowError;
use prose::store::{RunKey, Status, from_millis};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, Row};

use crate::core::Core;
use crate::load::Unreadable;
use crate::patience::answered;
use crate::text::{escape, key as key_text, unescape};

/// The newest of each flow with each status, and the newest of these. What is asked for of all flows goes from flow to flow in their index.
///
/// Of a status there are those from it on and up to it, in this order, which the index alone gives. Asked for by `=`, and sorted by `run`, they
/// may be looked for among all runs, newest first, which takes long where few or none have that status.
const LIST: &str = "\
    with recursive {flows} \
    select {listed} \
    from flows cross join unnest($2::text[]) as asked (status) cross join lateral ( \
        select * from {s}.runs run \
        where run.flow = flows.flow and run.status >= asked.status \
            and (run.status, left(run.namespace, 100), run.run) < (asked.status, left($1, 100), $3) \
            and run.namespace = $1 and {which} \
        order by run.status desc, left(run.namespace, 100) desc, run.run desc limit $4 \
    ) listed \
    where flows.flow is not null \
    order by listed.run desc limit $4";

/// What is read of each run `listed`. One that was asked to end is `cancelling`, unless it is being undone.
const LISTED: &str = "\
    listed.run, listed.namespace, listed.run_id, listed.flow, listed.version, \
    case when listed.cancel_asked_at is not null and listed.status in ('running', 'waiting', 'blocked') then 'cancelling' \
        else listed.status end as status, \
    floor(extract(epoch from listed.created_at) * 1000)::int8 as created_at, \
    floor(extract(epoch from listed.updated_at) * 1000)::int8 as updated_at, \
    case when listed.owner is null and listed.status not in ('completed', 'failed', 'cancelled') \
        then floor(extract(epoch from listed.wake_at) * 1000)::int8 end as wake_at";

const BELOW: &str = "\
    select {listed} from {s}.runs parent join {s}.runs listed on listed.parent = parent.run \
    where parent.key = sha256(convert_to($1, 'UTF8')) and listed.status not in ('completed', 'failed', 'cancelled') \
    order by listed.run";

const ONE_FLOW: &str = "flows as (select $5::text as flow)";

const ALL_FLOWS: &str = "\
    flows as ( \
        (select flow from {s}.runs where $5::text is null order by flow limit 1) \
        union all \
        select (select run.flow from {s}.runs run where run.flow > flows.flow order by run.flow limit 1) \
        from flows where flows.flow is not null \
    )";

const CANCELLING: [Status; 3] = [Status::Running, Status::Waiting, Status::Blocked];

const ALL: [Status; 7] = [
    Status::Running,
    Status::Waiting,
    Status::Compensating,
    Status::Completed,
    Status::Failed,
    Status::Cancelled,
    Status::Blocked,
];

const ENDED: &str = "\
    select asked.place from unnest($1::text[]) with ordinality as asked (name, place) \
    left join {s}.runs run on run.key = sha256(convert_to(asked.name, 'UTF8')) \
    where run.run is null or run.status in ('completed', 'failed', 'cancelled') order by asked.place";

const ASKED_TO_CANCEL: &str = "\
    select namespace, run_id, epoch from {s}.runs \
    where owner = $1 and cancel_asked_at is not null and status not in ('completed', 'failed', 'cancelled') order by run";

impl Core {
    /// A page of runs, the newest first.
    pub(crate) async fn list(&self, request: &ListRuns) -> Result<Vec<RunSummary>, StoreError> {
        let (statuses, which) = match request.status {
            None => (ALL.to_vec(), "true"),
            Some(Status::Cancelling) => (CANCELLING.to_vec(), "run.cancel_asked_at is not null"),
            Some(status) if CANCELLING.contains(&status) => (vec![status], "run.cancel_asked_at is null"),
            Some(status) => (vec![status], "true"),
        };
        let _tried_for_long = self.released().await;
        let text = LIST
            .replace("{flows}", if request.flow.is_some() { ONE_FLOW } else { ALL_FLOWS })
            .replace("{listed}", LISTED)
            .replace("{which}", which);
        let sql = self.schema.sql(&text);
        let statuses: Vec<_> = statuses.into_iter().map(Status::as_str).collect();
        let listing = answered(|| {
            let query = sqlx::query(sql.clone()).bind(escape(&request.namespace)).bind(&statuses);
            let query = query.bind(request.behind.unwrap_or(i64::MAX)).bind(bound(request.limit));
            self.link.within(query.bind(request.flow.as_deref().map(escape)).fetch_all(&self.pool))
        });
        let rows = listing.await.map_err(|error| self.unavailable(error))?.value;
        let read = rows.iter().map(summary).collect::<Result<_, _>>();
        read.map_err(|error| {
            self.unreadable(&RunKey { namespace: request.namespace.clone(), run_id: String::new() }, error)
        })
    }

    /// The unfinished runs right below one.
    pub(crate) async fn below(&self, key: &RunKey) -> Result<Vec<RunSummary>, StoreError> {
        let (sql, name) = (self.schema.sql(&BELOW.replace("{listed}", LISTED)), key_text(key));
        let asking = answered(|| self.link.within(sqlx::query(sql.clone()).bind(&name).fetch_all(&self.pool)));
        let rows = asking.await.map_err(|error| self.unavailable(error))?.value;
        rows.iter().map(summary).collect::<Result<_, _>>().map_err(|error| self.unreadable(key, error))
    }

    /// Which of these have ended, or are not there.
    pub(crate) async fn which_have_ended(&self, keys: &[RunKey]) -> Result<Vec<RunKey>, StoreError> {
        let names: Vec<_> = keys.iter().map(key_text).collect();
        let asking = answered(|| {
            let query = sqlx::query_scalar::<Postgres, i64>(self.schema.sql(ENDED)).bind(&names);
            self.link.within(query.fetch_all(&self.pool))
        });
        let places = asking.await.map_err(|error| self.unavailable(error))?.value;
        let key = |place: i64| keys.get(usize::try_from(place - 1).ok()?).cloned();
        Ok(places.into_iter().filter_map(key).collect())
    }

    /// Which of this instance's runs are to end.
    pub(crate) async fn asked_to_cancel(&self) -> Result<Vec<RunKey>, StoreError> {
        let asking = answered(|| {
            let query = sqlx::query_as::<_, (String, String, i64)>(self.schema.sql(ASKED_TO_CANCEL));
            self.link.within(query.bind(&self.instance.id).fetch_all(&self.pool))
        });
        let rows = asking.await.map_err(|error| self.unavailable(error))?.value;
        let key = |(namespace, run_id, epoch): (String, String, i64)| {
            (RunKey { namespace: unescape(namespace), run_id: unescape(run_id) }, epoch.unsigned_abs())
        };
        // One that is about to be given back is executed no more.
        let executed = |(key, epoch): (RunKey, u64)| self.holds.contains(&key, epoch).then_some(key);
        Ok(rows.into_iter().map(key).filter_map(executed).collect())
    }
}

fn summary(row: &PgRow) -> Result<RunSummary, Unreadable> {
    let text = |column: &str| row.try_get::<String, _>(column).map(unescape);
    let (status, version): (String, i64) = (row.try_get("status")?, row.try_get("version")?);
    let no_status = || RowError::Content(format!("`{status}` is no status that this version knows"));
    let version =
        u32::try_from(version).map_err(|_| RowError::Content(format!("`{version}` is no version of a flow")))?;
    Ok(RunSummary::new(
        row.try_get("run")?,
        RunKey { namespace: text("namespace")?, run_id: text("run_id")? },
        text("flow")?,
        version,
        Status::parse(&status).ok_or_else(no_status)?,
        from_millis(row.try_get("created_at")?),
        from_millis(row.try_get("updated_at")?),
        row.try_get::<Option<i64>, _>("wake_at")?.map(from_millis),
    ))
}

fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
