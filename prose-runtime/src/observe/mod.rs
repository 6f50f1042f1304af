//! Observers: who is told what runs do.

mod tracing;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::store::fold::with_iterations;

pub use self::tracing::TracingObserver;
pub use crate::ctx::RunInfo;
pub use crate::flow::PointKind;

/// Is told what a run does. All methods do nothing unless written.
///
/// An observer hears of a step's end after the commit that holds it, and nothing it does can change a run: a panic in it
/// is caught and logged. The methods are called on the run's own task, so they should be quick.
pub trait Observer: Send + Sync + 'static {
    /// An execution begins (`run.resuming`: goes on).
    fn on_flow_start(&self, run: &RunInfo) {
        let _ = run;
    }
    /// The run is completed, and its output saved.
    fn on_flow_complete(&self, run: &RunInfo, took: Duration) {
        let _ = (run, took);
    }
    /// The execution ended with an error.
    fn on_flow_error(&self, run: &RunInfo, error: &str) {
        let _ = (run, error);
    }
    /// The run was cancelled, as somebody asked for. `error` says so, and where it stood; unless written, [`on_flow_error`](Self::on_flow_error)
    /// is told.
    fn on_flow_cancelled(&self, run: &RunInfo, error: &str) {
        self.on_flow_error(run, error);
    }
    /// The flow returned before its end, with an output; `on_flow_complete` follows.
    fn on_flow_break(&self, run: &RunInfo) {
        let _ = run;
    }
    /// The run exists, with another input than the one given now. The first one stands.
    fn on_input_ignored(&self, run: &RunInfo) {
        let _ = run;
    }
    /// The run has failed for good, or was cancelled, and what it has done is undone from now on (or still, by this execution).
    /// Of each compensation observers hear as of a step named `{step}:undo`; the end of the run follows.
    fn on_undo_start(&self, run: &RunInfo) {
        let _ = run;
    }
    /// The execution is over and the run is not: it waits, out of memory. Another one goes on when what it waits for is there.
    fn on_flow_wait(&self, run: &RunInfo) {
        let _ = run;
    }
    /// A step's body is about to run.
    fn on_step_start(&self, run: &RunInfo, step: &StepInfo) {
        let _ = (run, step);
    }
    /// A step is done, and committed.
    fn on_step_complete(&self, run: &RunInfo, step: &StepInfo, took: Duration) {
        let _ = (run, step, took);
    }
    /// A step has failed for good.
    fn on_step_error(&self, run: &RunInfo, step: &StepInfo, error: &str) {
        let _ = (run, step, error);
    }
    /// An attempt has failed; the next one follows after `delay`.
    fn on_step_retry(&self, run: &RunInfo, step: &StepInfo, error: &str, delay: Duration) {
        let _ = (run, step, error, delay);
    }
    /// A step was committed by an earlier execution and does not run again.
    fn on_step_skipped(&self, run: &RunInfo, step: &str) {
        let _ = (run, step);
    }
    /// A span for an attempt's body to run in.
    fn step_span(&self, run: &RunInfo, step: &StepInfo) -> Option<::tracing::Span> {
        let _ = (run, step);
        None
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn on_flow_start(&self, run: &RunInfo) {
        (**self).on_flow_start(run);
    }
    fn on_flow_complete(&self, run: &RunInfo, took: Duration) {
        (**self).on_flow_complete(run, took);
    }
    fn on_flow_error(&self, run: &RunInfo, error: &str) {
        (**self).on_flow_error(run, error);
    }
    fn on_flow_cancelled(&self, run: &RunInfo, error: &str) {
        (**self).on_flow_cancelled(run, error);
    }
    fn on_flow_break(&self, run: &RunInfo) {
        (**self).on_flow_break(run);
    }
    fn on_input_ignored(&self, run: &RunInfo) {
        (**self).on_input_ignored(run);
    }
    fn on_undo_start(&self, run: &RunInfo) {
        (**self).on_undo_start(run);
    }
    fn on_flow_wait(&self, run: &RunInfo) {
        (**self).on_flow_wait(run);
    }
    fn on_step_start(&self, run: &RunInfo, step: &StepInfo) {
        (**self).on_step_start(run, step);
    }
    fn on_step_complete(&self, run: &RunInfo, step: &StepInfo, took: Duration) {
        (**self).on_step_complete(run, step, took);
    }
    fn on_step_error(&self, run: &RunInfo, step: &StepInfo, error: &str) {
        (**self).on_step_error(run, step, error);
    }
    fn on_step_retry(&self, run: &RunInfo, step: &StepInfo, error: &str, delay: Duration) {
        (**self).on_step_retry(run, step, error, delay);
    }
    fn on_step_skipped(&self, run: &RunInfo, step: &str) {
        (**self).on_step_skipped(run, step);
    }
    fn step_span(&self, run: &RunInfo, step: &StepInfo) -> Option<::tracing::Span> {
        (**self).step_span(run, step)
    }
}

/// A step, as observers see it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StepInfo {
    /// The step's name; `{step}:undo` while it is undone.
    pub name: &'static str,
    /// What it is.
    pub kind: PointKind,
    /// Which element of an `#[each]`, counted from 0; `None` for other steps.
    pub index: Option<u64>,
    /// The turn of each loop around it, the outermost first; empty outside of loops.
    pub turns: Vec<u64>,
    /// Which attempt, counted from 1 in each execution.
    pub attempt: u32,
}

impl StepInfo {
    /// The step with its turns and its element, `charge[3]`: unique in its run. Behind the run's id and a colon it is the idempotency
    /// key of [`Ctx`](crate::Ctx::idempotency_key).
    pub fn path(&self) -> String {
        let (name, undo) = self.name.strip_suffix(":undo").map_or((self.name, ""), |name| (name, ":undo"));
        with_iterations(name.to_owned(), self.turns.iter().chain(&self.index)) + undo
    }
}

/// All observers of an execution. Costs nothing where there are none.
#[derive(Clone, Default)]
pub(crate) struct Observers(Vec<Arc<dyn Observer>>);

impl Observers {
    pub(crate) fn push(&mut self, observer: Arc<dyn Observer>) {
        self.0.push(observer);
    }

    /// These, and then those.
    pub(crate) fn and(&self, others: &Self) -> Self {
        Self(self.0.iter().chain(&others.0).cloned().collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells each observer; one that panics does not keep the others, or the run, from going on.
    pub(crate) fn tell(&self, what: &dyn Fn(&dyn Observer)) {
        for observer in &self.0 {
            if catch_unwind(AssertUnwindSafe(|| what(&**observer))).is_err() {
                ::tracing::error!("an observer panicked; the run is not affected");
            }
        }
    }

    /// The first span that an observer gives.
    pub(crate) fn span(&self, run: &RunInfo, step: &StepInfo) -> Option<::tracing::Span> {
        let of = |observer: &Arc<dyn Observer>| {
            catch_unwind(AssertUnwindSafe(|| observer.step_span(run, step))).ok().flatten()
        };
        self.0.iter().find_map(of)
    }
}
