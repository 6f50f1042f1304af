//! What runs bodies: one in the machine, where they run one after the other, and one in each branch of a fan-out.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{Exit, ExitSlot, Limits};
use crate::ctx::{Ctx, RunInfo, StepScope};
use crate::event::Publisher;
use crate::flow::{Meta, PointKind, PointMeta};
use crate::observe::{Observers, StepInfo};
use crate::store::fold::with_iterations;
use crate::store::{RunKey, Store};

/// What all bodies of an execution have in common.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) meta: &'static Meta,
    pub(crate) run: Arc<RunInfo>,
    pub(crate) observers: Observers,
    pub(crate) limits: Limits,
    pub(crate) publisher: Option<Arc<dyn Publisher>>,
    /// Where the run is kept, if it is.
    pub(crate) durable: Option<(Arc<dyn Store>, RunKey)>,
    /// Where the driver looks.
    pub(crate) exit: Arc<ExitSlot>,
    /// Whether and how its runs leave memory while they wait.
    pub(crate) parking: Option<Parking>,
}

impl Shared {
    pub(super) fn point(&self, point: u16) -> &'static PointMeta {
        &self.meta.points[usize::from(point)]
    }

    /// Whether a body has no limit but its own, and nobody hears of it.
    fn is_bare(&self) -> bool {
        let Limits { step_timeout, deadline, cancellable } = self.limits;
        step_timeout.is_none() && deadline.is_none() && !cancellable && self.observers.is_empty()
    }

    /// Whether a run that waits so long leaves memory.
    pub(super) fn parks_for(&self, left: Duration) -> bool {
        self.parking.as_ref().is_some_and(|parking| left > parking.longer_than)
    }

    /// Whether the driver stops the flow, as soon as it is asked.
    pub(super) fn is_to_stop(&self) -> bool {
        let over = self.limits.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        over || self.exit.is_set() || (self.limits.cancellable && self.run.cancellation.is_cancelled())
    }
}

/// What an engine lays down for the runs that it executes, and for their children.
#[derive(Clone, Debug)]
pub(crate) struct Parking {
    /// Whoever waits for less stays.
    pub(crate) longer_than: Duration,
    /// So many executions may die with their process before a run is given up.
    pub(crate) max_crashes: u32,
    /// How long a run that can neither go on nor end is put off.
    pub(crate) pause: Duration,
    /// Where an execution that has parked its run says so, and until when.
    pub(crate) parked: Arc<OnceLock<Option<SystemTime>>>,
    /// Where an execution says that its run can neither go on nor has ended: what lies beneath it has failed.
    pub(crate) interrupted: Arc<OnceLock<()>>,
    /// Where a child's execution says that somebody else has made its run: its parent is not woken by it.
    pub(crate) of_another: Arc<OnceLock<()>>,
}

impl Parking {
    pub(crate) fn new(longer_than: Duration, max_crashes: u32, pause: Duration) -> Self {
        let (parked, interrupted, of_another) = Default::default();
        Self { longer_than, max_crashes, pause, parked, interrupted, of_another }
    }

    /// The same for a child.
    pub(super) fn of_child(&self) -> Self {
        Self::new(self.longer_than, self.max_crashes, self.pause)
    }
}

/// Runs bodies, one at a time.
pub(crate) struct Runner {
    pub(crate) shared: Arc<Shared>,
    /// Where it leaves the reason why it stops.
    exit: Arc<ExitSlot>,
    /// In which iterations of the loops around it its body stands, outermost first.
    pub(super) at: Vec<u64>,
    /// Which element of an `#[each]` its body is for.
    pub(super) index: Option<u64>,
    pub(super) attempt: u32,
    pub(super) started: Option<Instant>,
    /// Its bodies are the points' compensations.
    pub(super) undoing: bool,
    /// Bodies have no limit but their own, and nobody hears of them.
    pub(super) bare: bool,
}

