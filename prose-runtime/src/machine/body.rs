//! Running a body: attempts, time-outs, retries.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;
use tracing::Instrument;

use super::{Exit, Machine, retry};

/// A body, by reference: one machine serves all bodies of a type, so that flows compile fast.
type Body<'a, T, E> = Pin<&'a mut (dyn Future<Output = Result<T, E>> + Send + 'a)>;

/// What became of an attempt.
#[derive(Debug)]
pub enum Try<T, E> {
    /// The body's value.
    Done(T),
    /// It failed, and is to be tried again; the pause is over.
    Again,
    /// It failed for good.
    Failed(E),
}

impl Machine {
    /// Runs a body that is not retried.
    pub async fn run<T, E: Display>(&mut self, point: u16, body: Body<'_, T, E>) -> Result<T, E> {
        match self.once(point, body).await {
            Some(result) => result.inspect_err(|error| self.failed(point, error)),
            None => self.timed_out(point).await,
        }
    }

    /// Runs a body that is retried where `when` says so.
    pub async fn attempt<T, E: Display>(
        &mut self,
        point: u16,
        when: &(dyn Fn(&E) -> bool + Sync),
        body: Body<'_, T, E>,
    ) -> Try<T, E> {
        match self.once(point, body).await {
            Some(Ok(value)) => Try::Done(value),
            Some(Err(error)) => match when(&error).then(|| self.next_attempt(point, &error)).flatten() {
                Some(delay) => again_after(delay).await,
                None => {
                    self.failed(point, &error);
                    Try::Failed(error)
                }
            },
            None => match self.next_attempt(point, &"timed out") {
                Some(delay) => again_after(delay).await,
                None => self.timed_out(point).await,
            },
        }
    }

    /// One attempt; `None`: it timed out, and is dropped before anything else happens.
    async fn once<T, E>(&mut self, point: u16, body: Body<'_, T, E>) -> Option<Result<T, E>> {
        self.checkpoint().await;
        self.attempt += 1;
        let observed = !self.observers.is_empty();
        if observed && self.attempt == 1 {
            self.started = Some(Instant::now());
            let step = self.step_info(point);
            self.observers.tell(|observer| observer.on_step_start(&self.run, &step));
        }
        let span = if observed { self.observers.span(&self.run, &self.step_info(point)) } else { None };
        match (self.time_limit(point), span) {
            (None, None) => Some(body.await),
            (limit, span) => {
                let body = body.instrument(span.unwrap_or_else(tracing::Span::none));
                match limit {
                    Some(limit) => tokio::time::timeout(limit, body).await.ok(),
                    None => Some(body.await),
                }
            }
        }
    }

    /// The pause before the next attempt; `None` if there is none.
    pub(super) fn next_attempt(&self, point: u16, error: &dyn Display) -> Option<Duration> {
        let delay = retry::delay(self.point(point).retry.as_ref()?, self.attempt)?;
        if !self.observers.is_empty() {
            let (step, text) = (self.step_info(point), error.to_string());
            self.observers.tell(|observer| observer.on_step_retry(&self.run, &step, &text, delay));
        }
        Some(delay)
    }

    fn failed(&self, point: u16, error: &dyn Display) {
        if !self.observers.is_empty() {
            let (step, text) = (self.step_info(point), error.to_string());
            self.observers.tell(|observer| observer.on_step_error(&self.run, &step, &text));
        }
    }

    async fn timed_out<T>(&self, point: u16) -> T {
        self.failed(point, &"timed out");
        let after = self.time_limit(point).unwrap_or_default();
        self.stop(Exit::StepTimeout { step: self.point(point).name, after }).await
    }
}

async fn again_after<T, E>(delay: Duration) -> Try<T, E> {
    tokio::time::sleep(delay).await;
    Try::Again
}
