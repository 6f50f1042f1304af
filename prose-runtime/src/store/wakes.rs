//! What engines, executions and those who wait for them tell one another, within a process.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Queue, RunKey};

/// How often a process without an engine asks which of its executions are to end.
const ASKS_AGAIN: Duration = Duration::from_secs(1);

/// Each store has one for its queue. It reaches this process only; a store that hears of other processes passes on what it hears, and
/// engines look for themselves, now and then.
#[derive(Debug, Default)]
pub struct Wakes {
    due: watch::Sender<()>,
    asked_to_cancel: watch::Sender<()>,
    ended: watch::Sender<()>,
    signalled: watch::Sender<()>,
    executing: Mutex<HashMap<RunKey, Vec<CancellationToken>>>,
    /// When one execution has asked for requests to cancel, for all of this process.
    asked_at: Mutex<Option<Instant>>,
}

impl Wakes {
    /// Runs have become due, or will be at an instant that nobody has reckoned with.
    pub fn runs_are_due(&self) {
        self.due.send_replace(());
    }

    /// A run was asked to end as cancelled.
    pub fn cancel_is_asked(&self) {
        self.asked_to_cancel.send_replace(());
    }

    /// A run has ended.
    pub fn run_has_ended(&self) {
        self.ended.send_replace(());
    }

    /// A signal was sent.
    pub fn signal_is_sent(&self) {
        self.signalled.send_replace(());
    }

    pub(crate) fn on_due(&self) -> watch::Receiver<()> {
        self.due.subscribe()
    }

    pub(crate) fn on_cancel(&self) -> watch::Receiver<()> {
        self.asked_to_cancel.subscribe()
    }

    pub(crate) fn on_ended(&self) -> watch::Receiver<()> {
        self.ended.subscribe()
    }

    pub(crate) fn on_signal(&self) -> watch::Receiver<()> {
        self.signalled.subscribe()
    }

    /// A run is executed in this process, and ends when the token is cancelled; until the guard is dropped.
    pub(crate) fn executing<'a>(&'a self, key: &RunKey, token: &CancellationToken) -> Executing<'a> {
        self.tokens().entry(key.clone()).or_default().push(token.clone());
        Executing { wakes: self, key: key.clone(), token: token.clone() }
    }

    /// Cancels the executions of a run in this process, if there are any.
    pub(crate) fn cancel(&self, key: &RunKey) {
        for token in self.tokens().get(key).into_iter().flatten() {
            token.cancel();
        }
    }

    /// Asks, now and then, which executions of this process were asked by other processes to end, and tells them. Where several do, the first whose
    /// time it is asks for all: any of them may be held by somebody who does not poll it. Never returns.
    pub(crate) async fn pass_on_cancels(&self, queue: &dyn Queue) -> Infallible {
        let mut next = Instant::now() + ASKS_AGAIN;
        loop {
            tokio::time::sleep_until(next).await;
            if let Some(turn) = self.turn_of_another() {
                next = turn;
                continue;
            }
            next = Instant::now() + ASKS_AGAIN;
            match queue.asked_to_cancel().await {
                Ok(keys) => keys.iter().for_each(|key| self.cancel(key)),
                Err(error) => tracing::debug!(%error, "which runs were asked to end cannot be told"),
            }
        }
    }

    /// Takes the turn to ask for requests to cancel. `Some`: another has had it, and the next one is then.
    fn turn_of_another(&self) -> Option<Instant> {
        let mut asked_at = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = asked_at.map(|at| at + ASKS_AGAIN).filter(|next| *next > Instant::now());
        if next.is_none() {
            *asked_at = Some(Instant::now());
        }
        next
    }

    /// Each change is one call of the map, so a poisoned lock is as good as any.
    fn tokens(&self) -> MutexGuard<'_, HashMap<RunKey, Vec<CancellationToken>>> {
        self.executing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run is executed.
#[derive(Debug)]
pub(crate) struct Executing<'a> {
    wakes: &'a Wakes,
    key: RunKey,
    token: CancellationToken,
}

impl Drop for Executing<'_> {
    fn drop(&mut self) {
        let mut tokens = self.wakes.tokens();
        let Some(of_run) = tokens.get_mut(&self.key) else { return };
        of_run.retain(|token| token != &self.token);
        if of_run.is_empty() {
            tokens.remove(&self.key);
        }
    }
}
