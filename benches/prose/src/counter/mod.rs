//! Row c: ten transactions that read the one counter row, and write it.

mod postgres;
mod sqlite;

use std::sync::Arc;

use bench_protocol::{Args, Beats, Meter, unsupported};

use crate::place::Both;
use crate::{Result, at_once, place};

/// What the flows find in `ctx.deps`.
struct Counted<Db> {
    db: Db,
    beats: Beats,
}

const TABLE: &str = "create table counter (n bigint not null)";
const ROW: &str = "insert into counter values (0)";
const READ: &str = "select n from counter";

pub(crate) async fn measure(args: &Args) -> Result<()> {
    let beats = Beats::new(args.runs, args.steps);
    let steps = args.steps;
    let id = |run| format!("run-{run}");
    let counted = match place::both(args).await? {
        Some(Both::Sqlite(store, db)) => {
            sqlx::raw_sql(TABLE).execute(db.pool()).await?;
            sqlx::raw_sql(ROW).execute(db.pool()).await?;
            let deps = Arc::new(Counted { db, beats });
            let meter = Meter::start();
            let called = Arc::clone(&deps);
            let call = move |run| sqlite::count((run, steps)).deps(Arc::clone(&called)).durable(&store, id(run));
            at_once::run(args, move |run| finish(call(run))).await?;
            meter.finish(args.all_steps());
            deps.beats.emit();
            sqlx::query_scalar(READ).fetch_one(deps.db.pool()).await?
        }
        Some(Both::Postgres(store, db)) => {
            sqlx::raw_sql(TABLE).execute(db.pool()).await?;
            sqlx::raw_sql(ROW).execute(db.pool()).await?;
            let deps = Arc::new(Counted { db, beats });
            let meter = Meter::start();
            let called = Arc::clone(&deps);
            let call = move |run| postgres::count((run, steps)).deps(Arc::clone(&called)).durable(&store, id(run));
            at_once::run(args, move |run| finish(call(run))).await?;
            meter.finish(args.all_steps());
            deps.beats.emit();
            sqlx::query_scalar(READ).fetch_one(deps.db.pool()).await?
        }
        None => {
            unsupported("it has no transactions");
            return Ok(());
        }
    };
    let counted: i64 = counted;
    args.assert_counted(usize::try_from(counted)?);
    Ok(())
}

async fn finish<E: std::error::Error + Send + Sync + 'static>(call: impl Future<Output = Result<(), E>>) -> Result<()> {
    Ok(call.await?)
}
