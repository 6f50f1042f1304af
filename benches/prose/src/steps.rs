//! Row a: ten steps, each with a result of 100 bytes.

use std::convert::Infallible;
use std::sync::Arc;

use bench_protocol::{Args, Beats, Meter, emit, payload};
use prose::{Ctx, flow};

use crate::{Result, at_once, place};

/// As many as there are in the flow.
const STEPS: usize = 10;

/// The first creates the run, each other one records the step before it, and the end is one more.
const COMMITS: usize = STEPS + 1;

fn work(beats: &Beats, run: usize, step: usize) -> String {
    beats.mark(run, step);
    payload(run, step)
}

#[flow]
async fn ten_steps(ctx: Ctx<Beats>, run: usize) -> Result<String, Infallible> {
    #[step]
    let s0: String = work(&ctx.deps, run, 0);
    #[step]
    let s1: String = work(&ctx.deps, run, 1);
    #[step]
    let s2: String = work(&ctx.deps, run, 2);
    #[step]
    let s3: String = work(&ctx.deps, run, 3);
    #[step]
    let s4: String = work(&ctx.deps, run, 4);
    #[step]
    let s5: String = work(&ctx.deps, run, 5);
    #[step]
    let s6: String = work(&ctx.deps, run, 6);
    #[step]
    let s7: String = work(&ctx.deps, run, 7);
    #[step]
    let s8: String = work(&ctx.deps, run, 8);
    #[step]
    let s9: String = work(&ctx.deps, run, 9);
    let _ = (s0, s1, s2, s3, s4, s5, s6, s7, s8);
    Ok(s9)
}

pub(crate) async fn measure(args: &Args) -> Result<()> {
    let (store, beats) = (place::store(args).await?, Arc::new(Beats::new(args.runs, STEPS)));
    let steps = args.runs * STEPS;
    let meter = Meter::start();
    let marks = Arc::clone(&beats);
    at_once::run(args, move |run| {
        let call = ten_steps(run).deps(Arc::clone(&marks)).durable(&store, format!("run-{run}"));
        async move {
            call.await?;
            Ok(())
        }
    })
    .await?;
    let seconds = meter.finish(steps);
    emit("commits_per_s", (args.runs * COMMITS) as f64 / seconds);
    beats.emit();
    Ok(())
}

#[cfg(test)]
mod tests {
    use bench_protocol::COMMIT_BYTES;
    use prose_sqlite::SqliteStore;

    use super::*;

    /// The texts of a row in the log, on average: what bare inserts are given to write.
    #[tokio::test]
    async fn bytes_of_a_commit() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("runs.db")).await.unwrap();
        let beats = Arc::new(Beats::new(2, STEPS));
        for run in 0..2 {
            ten_steps(run).deps(Arc::clone(&beats)).durable(&store, format!("run-{run}")).await.unwrap();
        }
        let db = store.database().await.unwrap();
        let texts = "select name from pragma_table_info('prose_commits') where type = 'TEXT'";
        let texts: Vec<String> = sqlx::query_scalar(texts).fetch_all(db.pool()).await.unwrap();
        let mut bytes = 0.0;
        for text in &texts {
            let average = format!("select avg(coalesce(octet_length({text}), 0)) from prose_commits");
            bytes += sqlx::query_scalar::<_, f64>(sqlx::AssertSqlSafe(average)).fetch_one(db.pool()).await.unwrap();
        }
        assert_eq!(bytes.round() as usize, COMMIT_BYTES, "{bytes} in {texts:?}");
    }
}
