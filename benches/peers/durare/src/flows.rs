//! The flows that are measured.

use std::sync::Arc;
use std::time::Duration;

use bench_peers::Watch;
use bench_protocol::payload;
use durare::{DurableContext, DurableEngineBuilder, Error, Result, params};
use futures_util::future::try_join_all;

/// One row with a count, for row `c`.
pub(crate) const COUNTER: &str = "create table counter (id integer primary key, count bigint not null);
    insert into counter values (1, 0)";

/// What is counted in the end.
pub(crate) const COUNT: &str = "select count from counter where id = 1";

/// In a transaction on Postgres: without the lock two of them read the same count, and one is lost. SQLite has one writer, and no such words.
pub(crate) const COUNT_LOCKED: &str = "select count from counter where id = 1 for update";

/// A flow of so many steps; its input is the run's number.
pub(crate) fn steps(engine: &mut DurableEngineBuilder, steps: usize, watch: Arc<Watch>) {
    engine.register("steps", move |ctx: DurableContext, run: usize| {
        let watch = watch.clone();
        async move {
            for step in 0..steps {
                ctx.step("step", || async {
                    watch.body(run, step).await;
                    Ok(payload(run, step))
                })
                .await?;
            }
            Ok::<_, Error>(())
        }
    });
}

/// So many transactions that read the counter and write it.
pub(crate) fn counts(engine: &mut DurableEngineBuilder, read: &'static str, steps: usize, watch: Arc<Watch>) {
    engine.register("counts", move |ctx: DurableContext, run: usize| {
        let watch = watch.clone();
        async move {
            for step in 0..steps {
                count(&ctx, read, run, step, watch.clone()).await?;
            }
            Ok::<_, Error>(())
        }
    });
}

async fn count(ctx: &DurableContext, read: &'static str, run: usize, step: usize, watch: Arc<Watch>) -> Result<i64> {
    ctx.transaction("count", move |tx| {
        let watch = watch.clone();
        Box::pin(async move {
            watch.body(run, step).await;
            let row = tx.query_one(read, &params![]).await?;
            let count = row.get::<i64>("count");
            tx.execute("update counter set count = ? where id = 1", &params![count + 1]).await?;
            Ok(count)
        })
    })
    .await
}

/// So many steps, all of them at once, as its guide says: made in order, then awaited together.
pub(crate) fn fan_out(engine: &mut DurableEngineBuilder, width: usize) {
    engine.register("fan-out", move |ctx: DurableContext, run: usize| async move {
        let steps = (0..width).map(|step| ctx.step("element", move || async move { Ok(payload(run, step)) }));
        let results = try_join_all(steps.collect::<Vec<_>>()).await?;
        Ok::<_, Error>(results.len())
    });
}

/// Sleeps for longer than the benchmark takes.
pub(crate) fn sleeper(engine: &mut DurableEngineBuilder) {
    engine.register("sleeper", |ctx: DurableContext, _run: usize| async move {
        ctx.sleep(Duration::from_secs(24 * 3600)).await?;
        Ok::<_, Error>(())
    });
}
