//! An engine that dies with a run under way, and comes back.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use bench_protocol::emit;
use tokio::sync::Semaphore;

use crate::{Failure, Outcome};

/// The body in which the run stays until the engine dies.
#[derive(Debug)]
pub struct Stop {
    step: usize,
    reached: Semaphore,
    when: Mutex<Option<Instant>>,
}

impl Stop {
    /// In the body of this step; all in front of it are committed.
    pub fn new(step: usize) -> Self {
        Self { step, reached: Semaphore::new(0), when: Mutex::new(None) }
    }

    /// To be called in each body with the step's number: comes back from all but one.
    pub async fn body(&self, step: usize) {
        if step == self.step {
            let now = Instant::now();
            if let Ok(mut when) = self.when.lock() {
                when.get_or_insert(now);
            }
            self.reached.add_permits(1);
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the run stands there; when it came there.
    async fn reached(&self) -> Result<Instant, Failure> {
        self.reached.acquire().await?.forget();
        let mut when = self.when.lock().map_err(|poisoned| Failure::from(poisoned.to_string()))?;
        when.take().ok_or_else(|| "the run is there".into())
    }
}

/// A runtime that does this and then ends as a killed process does: whatever goes on in it is dropped where it stands.
///
/// # Errors
///
/// Those of the work.
pub fn life<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(10));
    done
}

/// Row `e`. `begin` gives a new engine the run; `again` opens the old data, takes the time, lets an engine go on with what it finds there, and
/// returns the time with whatever has to be kept alive. Each is a [`life`], which ends when the run stands in the body of [`Stop`].
///
/// # Errors
///
/// Those of both.
pub fn resume<B, A, T, U>(times: usize, stop: &Stop, begin: impl FnOnce() -> B, again: impl Fn() -> A) -> Outcome
where
    B: Future<Output = Result<T, Failure>>,
    A: Future<Output = Result<(Instant, U), Failure>>,
{
    life(async {
        let _kept = begin().await?;
        stop.reached().await
    })?;
    for _ in 0..times {
        let took = life(async {
            let (since, _kept) = again().await?;
            Ok(stop.reached().await?.duration_since(since))
        })?;
        emit("resume_ms", took.as_secs_f64() * 1e3);
    }
    Ok(())
}
