//! A child: another flow as a step, with a run of its own.
//!
//! The parent's commit at its entrance stands before the child's run begins, and the child's id is made of the parent's and the
//! step's: so whoever executes the parent again finds the same child, and its result if it has one.

use std::pin::pin;
use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::body::{Bare, Capture, left_by_the_body};
use super::{Branch, ChildEnd, Exit, Machine, Parking, Runner, Shared};
use crate::call::Call;
use crate::child::Boxed;
use crate::error::Error;
use crate::execute::Settings;
use crate::flow::Flow;
use crate::store::{Ending, RunKey};

impl Machine {
    /// Runs a child. Never returns if it fails.
    pub async fn child<F: Flow>(
        &mut self,
        point: u16,
        call: Call<F, Arc<F::Deps>>,
        boxing: fn(Error<F::Error>) -> Boxed,
    ) -> F::Output {
        // A run that stands at the entrance of a child asks first what that has come to, and is stopped then.
        match self.runner.shared.exit.asks() {
            true => self.settle_if_needed().await,
            false => self.ready(point).await,
        }
        let output = self.runner.child(point, call, boxing).await;
        self.runner.shared.exit.set_asking(false);
        output
    }
}

impl Branch {
    /// [`Machine::child`], beside others.
    pub async fn child<F: Flow>(
        &mut self,
        point: u16,
        call: Call<F, Arc<F::Deps>>,
        boxing: fn(Error<F::Error>) -> Boxed,
    ) -> F::Output {
        self.runner.child(point, call, boxing).await
    }
}

impl Runner {
    async fn child<F: Flow>(
        &mut self,
        point: u16,
        mut call: Call<F, Arc<F::Deps>>,
        boxing: fn(Error<F::Error>) -> Boxed,
    ) -> F::Output {
        let run_id = self.idempotency_key(point);
        let tokens = call.settings().and_then(|settings| self.shared.adopt(settings, run_id));
        let parking = call.settings().and_then(|settings| settings.parking.clone());
        let mut result = None;
        self.child_to_its_end(point, pin!(Capture { body: pin!(call), result: &mut result }), tokens).await;
        if let Some(until) = parking.as_ref().and_then(|parking| parking.parked.get().copied()) {
            if parking.is_some_and(|parking| parking.of_another.get().is_some()) {
                let waits = "it waits, and does not wake this run, which is not the one that has made it; it is looked at now and then";
                return self.child_failed(point, ChildEnd::Interrupted, waits.into()).await;
            }
            let ending = Ending::Waiting { until, signal: None, children: 1 };
            return self.stop(Exit::Wait { point, ending }).await;
        }
        match left_by_the_body(result) {
            Ok(output) => output,
            Err(error) => {
                let why = match parking.is_some_and(|parking| parking.interrupted.get().is_some()) {
                    true => ChildEnd::Interrupted,
                    false if error.is_for_good() => ChildEnd::ForGood,
                    false => ChildEnd::Failed,
                };
                self.child_failed(point, why, boxing(error)).await
            }
        }
    }

    async fn child_to_its_end(&mut self, point: u16, child: Bare<'_>, tokens: Option<Tokens>) {
        let shared = self.shared.clone();
        // A child that is to be stopped writes down how it ended: until then the parent is not stopped.
        let _child = shared.exit.child();
        match tokens {
            None => self.once(point, child).await,
            Some(tokens) => self.once(point, pin!(cancelled_by_both(child, tokens))).await,
        };
    }

    async fn child_failed<T>(&self, point: u16, why: ChildEnd, source: Boxed) -> T {
        // One that what lies beneath it keeps from ending does so before its parent, which is tried again.
        let is_left = why == ChildEnd::Interrupted && self.shared.run.cancellation.is_cancelled();
        if !is_left && self.shared.is_to_stop() {
            // It was stopped because its parent is.
            self.shared.exit.set_asking(false);
            std::future::pending::<()>().await;
        }
        self.failed(point, &source);
        let run_id = self.idempotency_key(point);
        self.stop(Exit::Child { step: self.step_name(point), run_id, source, why }).await
    }
}

/// A child's own token, and its parent's.
struct Tokens {
    parent: CancellationToken,
    /// Made of the child's own, and given to it in place of that.
    child: CancellationToken,
}

async fn cancelled_by_both(mut child: Bare<'_>, tokens: Tokens) {
    tokio::select! {
        biased;
        () = child.as_mut() => return,
        () = tokens.parent.cancelled() => tokens.child.cancel(),
    }
    child.await;
}

impl Shared {
    /// What a child has from its parent: the store, a run id, and all that it was not given itself.
    fn adopt(&self, child: &mut Settings, run_id: Option<String>) -> Option<Tokens> {
        if let (None, Some((store, key)), Some(run_id)) = (&child.durable, &self.durable, run_id) {
            child.durable = Some((store.clone(), RunKey { run_id, ..key.clone() }));
            child.parent = Some(key.clone());
            child.parking = self.parking.as_ref().map(Parking::of_child);
        }
        child.correlation_id.get_or_insert_with(|| self.run.correlation_id.clone());
        child.observers = self.observers.and(&child.observers);
        if child.publisher.is_none() {
            child.publisher.clone_from(&self.publisher);
        }
        let left = self.limits.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        child.timeout = [child.timeout, left].into_iter().flatten().min();
        let parent = self.run.cancellation.clone();
        match child.cancellation.take() {
            None => {
                child.cancellation = Some(parent);
                None
            }
            Some(own) => {
                let both = own.child_token();
                child.cancellation = Some(both.clone());
                Some(Tokens { parent, child: both })
            }
        }
    }
}
