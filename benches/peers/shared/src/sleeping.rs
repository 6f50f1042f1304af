//! The memory of runs that sleep.

use std::ops::Range;
use std::time::{Duration, Instant};

use bench_protocol::{Args, SETTLES, emit, resident_bytes};

use crate::{Failure, Outcome};

/// How long it may take from the last submission until all runs sleep.
const PATIENCE: Duration = Duration::from_secs(120);

/// Row `g`: puts runs to sleep, those that warm up first, and prints what the process has then grown by for each. `submit` gives the engine the
/// runs of these numbers, `asleep` counts all that sleep.
///
/// # Errors
///
/// Those of both, and if the runs do not go to sleep.
pub async fn sleeping<S, A>(args: &Args, submit: impl Fn(Range<usize>) -> S, asleep: impl Fn() -> A) -> Outcome
where
    S: Future<Output = Outcome>,
    A: Future<Output = Result<usize, Failure>>,
{
    let put_to_sleep = async |numbers: Range<usize>| {
        let all = numbers.end;
        submit(numbers).await?;
        until_all_sleep(all, &asleep).await
    };
    let warm = args.warm_up();
    put_to_sleep(0..warm).await?;
    let before = resident_bytes();
    put_to_sleep(warm..warm + args.runs).await?;
    // It may have shrunk.
    let grown = resident_bytes() as f64 - before as f64;
    emit("bytes_per_run", grown / args.runs as f64);
    Ok(())
}

async fn until_all_sleep<A>(all: usize, asleep: impl Fn() -> A) -> Outcome
where
    A: Future<Output = Result<usize, Failure>>,
{
    let submitted = Instant::now();
    while asleep().await? < all {
        if submitted.elapsed() > PATIENCE {
            return Err("the runs do not go to sleep".into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(SETTLES).await;
    Ok(())
}
