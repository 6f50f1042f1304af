//! Progress for people: an observer that writes one short line on stderr for each thing that happens.

use std::time::Duration;

use prose::Observer;
use prose::observe::{RunInfo, StepInfo};

/// A program that serves requests would take [`prose::TracingObserver`] in its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress;

impl Observer for Progress {
    fn on_flow_start(&self, run: &RunInfo) {
        let how = if run.resuming { "goes on from what is saved" } else { "starts" };
        eprintln!("{} {} {how}", run.flow, run.run_id.as_deref().unwrap_or_default());
    }
    fn on_step_skipped(&self, _: &RunInfo, step: &str) {
        eprintln!("  · {step:<18} was done before");
    }
    fn on_step_start(&self, _: &RunInfo, step: &StepInfo) {
        eprintln!("  → {}", step.name);
    }
    fn on_step_complete(&self, _: &RunInfo, step: &StepInfo, took: Duration) {
        eprintln!("  ✓ {:<18} {took:.1?}", step.name);
    }
    fn on_step_retry(&self, _: &RunInfo, step: &StepInfo, error: &str, delay: Duration) {
        eprintln!("  ↻ {:<18} {error}; again in {delay:.1?}", step.name);
    }
    fn on_step_error(&self, _: &RunInfo, step: &StepInfo, error: &str) {
        eprintln!("  ✗ {:<18} {error}", step.name);
    }
    fn on_flow_complete(&self, run: &RunInfo, took: Duration) {
        eprintln!("{} {} is completed, after {took:.1?}", run.flow, run.run_id.as_deref().unwrap_or_default());
    }
    fn on_flow_error(&self, run: &RunInfo, error: &str) {
        eprintln!("{} {} has failed: {error}", run.flow, run.run_id.as_deref().unwrap_or_default());
    }
    fn on_input_ignored(&self, run: &RunInfo) {
        eprintln!(
            "  ! {} was first called with another input, which stands",
            run.run_id.as_deref().unwrap_or_default()
        );
    }
}
