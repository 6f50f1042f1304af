//! Bodies that run in the flow itself, without a future of their own: what stands around such a body, its time limit and its span, is
//! left with the driver, which polls the flow.

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::Span;

use super::{Exit, Machine};

impl Machine {
    /// Begins a body that runs in place, behind the commit of its entrance. It ends with [`completed`](Self::completed), or with the flow.
    #[inline]
    pub async fn start(&mut self, point: u16) {
        if self.has_nothing_around(point) {
            self.runner.attempt += 1;
            return;
        }
        self.start_within(point).await;
    }

    /// No store, and nobody who could stop the body or is to hear of it.
    fn has_nothing_around(&self, point: u16) -> bool {
        self.is_alone() && self.point(point).timeout.is_none() && !self.shared().exit.is_set()
    }

    async fn start_within(&mut self, point: u16) {
        self.ready(point).await;
        let span = self.runner.start(point);
        let limit = self.runner.time_limit(point).and_then(|after| Limit::new(self.runner.step_name(point), after));
        self.in_place = Some(point);
        self.shared().exit.in_place.begin(Around { limit, span });
    }

    /// The body that runs in place, if one does, has given its value.
    pub(super) fn end_in_place(&mut self) {
        if self.in_place.take().is_some() {
            self.shared().exit.in_place.end();
        }
    }

    /// The flow has ended with an error: if a body runs in place, that has failed with it.
    pub(crate) fn failed_in_place(&mut self, error: &dyn Display) {
        if let Some(point) = self.in_place.take() {
            self.runner.failed(point, error);
        }
    }
}

/// What stands around a body.
#[derive(Debug)]
struct Around {
    limit: Option<Limit>,
    span: Option<Span>,
}

/// How long a step may take.
#[derive(Debug)]
struct Limit {
    step: Cow<'static, str>,
    after: Duration,
    at: Instant,
}

impl Limit {
    /// From now on; `None`: for longer than there are instants.
    fn new(step: Cow<'static, str>, after: Duration) -> Option<Self> {
        Instant::now().checked_add(after).map(|at| Self { step, after, at })
    }
}

/// What stands around the body that runs in place. Shared by the machine, inside the flow's future, and the driver, outside of it.
#[derive(Debug, Default)]
pub(crate) struct InPlace {
    around: Mutex<Option<Around>>,
    /// There is something; most bodies have nothing around them, and cost no lock.
    any: AtomicBool,
}

impl InPlace {
    /// A body begins; the flow is being polled.
    fn begin(&self, around: Around) {
        if around.limit.is_none() && around.span.is_none() {
            return;
        }
        *self.around() = Some(around);
        self.any.store(true, Ordering::Release);
        self.enter();
    }

    /// It is over; the flow is being polled.
    fn end(&self) {
        self.leave();
        self.clear();
    }

    /// The flow is not polled any more.
    pub(crate) fn clear(&self) {
        // Looked at first: most bodies have nothing around them, and a swap is an order to all processors.
        if self.has_any() && self.any.swap(false, Ordering::AcqRel) {
            self.around().take();
        }
    }

    /// When the body must be done.
    pub(crate) fn limit(&self) -> Option<Instant> {
        self.has_any().then(|| Some(self.around().as_ref()?.limit.as_ref()?.at)).flatten()
    }

    /// Why the flow stops when the body is not done by then.
    pub(crate) fn time_out(&self) -> Option<Exit> {
        let limit = self.around().as_mut()?.limit.take()?;
        Some(Exit::StepTimeout { step: limit.step, after: limit.after })
    }

    /// The flow is about to be polled, or dropped: the body's span is the current one meanwhile. (No guard: it would have to live as long
    /// as the body, in a future that moves between threads.)
    pub(crate) fn enter(&self) {
        self.with_span(|span| span.with_subscriber(|(id, dispatch)| dispatch.enter(id)));
    }

    /// The flow was polled.
    pub(crate) fn leave(&self) {
        self.with_span(|span| span.with_subscriber(|(id, dispatch)| dispatch.exit(id)));
    }

    fn with_span(&self, tell: impl Fn(&Span) -> Option<()>) {
        let span = self.has_any().then(|| self.around().as_ref()?.span.clone()).flatten();
        span.as_ref().and_then(tell).unwrap_or_default();
    }

    fn has_any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    fn around(&self) -> MutexGuard<'_, Option<Around>> {
        self.around.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
