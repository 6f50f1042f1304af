//! When the bodies of steps began.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::{Percentiles, emit};

/// When each step of each run began: what a step takes is the time from its body to the next one's, so that it holds the commit
/// in between. Marking costs a clock and a store, without locks or allocation.
#[derive(Debug)]
pub struct Beats {
    began: Instant,
    steps: usize,
    /// Nanoseconds since `began`, by run and step; 0 where there was none.
    at: Vec<AtomicU64>,
}

impl Beats {
    /// For so many runs of so many steps.
    pub fn new(runs: usize, steps: usize) -> Self {
        let at = (0..runs * steps).map(|_| AtomicU64::new(0)).collect();
        Self { began: Instant::now(), steps, at }
    }

    /// To be called first in a step's body; both count from 0.
    pub fn mark(&self, run: usize, step: usize) {
        let nanos = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.at[run * self.steps + step].store(nanos.max(1), Ordering::Relaxed);
    }

    /// The times from body to body.
    pub fn percentiles(&self) -> Percentiles {
        let runs = self.at.chunks(self.steps.max(1));
        runs.flat_map(|run| run.windows(2).filter_map(|pair| between(&pair[0], &pair[1]))).collect()
    }

    /// Prints `p50_us` and `p99_us`; nothing where no run has a second step.
    pub fn emit(&self) {
        let mut all = self.percentiles();
        if all.is_empty() {
            return;
        }
        emit("p50_us", all.micros(50.0));
        emit("p99_us", all.micros(99.0));
    }
}

fn between(one: &AtomicU64, next: &AtomicU64) -> Option<u64> {
    let (one, next) = (one.load(Ordering::Relaxed), next.load(Ordering::Relaxed));
    (one > 0 && next >= one).then(|| next - one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_three_steps_has_two_times_and_those_of_two_runs_do_not_mix() {
        let beats = Beats::new(2, 3);
        for (run, step) in [(0, 0), (1, 0), (0, 1), (0, 2)] {
            beats.mark(run, step);
        }
        assert_eq!(beats.percentiles().len(), 2);
    }
}
