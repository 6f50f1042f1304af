//! The observer that writes `tracing` spans and events.

use std::time::Duration;

use ::tracing::{Span, error, info, info_span, warn};

use super::{Observer, RunInfo, StepInfo};

/// Writes what runs do as `tracing` events (target `prose`), and runs each step's body in a span `step` with the flow,
/// run id, step, attempt and correlation id as fields, so that what the body logs carries them.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver;

const TARGET: &str = "prose";

impl Observer for TracingObserver {
    fn on_flow_start(&self, run: &RunInfo) {
        let (flow, run_id, correlation_id, resuming) = (run.flow, &run.run_id, &run.correlation_id, run.resuming);
        info!(target: TARGET, flow, run_id, correlation_id, resuming, "flow started");
    }
    fn on_flow_complete(&self, run: &RunInfo, took: Duration) {
        info!(target: TARGET, flow = run.flow, run_id = run.run_id, ?took, "flow completed");
    }
    fn on_flow_error(&self, run: &RunInfo, error: &str) {
        error!(target: TARGET, flow = run.flow, run_id = run.run_id, error, "flow failed");
    }
    fn on_flow_cancelled(&self, run: &RunInfo, error: &str) {
        info!(target: TARGET, flow = run.flow, run_id = run.run_id, error, "flow cancelled");
    }
    fn on_flow_break(&self, run: &RunInfo) {
        info!(target: TARGET, flow = run.flow, run_id = run.run_id, "flow returned early");
    }
    fn on_input_ignored(&self, run: &RunInfo) {
        warn!(target: TARGET, flow = run.flow, run_id = run.run_id, "the run exists with another input, which stands; the one given now is ignored");
    }
    fn on_undo_start(&self, run: &RunInfo) {
        warn!(target: TARGET, flow = run.flow, run_id = run.run_id, "what the flow has done is undone");
    }
    fn on_flow_wait(&self, run: &RunInfo) {
        info!(target: TARGET, flow = run.flow, run_id = run.run_id, "flow waits, out of memory");
    }
    fn on_step_start(&self, run: &RunInfo, step: &StepInfo) {
        let (kind, attempt) = (step.kind.as_str(), step.attempt);
        info!(target: TARGET, flow = run.flow, run_id = run.run_id, step = step.path(), kind, attempt, "step started");
    }
    fn on_step_complete(&self, run: &RunInfo, step: &StepInfo, took: Duration) {
        info!(target: TARGET, flow = run.flow, run_id = run.run_id, step = step.path(), ?took, "step completed");
    }
    fn on_step_error(&self, run: &RunInfo, step: &StepInfo, error: &str) {
        error!(target: TARGET, flow = run.flow, run_id = run.run_id, step = step.path(), error, "step failed");
    }
    fn on_step_retry(&self, run: &RunInfo, step: &StepInfo, error: &str, delay: Duration) {
        // A float's factor leaves nanoseconds that nobody reads.
        let (attempt, delay) = (step.attempt, Duration::from_millis(delay.as_secs_f64().mul_add(1_000.0, 0.5) as u64));
        warn!(target: TARGET, flow = run.flow, run_id = run.run_id, step = step.path(), attempt, error, ?delay, "step failed; it is tried again");
    }
    fn on_step_skipped(&self, run: &RunInfo, step: &str) {
        info!(target: TARGET, flow = run.flow, run_id = run.run_id, step, "step skipped: committed before");
    }
    fn step_span(&self, run: &RunInfo, step: &StepInfo) -> Option<Span> {
        Some(info_span!(
            target: TARGET,
            "step",
            flow = run.flow,
            run_id = run.run_id,
            step = step.path(),
            attempt = step.attempt,
            correlation_id = run.correlation_id
        ))
    }
}
