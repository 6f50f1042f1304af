//! Polling a flow, until it returns or something stops it.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;

use crate::flow::Driving;
use crate::machine::{Exit, ExitSlot};

/// Why a flow is not polled any more.
pub(super) enum End {
    /// It returned; its result is in the subject.
    Returned,
    Stopped(Exit),
    TimedOut,
    Cancelled,
    Panicked(Box<dyn Any + Send>),
}

/// What can stop a flow, beside itself.
pub(super) struct Stops {
    /// Where the machine leaves its reason.
    pub(super) slot: Arc<ExitSlot>,
    pub(super) token: Option<CancellationToken>,
    pub(super) deadline: Option<Instant>,
}

/// Polls a flow to its end. Its future is dropped before this returns, so whatever it was doing is over.
pub(super) async fn drive(mut flow: Driving<'_>, stops: Stops) -> End {
    let Stops { slot, token, deadline } = stops;
    let cancelled = pin!(token.as_ref().map(CancellationToken::cancelled));
    let deadline = pin!(deadline.map(tokio::time::sleep_until));
    let mut outside = Outside { cancelled, deadline };
    let mut limit = StepLimit::default();
    let end = poll_fn(|cx| {
        // Decided before the body runs, or between two polls; never while a write's outcome is open, or a child's.
        if !slot.is_busy()
            && let Some(end) = outside.poll(cx)
        {
            return Poll::Ready(end);
        }
        let end = poll_flow(flow.as_mut(), &slot, cx);
        if end.is_pending() && !slot.is_busy() {
            return outside.poll(cx).or_else(|| limit.poll(&slot, cx)).map_or(Poll::Pending, Poll::Ready);
        }
        end
    })
    .await;
    slot.in_place.enter();
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(flow)));
    slot.in_place.leave();
    slot.in_place.clear();
    match dropped {
        Ok(()) => end,
        Err(panic) => panicked_behind(end, panic),
    }
}

/// What becomes of an end behind which the flow has panicked as it was dropped.
fn panicked_behind(end: End, panic: Box<dyn Any + Send>) -> End {
    match end {
        End::Panicked(first) => End::Panicked(first),
        // Nothing may be written of a run that waits, whose last commit is not known, or with which this code cannot go on.
        End::Stopped(exit) if !matches!(exit, Exit::StepTimeout { .. }) => resume_unwind(panic),
        End::Returned | End::Stopped(_) | End::TimedOut | End::Cancelled => End::Panicked(panic),
    }
}

fn poll_flow(
    flow: Pin<&mut (dyn Future<Output = ()> + Send + '_)>,
    slot: &ExitSlot,
    cx: &mut Context<'_>,
) -> Poll<End> {
    slot.in_place.enter();
    let polled = match catch_unwind(AssertUnwindSafe(|| flow.poll(cx))) {
        Ok(polled) => polled.map(|()| End::Returned),
        Err(panic) => Poll::Ready(End::Panicked(panic)),
    };
    slot.in_place.leave();
    // A flow that was told to stop may have returned all the same (the value of its last step cannot be saved, say).
    match slot.take() {
        Some(exit) => Poll::Ready(End::Stopped(exit)),
        None => polled,
    }
}

/// The time limit of the body that runs in place.
#[derive(Default)]
struct StepLimit {
    at: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl StepLimit {
    /// The end, if it is over; else the flow is woken when it is.
    fn poll(&mut self, slot: &ExitSlot, cx: &mut Context<'_>) -> Option<End> {
        let at = slot.in_place.limit();
        if self.at != at {
            self.at = at;
            self.sleep = at.map(|at| Box::pin(tokio::time::sleep_until(at)));
        }
        // A body that uses up the task's budget leaves none for the sleep, which would never be over.
        let is_ready = self.sleep.as_mut()?.as_mut().poll(cx).is_ready();
        let over = is_ready || at.is_some_and(|at| at <= Instant::now());
        over.then(|| slot.in_place.time_out()).flatten().map(End::Stopped)
    }
}

/// What can stop a flow from outside.
struct Outside<'a, C> {
    cancelled: Pin<&'a mut Option<C>>,
    deadline: Pin<&'a mut Option<Sleep>>,
}

impl<C: Future<Output = ()>> Outside<'_, C> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Option<End> {
        if is_ready(self.cancelled.as_mut(), cx) {
            return Some(End::Cancelled);
        }
        is_ready(self.deadline.as_mut(), cx).then_some(End::TimedOut)
    }
}

pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no message)")
}

fn is_ready(future: Pin<&mut Option<impl Future>>, cx: &mut Context<'_>) -> bool {
    future.as_pin_mut().is_some_and(|future| future.poll(cx).is_ready())
}
