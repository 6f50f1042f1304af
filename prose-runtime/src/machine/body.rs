//! Running a body: attempts, time-outs, retries.
//!
//! Little of this is generic, because what is is compiled for each step's type: a body's value goes through [`Capture`] into a
//! local of the caller, and the rest sees a future without a value.

use std::fmt::Display;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::{Exit, Machine, Runner, retry, scope};
use crate::flow::{FlowError, PointKind};

/// A body, by reference.
pub(super) type Body<'a, T, E> = Pin<&'a mut (dyn Future<Output = Result<T, E>> + Send + 'a)>;

/// A body whose value goes elsewhere.
pub(super) type Bare<'a> = Pin<&'a mut (dyn Future<Output = ()> + Send + 'a)>;

/// A body has left its value with whoever runs it. (A type of its own, so that no `return Ok(())` passes for it.)
#[derive(Clone, Copy, Debug)]
pub struct Given;

/// What became of an attempt.
#[derive(Debug)]
pub enum Try<T, E> {
    /// The body's value.
    Done(T),
    /// It failed, and is to be tried again after this pause; by then what it held must be dropped ([`Machine::pause`]).
    Again(Duration),
    /// It failed for good.
    Failed(E),
}

impl Machine {
    /// Runs a body that is not retried.
    pub async fn run<T: Send, E: FlowError + Send>(&mut self, point: u16, body: Body<'_, T, E>) -> Result<T, E> {
        let mut result = None;
        self.once_in_time(point, pin!(Capture { body, result: &mut result })).await;
        self.runner.result(point, result)
    }

    /// Runs a body that is retried where `when` says so.
    pub async fn attempt<T: Send, E: FlowError + Send>(
        &mut self,
        point: u16,
        when: &(dyn Fn(&E) -> bool + Sync),
        body: Body<'_, T, E>,
    ) -> Try<T, E> {
        let mut result = None;
        let in_time = self.once(point, pin!(Capture { body, result: &mut result })).await;
        if !in_time {
            return Try::Again(self.runner.pause_behind_time_out(point).await);
        }
        self.runner.tried(point, when, result)
    }

    /// Waits for the next attempt. The caller has dropped what the last one held: a body that timed out, an open transaction.
    pub async fn pause(&self, delay: Duration) {
        tokio::time::sleep(delay).await;
    }

    /// One attempt; never returns if it times out.
    async fn once_in_time(&mut self, point: u16, body: Bare<'_>) {
        if !self.once(point, body).await {
            self.runner.timed_out(point).await
        }
    }

    /// One attempt, behind the commit of the entrance, if it has one. `false`: it timed out and has left no value; its owner drops it.
    async fn once(&mut self, point: u16, body: Bare<'_>) -> bool {
        self.ready(point).await;
        self.runner.once(point, body).await
    }
}

impl Runner {
    /// One attempt. `false`: it timed out and has left no value; its owner drops it.
    pub(super) async fn once(&mut self, point: u16, body: Bare<'_>) -> bool {
        let span = self.start(point);
        if self.point(point).kind == PointKind::Transaction {
            return self.in_time(point, span, pin!(scope::transaction(body))).await;
        }
        self.in_time(point, span, body).await
    }

    /// An attempt begins, in this span.
    pub(super) fn start(&mut self, point: u16) -> Option<Span> {
        self.attempt += 1;
        if self.shared.observers.is_empty() {
            return None;
        }
        let step = self.step_info(point);
        // Not "at the first attempt": a transaction that could not begin has used that up.
        if self.started.is_none() {
            self.started = Some(Instant::now());
            self.shared.observers.tell(&|observer| observer.on_step_start(&self.shared.run, &step));
        }
        self.shared.observers.span(&self.shared.run, &step)
    }

    async fn in_time(&self, point: u16, span: Option<Span>, body: Bare<'_>) -> bool {
        let limit = self.time_limit(point);
        match span {
            Some(span) => within(limit, pin!(body.instrument(span))).await,
            None => within(limit, body).await,
        }
    }

    /// What a body that ended in time has left.
    pub(super) fn result<T, E: FlowError>(&self, point: u16, result: Option<Result<T, E>>) -> Result<T, E> {
        let result = left_by_the_body(result);
        if let Err(error) = &result {
            self.failed(point, error.shown());
        }
        result
    }

    /// What becomes of what a body that ended in time has left.
    pub(super) fn tried<T, E: FlowError>(
        &self,
        point: u16,
        when: &(dyn Fn(&E) -> bool + Sync),
        result: Option<Result<T, E>>,
    ) -> Try<T, E> {
        match left_by_the_body(result) {
            Ok(value) => Try::Done(value),
            Err(error) => match when(&error).then(|| self.next_attempt(point, error.shown())).flatten() {
                Some(delay) => Try::Again(delay),
                None => {
                    self.failed(point, error.shown());
                    Try::Failed(error)
                }
            },
        }
    }

    /// The pause behind an attempt that timed out; never returns if it was the last.
    pub(super) async fn pause_behind_time_out(&self, point: u16) -> Duration {
        match self.next_attempt(point, &"timed out") {
            Some(delay) => delay,
            None => self.timed_out(point).await,
        }
    }

    /// The pause before the next attempt; `None` if there is none.
    pub(super) fn next_attempt(&self, point: u16, error: &dyn Display) -> Option<Duration> {
        let delay = retry::delay(self.point(point).retry.as_ref()?, self.attempt)?;
        if !self.shared.observers.is_empty() {
            let (step, text) = (self.step_info(point), error.to_string());
            self.shared.observers.tell(&|observer| observer.on_step_retry(&self.shared.run, &step, &text, delay));
        }
        Some(delay)
    }

    pub(super) fn failed(&self, point: u16, error: &dyn Display) {
        if !self.shared.observers.is_empty() {
            let (step, text) = (self.step_info(point), error.to_string());
            self.shared.observers.tell(&|observer| observer.on_step_error(&self.shared.run, &step, &text));
        }
    }

    pub(super) async fn timed_out<T>(&self, point: u16) -> T {
        self.failed(point, &"timed out");
        let after = self.time_limit(point).unwrap_or_default();
        self.stop(Exit::StepTimeout { step: self.step_name(point), after }).await
    }
}

/// Whether the body ended in time.
async fn within(limit: Option<Duration>, body: Bare<'_>) -> bool {
    match limit {
        None => {
            body.await;
            true
        }
        Some(limit) => tokio::time::timeout(limit, body).await.is_ok(),
    }
}

pub(super) fn left_by_the_body<T, E>(result: Option<Result<T, E>>) -> Result<T, E> {
    match result {
        Some(result) => result,
        None => unreachable!("a body that has ended in time has left its value"),
    }
}

/// Leaves a body's value in a local of whoever runs it.
pub(super) struct Capture<'a, T, E> {
    pub(super) body: Body<'a, T, E>,
    pub(super) result: &'a mut Option<Result<T, E>>,
}

impl<T, E> Future for Capture<'_, T, E> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.body.as_mut().poll(cx) {
            Poll::Ready(result) => {
                *self.result = Some(result);
                Poll::Ready(())
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
