//! Polling a flow, until it returns or something stops it.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::time::Sleep;

use crate::ctx::Ctx;
use crate::flow::Flow;
use crate::machine::{Exit, ExitSlot, Machine};

/// Why a flow is not polled any more.
pub(super) enum End<F: Flow> {
    Returned(Result<F::Output, F::Error>),
    Stopped(Exit),
    TimedOut,
    Cancelled,
    Panicked(Box<dyn Any + Send>),
}

/// Polls a flow to its end. Its future is dropped before this returns, so whatever it was doing is over.
pub(super) async fn drive<F: Flow>(machine: &mut Machine, ctx: Ctx<F::Deps>, input: F::Input) -> End<F> {
    let slot = machine.exit.clone();
    let token = machine.run.cancellation.clone();
    let limits = machine.limits;
    let cancelled = pin!(limits.cancellable.then(|| token.cancelled()));
    let deadline = pin!(limits.deadline.map(tokio::time::sleep_until));
    let mut limit = Stops { cancelled, deadline };
    let mut flow = pin!(F::drive(machine, ctx, input));
    poll_fn(|cx| {
        // Decided before the body runs, or between two polls; never while a write's outcome is open.
        if !slot.is_writing()
            && let Some(end) = limit.poll::<F>(cx)
        {
            return Poll::Ready(end);
        }
        let end = poll_flow::<F>(flow.as_mut(), &slot, cx);
        if end.is_pending() && !slot.is_writing() {
            return limit.poll::<F>(cx).map_or(Poll::Pending, Poll::Ready);
        }
        end
    })
    .await
}

fn poll_flow<F: Flow>(
    flow: Pin<&mut impl Future<Output = Result<F::Output, F::Error>>>,
    slot: &ExitSlot,
    cx: &mut Context<'_>,
) -> Poll<End<F>> {
    let polled = match catch_unwind(AssertUnwindSafe(|| flow.poll(cx))) {
        Ok(polled) => polled.map(End::Returned),
        Err(panic) => Poll::Ready(End::Panicked(panic)),
    };
    // A flow that was told to stop may have returned all the same (the value of its last step cannot be saved, say).
    match slot.take() {
        Some(exit) => Poll::Ready(End::Stopped(exit)),
        None => polled,
    }
}

/// What can stop a flow from outside.
struct Stops<'a, C> {
    cancelled: Pin<&'a mut Option<C>>,
    deadline: Pin<&'a mut Option<Sleep>>,
}

impl<C: Future<Output = ()>> Stops<'_, C> {
    fn poll<F: Flow>(&mut self, cx: &mut Context<'_>) -> Option<End<F>> {
        if is_ready(self.cancelled.as_mut(), cx) {
            return Some(End::Cancelled);
        }
        is_ready(self.deadline.as_mut(), cx).then_some(End::TimedOut)
    }
}

fn is_ready(future: Pin<&mut Option<impl Future>>, cx: &mut Context<'_>) -> bool {
    future.as_pin_mut().is_some_and(|future| future.poll(cx).is_ready())
}
