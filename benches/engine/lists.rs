//! Lists and `prune` beside very many finished runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use prose::store::queue::ListRuns;
use prose::{Engine, Status};

use super::Result;
use super::flows::quick;
use super::place::Place;
use super::table::{p50_and_p99, row};

/// How many are pruned.
const OLDEST: u32 = 10_000;

/// The copies have ended one in each second, until now.
const EACH: Duration = Duration::from_secs(1);

pub(crate) async fn lists(new: impl Fn() -> Result<Place>, runs: u32) -> Result<()> {
    let place = new()?;
    let (_store, builder) = place.engine(&Arc::default()).await?;
    let engine = builder.start().await?;
    engine.submit(quick(1).run_id("one")).await?.await?;
    fill(&place, runs).await?;
    let flow = Some("quick".to_owned());
    let all = ListRuns::default();
    page(&place, &engine, runs, "of all runs", &all).await?;
    page(&place, &engine, runs, "of a flow", &ListRuns { flow: flow.clone(), ..all.clone() }).await?;
    for (status, name) in [(Status::Failed, "failed ones"), (Status::Completed, "completed ones")] {
        let status = Some(status);
        page(&place, &engine, runs, &format!("of {name}"), &ListRuns { status, ..all.clone() }).await?;
        let both = ListRuns { status, flow: flow.clone(), ..all.clone() };
        page(&place, &engine, runs, &format!("of {name} of a flow"), &both).await?;
    }
    let none = ListRuns { status: Some(Status::Waiting), ..all };
    page(&place, &engine, runs, "of waiting ones, of which there are none", &none).await?;
    prune(&place, &engine, runs).await?;
    place.remove().await
}

/// A page at the front, in the middle and near the end.
async fn page(place: &Place, engine: &Engine, runs: u32, what: &str, request: &ListRuns) -> Result<()> {
    let mut seen = Vec::new();
    for (name, behind) in [("first", None), ("middle", Some(runs / 2)), ("deep", Some(runs / 100))] {
        let (mut times, request) = (Vec::new(), ListRuns { behind: behind.map(i64::from), ..request.clone() });
        for _ in 0..20 {
            let began = Instant::now();
            engine.list(&request).await?;
            times.push(began.elapsed());
        }
        seen.push(format!("{name}: {}", p50_and_p99(&mut times)));
    }
    row(place, &format!("a page of 100, {what}, of {runs} finished"), seen.join("; "), "by index");
    Ok(())
}

async fn prune(place: &Place, engine: &Engine, runs: u32) -> Result<()> {
    let began = Instant::now();
    let pruned = engine.prune(EACH * (runs - OLDEST)).await?;
    let took = began.elapsed();
    if pruned == 0 {
        return Err("nothing was pruned".into());
    }
    row(place, &format!("`prune` of the oldest {pruned} of {runs}"), format!("{took:.2?}"), "by index");
    Ok(())
}

async fn fill(place: &Place, runs: u32) -> Result<()> {
    let status = "case n % 20 when 0 then 'failed' when 1 then 'cancelled' else 'completed' end";
    let ended = match place.is_sqlite() {
        true => format!("updated_at - ({runs} - n) * 1000"),
        false => format!("updated_at - ({runs} - n) * interval '1 second'"),
    };
    copy(place, "run_id = 'one'", runs, status, &ended).await
}

/// Copies a run so often, with all that belongs to it. Of each copy, `n` is its number.
pub(crate) async fn copy(place: &Place, which: &str, runs: u32, status: &str, ended: &str) -> Result<()> {
    const SAME: &str = "version, fingerprint, epoch, created_at, wake_at, awaits";
    let columns = format!("namespace, run_id, uid, flow, status, updated_at, {SAME}");
    let values = format!("namespace, run_id || '-copy-' || n, uid || '-' || n, flow, {status}, {ended}, {SAME}");
    let (commits, details) = (
        "seq, epoch, at, point, phase, iterations, completed, dropped, writes, compensable, undoing, ending, fingerprint",
        "correlation_id, input, output, failed_step, error",
    );
    let of_copies = |prefix: &str, table: &str, columns: &str| {
        let taken: Vec<_> = columns.split(", ").map(|column| format!("own.{column}")).collect();
        format!(
            "insert into {prefix}{table} (run, {columns}) select copy.run, {} from {prefix}runs copy \
             cross join {prefix}{table} own where own.run = (select run from {prefix}runs where {which}) \
             and copy.run_id like (select run_id from {prefix}runs where {which}) || '-copy-%';",
            taken.join(", ")
        )
    };
    let sqlite = format!(
        "begin; insert into prose_runs ({columns}) \
         with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < {runs}) \
         select {values} from prose_runs cross join numbers where {which}; {} {} commit; analyze; pragma wal_checkpoint(truncate);",
        of_copies("prose_", "commits", commits),
        of_copies("prose_", "details", details),
    );
    let postgres = format!(
        "insert into runs (key, {columns}) \
         select sha256(convert_to(namespace || U&'\\0001' || '/' || run_id || '-copy-' || n, 'UTF8')), {values} \
         from runs cross join generate_series(1, {runs}) as numbers (n) where {which}; {} {} analyze;",
        of_copies("", "commits", commits),
        of_copies("", "details", details),
    );
    place.execute(&sqlite, &postgres).await
}
