//! Doing pieces of work by all of their systems in turns.

use std::time::Duration;

use crate::Result;
use crate::build::Tree;
use crate::plan::{Amount, Case};
use crate::repetition::{self, Measured, Outcome};
use crate::results::Results;
use crate::server::Server;
use crate::system::{System, named};

/// A trial that takes longer than this counts as a sample: the system is too slow to do everything twice.
const LONG_TRIAL: Duration = Duration::from_secs(4);

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

/// How a system gets on with a case.
struct Runner<'c> {
    case: &'c Case,
    system: &'static System,
    runs: usize,
    samples: Vec<Measured>,
    spent: Duration,
    has_failed: bool,
}

impl Session<'_> {
    /// Measures the cases in turns, and puts what was seen in the place of what the results had of them.
    ///
    /// # Errors
    /// If something fails that is not a system's own fault.
    pub(crate) fn measure(&self, cases: &[Case], results: &mut Results) -> Result<()> {
        let mut runners = Vec::new();
        for case in cases {
            self.leave_out(case, results);
            for system in case.systems().filter(|system| self.is_asked(system)) {
                results.forget(case, system);
                runners.extend(self.try_out(case, system, results)?);
            }
        }
        for _ in 0..cases.iter().map(|case| case.samples).max().unwrap_or(0) {
            for runner in &mut runners {
                self.sample(runner, results)?;
            }
        }
        for runner in runners.iter().filter(|runner| !runner.samples.is_empty()) {
            results.add(runner.case, runner.system, &runner.samples);
        }
        cases.iter().for_each(|case| results.print(case));
        Ok(())
    }

    fn leave_out(&self, case: &Case, results: &mut Results) {
        for (name, why) in case.left_out {
            if let Some(system) = named(name).filter(|system| self.is_asked(system)) {
                results.forget(case, system);
                results.note(case, system, Outcome::Unsupported((*why).to_owned()));
            }
        }
    }

    fn is_asked(&self, system: &System) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == system.name)
    }

    /// Finds out how many runs a repetition of the system has; `None` if it cannot do the work.
    fn try_out<'c>(
        &self,
        case: &'c Case,
        system: &'static System,
        results: &mut Results,
    ) -> Result<Option<Runner<'c>>> {
        let runs = match case.amount {
            Amount::Runs(runs) => {
                return Ok(Some(Runner {
                    case,
                    system,
                    runs,
                    samples: Vec::new(),
                    spent: Duration::ZERO,
                    has_failed: false,
                }));
            }
            Amount::AWhile => TRIAL_RUNS.max(case.concurrency) / if case.row == 'd' { TRIAL_RUNS } else { 1 },
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
        let enough = ((rate * case.seconds / case.steps as f64) as usize).clamp(runs, MOST_RUNS);
        Ok(Some(Runner {
            case,
            system,
            runs: if long { runs } else { enough },
            samples,
            spent: took,
            has_failed: false,
        }))
    }

    fn sample(&self, runner: &mut Runner<'_>, results: &mut Results) -> Result<()> {
        let case = runner.case;
        if runner.has_failed || runner.samples.len() >= case.samples || runner.spent > case.enough {
            return Ok(());
        }
        match repetition::run(self.tree, self.server, case, runner.system, runner.runs)? {
            Outcome::Measured(measured) => {
                runner.spent += measured.took;
                runner.samples.push(measured);
            }
            other => {
                // The samples that it has stay; but it is not asked again.
                runner.has_failed = true;
                results.note(case, runner.system, other);
            }
        }
        Ok(())
    }
}
