//! The memory of runs that sleep.

use std::time::{Duration, Instant};

use bench_protocol::{emit, resident_bytes};

use crate::{Failure, Outcome};

/// How long it may take from the last submission until all runs sleep.
const PATIENCE: Duration = Duration::from_secs(120);

/// Row `g`: submits so many runs by `submit`, waits until `asleep` counts all of them, and prints what the process has grown by for each.
///
/// # Errors
///
/// Those of both, and if the runs do not go to sleep.
pub async fn sleeping<S, A>(runs: usize, submit: impl FnOnce() -> S, asleep: impl Fn() -> A) -> Outcome
where
    S: Future<Output = Outcome>,
    A: Future<Output = Result<usize, Failure>>,
{
    let before = resident_bytes();
    submit().await?;
    let submitted = Instant::now();
    while asleep().await? < runs {
        if submitted.elapsed() > PATIENCE {
            return Err("the runs do not go to sleep".into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let grown = resident_bytes().saturating_sub(before);
    emit("bytes_per_run", grown as f64 / runs as f64);
    Ok(())
}
