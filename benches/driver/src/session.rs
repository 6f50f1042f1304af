//! Doing a piece of work by all of its systems in turns.

use std::time::Duration;

use crate::Result;
use crate::build::Tree;
use crate::plan::{Amount, Case};
use crate::repetition::{self, Measured, Outcome};
use crate::results::Results;
use crate::server::Server;
use crate::system::System;

/// A trial that takes longer than this counts as a sample: the system is too slow to do everything twice.
const LONG_TRIAL: Duration = Duration::from_secs(4);

/// Behind so much time a system is not asked for further samples.
const ENOUGH: Duration = Duration::from_secs(12);

/// How long a repetition should take.
const A_SECOND: f64 = 1.0;

/// A trial has so many runs, or as many as run at once.
const TRIAL_RUNS: usize = 20;

/// Not more, however fast a system is.
const MOST_RUNS: usize = 100_000;

pub(crate) struct Session<'s> {
    pub(crate) tree: &'s Tree,
    pub(crate) server: Option<&'s Server>,
    /// The systems that are asked for; all, where there are none.
    pub(crate) only: &'s [String],
}

/// How a system gets on.
struct Runner {
    system: &'static System,
    runs: usize,
    samples: Vec<Measured>,
    spent: Duration,
}

impl Session<'_> {
    /// Measures the case, and puts what was seen in the place of what the results had of it.
    ///
    /// # Errors
    /// If something fails that is not a system's own fault.
    pub(crate) fn measure(&self, case: &Case, results: &mut Results) -> Result<()> {
        let mut runners = Vec::new();
        for system in case.systems().filter(|system| self.is_asked(system)) {
            results.forget(case, system);
            runners.extend(self.try_out(case, system, results)?);
        }
        for _ in 0..case.samples {
            for runner in &mut runners {
                self.sample(case, runner, results)?;
            }
        }
        for runner in runners.iter().filter(|runner| !runner.samples.is_empty()) {
            results.add(case, runner.system, &runner.samples);
        }
        results.print(case);
        Ok(())
    }

    fn is_asked(&self, system: &System) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == system.name)
    }

    /// Finds out how many runs a repetition of the system has; `None` if it cannot do the work.
    fn try_out(&self, case: &Case, system: &'static System, results: &mut Results) -> Result<Option<Runner>> {
        let runs = match case.amount {
            Amount::Runs(runs) => return Ok(Some(Runner { system, runs, samples: Vec::new(), spent: Duration::ZERO })),
            Amount::ASecond => TRIAL_RUNS.max(case.concurrency) / if case.row == 'd' { TRIAL_RUNS } else { 1 },
        };
        let measured = match repetition::run(self.tree, self.server, case, system, runs)? {
            Outcome::Measured(measured) => measured,
            other => {
                results.note(case, system, other);
                return Ok(None);
            }
        };
        let rate = measured.metrics.iter().find(|(name, _)| name == "steps_per_s").map_or(0.0, |(_, value)| *value);
        let (took, long) = (measured.took, measured.took > LONG_TRIAL);
        let samples = if long { vec![measured] } else { Vec::new() };
        let enough = ((rate * A_SECOND / case.steps as f64) as usize).clamp(runs, MOST_RUNS);
        Ok(Some(Runner { system, runs: if long { runs } else { enough }, samples, spent: took }))
    }

    fn sample(&self, case: &Case, runner: &mut Runner, results: &mut Results) -> Result<()> {
        if runner.samples.len() >= case.samples || runner.spent > ENOUGH {
            return Ok(());
        }
        match repetition::run(self.tree, self.server, case, runner.system, runner.runs)? {
            Outcome::Measured(measured) => {
                runner.spent += measured.took;
                runner.samples.push(measured);
            }
            other => {
                // The samples that it has stay; but it is not asked again.
                runner.spent = Duration::MAX;
                results.note(case, runner.system, other);
            }
        }
        Ok(())
    }
}
