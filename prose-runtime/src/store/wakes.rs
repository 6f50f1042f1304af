//! What engines, executions and those who wait for them tell one another, within a process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::RunKey;

/// Each store has one for its queue. It reaches this process only; a store that hears of other processes passes on what it hears, and
/// engines look for themselves, now and then.
#[derive(Debug, Default)]
pub struct Wakes {
    due: watch::Sender<()>,
    asked_to_cancel: watch::Sender<()>,
    ended: watch::Sender<()>,
    signalled: watch::Sender<()>,
    executing: Mutex<HashMap<RunKey, Vec<CancellationToken>>>,
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