impl Runner {
    pub(super) fn new(shared: Arc<Shared>, exit: Arc<ExitSlot>, at: &[u64], index: Option<u64>) -> Self {
        let bare = shared.is_bare();
        Self { shared, exit, at: at.to_vec(), index, attempt: 0, started: None, undoing: false, bare }
    }

    /// For the compensation of a step that was done there.
    pub(super) fn undoing(shared: &Shared, at: &[u64]) -> Self {
        let exit = Arc::<ExitSlot>::default();
        let shared = Shared { exit: exit.clone(), ..shared.clone() };
        Self { undoing: true, ..Self::new(Arc::new(shared), exit, at, None) }
    }

    /// The next body begins with its first attempt.
    pub(super) fn begin(&mut self) {
        self.attempt = 0;
    }

    /// The point, or its compensation, if that is what runs.
    pub(super) fn point(&self, point: u16) -> &'static PointMeta {
        let meta = self.shared.point(point);
        if self.undoing { meta.compensate.unwrap_or(meta) } else { meta }
    }

    pub(super) fn exit(&self) -> &ExitSlot {
        &self.exit
    }

    pub(super) fn step_info(&self, point: u16) -> StepInfo {
        let meta = self.point(point);
        StepInfo { name: meta.name, kind: meta.kind, index: self.index, turns: self.at.clone(), attempt: self.attempt }
    }

    /// The step, and which element of it.
    pub(super) fn step_name(&self, point: u16) -> Cow<'static, str> {
        step_name(self.point(point).name, self.index)
    }

    /// Leaves the reason and never returns: whoever polls this drops it.
    pub(super) async fn stop<T>(&self, exit: Exit) -> T {
        self.exit.set(exit);
        std::future::pending().await
    }

    /// The body is over: what observers are to hear of it, and how long it took.
    pub(super) fn ended(&mut self, point: u16) -> Option<(StepInfo, Duration)> {
        if self.shared.observers.is_empty() {
            return None;
        }
        let took = self.started.take().map_or(Duration::ZERO, |started| started.elapsed());
        Some((self.step_info(point), took))
    }

    /// The context for the next attempt of a point's body.
    pub(super) fn ctx<D>(&self, ctx: &Ctx<D>, point: u16) -> Ctx<D> {
        ctx.in_step(StepScope {
            key: self.idempotency_key(point),
            attempt: self.attempt + 1,
            deadline: self.deadline(point),
        })
    }

    pub(super) fn idempotency_key(&self, point: u16) -> Option<String> {
        let run_id = self.shared.run.run_id.as_ref()?;
        let mut key = String::with_capacity(run_id.len() + self.shared.point(point).name.len() + 8);
        key.push_str(run_id);
        key.push(':');
        Some(self.push_step(key, point))
    }

    /// The step in its iterations, or its compensation: unique within the run.
    pub(super) fn step_in_run(&self, point: u16) -> String {
        self.push_step(String::new(), point)
    }

    fn push_step(&self, mut text: String, point: u16) -> String {
        text.push_str(self.shared.point(point).name);
        let step = with_iterations(text, self.at.iter().chain(&self.index));
        if self.undoing { step + ":undo" } else { step }
    }

    pub(super) fn time_limit(&self, point: u16) -> Option<Duration> {
        let point = self.point(point);
        // A child is a whole flow, with limits of its own.
        let limit = if point.kind == PointKind::Child { None } else { self.shared.limits.step_timeout };
        point.timeout.or(limit)
    }

    fn deadline(&self, point: u16) -> Option<Instant> {
        let own = self.time_limit(point).and_then(|limit| Instant::now().checked_add(limit));
        [own, self.shared.limits.deadline].into_iter().flatten().min()
    }
}

/// A step, and which element of it.
pub(super) fn step_name(name: &'static str, index: Option<u64>) -> Cow<'static, str> {
    match index {
        None => Cow::Borrowed(name),
        Some(index) => Cow::Owned(format!("{name}[{index}]")),
    }
}
