//! From the call that gives an idle engine a run to the body of the run's first step.

use std::sync::Mutex;
use std::time::Instant;

use bench_protocol::{Percentiles, emit, pause};

use crate::{Failure, Outcome};

/// When the body of the current run's first step began.
#[derive(Debug, Default)]
pub struct FirstStep {
    began: Mutex<Option<Instant>>,
}

impl FirstStep {
    /// To be called first in the body.
    pub fn mark(&self) {
        if let Ok(mut began) = self.began.lock() {
            began.get_or_insert_with(Instant::now);
        }
    }

    fn take(&self) -> Option<Instant> {
        self.began.lock().ok()?.take()
    }
}

/// Gives the engine so many runs, one after another; `run` submits one and waits for its end. In front of each is a [`pause`].
///
/// # Errors
///
/// The first run's that fails, or that has no step.
pub async fn first_steps<F>(runs: usize, first: &FirstStep, run: impl Fn(usize) -> F) -> Outcome
where
    F: Future<Output = Outcome>,
{
    let mut times = Percentiles::default();
    for number in 0..runs {
        tokio::time::sleep(pause(number)).await;
        let given = Instant::now();
        run(number).await?;
        let began = first.take().ok_or_else(|| Failure::from("the run had no step"))?;
        times.push(began.duration_since(given));
    }
    emit("p50_us", times.micros(50.0));
    emit("p99_us", times.micros(99.0));
    Ok(())
}
