//! What a flow and its steps know of their run.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The context of a flow: its dependencies, and what is known of the run.
///
/// It has one type in and out of steps. Inside a step it also knows the step: its idempotency key and the attempt.
/// Without `.durable(..)` what only a durable run has is `None`.
pub struct Ctx<D = ()> {
    /// The dependencies, as given with `.deps(..)`.
    pub deps: Arc<D>,
    run: Arc<RunInfo>,
    step: Option<StepScope>,
}

/// A run, as its steps and observers see it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunInfo {
    /// The flow's name.
    pub flow: &'static str,
    /// The run's id; `None` without durability.
    pub run_id: Option<String>,
    /// The correlation id, given or generated.
    pub correlation_id: String,
    /// Whether this execution goes on from a checkpoint (or, for a completed run, only returns the saved result).
    pub resuming: bool,
    /// When the run was created: the first execution's start, not this one's.
    pub started_at: SystemTime,
    pub(crate) cancellation: CancellationToken,
}

#[derive(Clone)]
pub(crate) struct StepScope {
    pub(crate) key: Option<String>,
    pub(crate) attempt: u32,
    pub(crate) deadline: Option<Instant>,
}

impl<D> Ctx<D> {
    pub(crate) fn new(deps: Arc<D>, run: Arc<RunInfo>) -> Self {
        Self { deps, run, step: None }
    }

    pub(crate) fn in_step(&self, step: StepScope) -> Self {
        Self { deps: self.deps.clone(), run: self.run.clone(), step: Some(step) }
    }

    /// The key that makes this step's outside effect safe to repeat: `{run_id}:{step}`, with `[i]` appended for each loop around
    /// it, the same for every attempt of every execution. Hand it to whoever is called; providers remember it (Stripe: for 24 hours at least).
    ///
    /// `None` outside of a step (where the flow's own code may not ask for it), and without durability; [`correlation_id`](Self::correlation_id) is there always.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.step.as_ref()?.key.as_deref()
    }

    /// The run's id, as given to `.durable(&store, run_id)`.
    pub fn run_id(&self) -> Option<&str> {
        self.run.run_id.as_deref()
    }

    /// The flow's name.
    pub fn flow(&self) -> &'static str {
        self.run.flow
    }

    /// Which attempt of the step this is, counted from 1 in each execution; 0 outside of steps.
    pub fn attempt(&self) -> u32 {
        self.step.as_ref().map_or(0, |step| step.attempt)
    }

    /// Whether this execution goes on from a checkpoint.
    pub fn is_resuming(&self) -> bool {
        self.run.resuming
    }

    /// The correlation id: given with `.correlation_id(..)`, else generated once for the run.
    pub fn correlation_id(&self) -> &str {
        &self.run.correlation_id
    }

    /// When the run was created.
    pub fn started_at(&self) -> SystemTime {
        self.run.started_at
    }

    /// Cancelled when the run is cancelled or times out. A step's own future is dropped then; hand the token to what
    /// the step has spawned.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.run.cancellation
    }

    /// When this attempt times out, or the whole execution, whichever comes first; `None` if neither does.
    pub fn deadline(&self) -> Option<Instant> {
        self.step.as_ref().and_then(|step| step.deadline)
    }
}

impl<D> Clone for Ctx<D> {
    fn clone(&self) -> Self {
        Self { deps: self.deps.clone(), run: self.run.clone(), step: self.step.clone() }
    }
}

impl<D> std::fmt::Debug for Ctx<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ctx").field("run", &self.run).field("key", &self.idempotency_key()).finish_non_exhaustive()
    }
}
