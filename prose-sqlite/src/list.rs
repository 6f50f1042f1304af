//! Lists of runs, for people.

use prose::store::queue::{ListRuns, RunSummary};
use prose::store::{RunKey, Status, from_millis};
use rusqlite::{Connection, Row, params};

/// The newest of one flow and status. One that was asked to end is in the list of those, and in no other.
pub(crate) const PAGE: &str = "\
    select run, namespace, run_id, flow, version, status, cancel_asked_at is not null cancel_asked, owner is null free, \
    created_at, updated_at, wake_at from prose_runs indexed by prose_runs_listed \
    where flow = ?1 and status = ?2 and namespace = ?3 and run < ?4 \
    and (?5 is null or ?5 = (cancel_asked_at is not null)) order by run desc limit ?6";

pub(crate) const BELOW: &str = "\
    select run, namespace, run_id, flow, version, status, cancel_asked_at is not null cancel_asked, owner is null free, \
    created_at, updated_at, wake_at from prose_runs \
    where parent = (select run from prose_runs where namespace = ?1 and run_id = ?2) \
    and status not in ('completed', 'failed', 'cancelled') order by run";

pub(crate) const NEXT_FLOW: &str = "select min(flow) from prose_runs where flow > ?1";

/// The statuses that stand in rows.
const WRITTEN: [Status; 7] = [
    Status::Running,
    Status::Waiting,
    Status::Compensating,
    Status::Blocked,
    Status::Completed,
    Status::Failed,
    Status::Cancelled,
];

/// Reads a page: that of each flow and status that is asked for, and the newest of them.
pub(crate) fn page(sql: &Connection, request: &ListRuns) -> rusqlite::Result<Vec<RunSummary>> {
    let mut runs = Vec::new();
    for flow in flows(sql, request)? {
        for status in WRITTEN {
            let Some(cancel_asked) = asked(status, request.status) else { continue };
            let (behind, limit) =
                (request.behind.unwrap_or(i64::MAX), i64::try_from(request.limit).unwrap_or(i64::MAX));
            let values = params![flow, status.as_str(), request.namespace, behind, cancel_asked, limit];
            for run in sql.prepare_cached(PAGE)?.query_map(values, summary)? {
                runs.push(run?);
            }
        }
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.place));
    runs.truncate(request.limit);
    Ok(runs)
}

fn flows(sql: &Connection, request: &ListRuns) -> rusqlite::Result<Vec<String>> {
    if let Some(flow) = &request.flow {
        return Ok(vec![flow.clone()]);
    }
    let mut flows: Vec<String> = Vec::new();
    let mut query = sql.prepare_cached(NEXT_FLOW)?;
    while let Some(flow) = query.query_row([flows.last().map_or("", String::as_str)], |row| row.get(0))? {
        flows.push(flow);
    }
    Ok(flows)
}

/// Whether the runs of a written status are asked for: `None`: they are not; else whether those that were asked to end are (`Some(None)`:
/// both).
fn asked(written: Status, asked: Option<Status>) -> Option<Option<bool>> {
    let may_be_cancelling = matches!(written, Status::Running | Status::Waiting | Status::Blocked);
    match asked {
        None => Some(None),
        Some(Status::Cancelling) if may_be_cancelling => Some(Some(true)),
        Some(status) if status == written => Some(may_be_cancelling.then_some(false)),
        Some(_) => None,
    }
}

/// Reads the unfinished runs right below one.
pub(crate) fn below(sql: &Connection, key: &RunKey) -> rusqlite::Result<Vec<RunSummary>> {
    let mut query = sql.prepare_cached(BELOW)?;
    query.query_map([&key.namespace, &key.run_id], summary)?.collect()
}

fn summary(row: &Row<'_>) -> rusqlite::Result<RunSummary> {
    let status = crate::job::shown(&row.get::<_, String>("status")?, row.get("cancel_asked")?);
    let is_free: bool = row.get("free")?;
    let wake_at: Option<i64> = row.get("wake_at")?;
    Ok(RunSummary::new(
        row.get("run")?,
        RunKey { namespace: row.get("namespace")?, run_id: row.get("run_id")? },
        row.get("flow")?,
        row.get("version")?,
        status,
        from_millis(row.get("created_at")?),
        from_millis(row.get("updated_at")?),
        wake_at.filter(|_| is_free && !status.is_ended()).map(from_millis),
    ))
}
