//! A store that stops the world at one of a run's commits.

use super::keys::Keys;
use super::run::whatever_run;
use prose::store::{BoxFuture, Commit, Lease, Migrated, NewRun, RunKey};
use prose::{Checkpoint, Store, StoreError};
use serde_json::Value;
use std::any::Any;
use std::collections::BTreeSet;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// When the process dies. Commits are counted from 1, through all executions of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Crash {
    /// The commit is lost.
    Before(usize),
    /// The commit is on disk, and nobody has heard of it.
    After(usize),
}

impl Crash {
    /// The commit at which it happens.
    pub(crate) fn commit(self) -> usize {
        match self {
            Crash::Before(commit) | Crash::After(commit) => commit,
        }
    }

    /// How many commits there are afterwards.
    pub(crate) fn written(self) -> usize {
        match self {
            Crash::Before(commit) => commit - 1,
            Crash::After(commit) => commit,
        }
    }
}

/// A run's own view of a store, until the crash. Clones share it.
#[derive(Clone)]
pub(crate) struct CrashStore {
    pub(super) inner: Arc<dyn Store>,
    commits: Arc<Mutex<Commits>>,
    crashed: Arc<Notify>,
}

/// What was committed.
#[derive(Default)]
struct Commits {
    /// The checkpoint behind each commit.
    checkpoints: Vec<Value>,
    /// The idempotency keys of the bodies that are done.
    done: Keys,
    crash: Option<Crash>,
    /// The claims of runs that were created, which die with their process.
    claimed: Vec<Lease>,
    /// The run, and those of its children.
    created: Vec<RunKey>,
}

impl CrashStore {
    pub(crate) fn over(inner: &Arc<dyn Store>) -> Self {
        Self { inner: inner.clone(), commits: Arc::default(), crashed: Arc::default() }
    }

    fn commits(&self) -> MutexGuard<'_, Commits> {
        self.commits.lock().unwrap()
    }

    /// How many commits there are.
    pub(crate) fn written(&self) -> usize {
        self.commits().checkpoints.len()
    }

    /// The checkpoint behind each commit.
    pub(crate) fn checkpoints(&self) -> Vec<Value> {
        self.commits().checkpoints.clone()
    }

    /// The idempotency keys of the bodies that each commit says to be done.
    pub(crate) fn done(&self) -> Vec<BTreeSet<String>> {
        self.commits().done.of_commits()
    }

    /// Runs an execution until it ends, or until the crash: then it is dropped, as its process would be, and gives `None`.
    pub(crate) async fn execute<T>(&self, crash: Option<Crash>, execution: impl Future<Output = T>) -> Option<T> {
        self.commits().crash = crash;
        let outcome = tokio::select! {
            outcome = execution => Some(outcome),
            () = self.crashed.notified() => None,
        };
        let claimed = std::mem::take(&mut self.commits().claimed);
        claimed.iter().for_each(|lease| self.inner.release(lease));
        outcome
    }

    /// Deletes the run, and those of its children.
    pub(crate) async fn delete(&self) {
        let created = std::mem::take(&mut self.commits().created);
        for key in created {
            self.inner.delete_run(&key).await.unwrap();
        }
    }

    /// Writes, and dies in front of it or behind it.
    pub(super) async fn write<T, E>(
        &self,
        key: &RunKey,
        commit: Option<&Commit>,
        write: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let number = self.written() + 1;
        let crash = self.commits().crash;
        if crash == Some(Crash::Before(number)) {
            return self.die().await;
        }
        let written = write.await?;
        let checkpoint = self.inner.load_run(key).await.unwrap().unwrap();
        self.commits().checkpoints.push(page(&checkpoint));
        self.commits().done.commit(&key.run_id, commit);
        if crash == Some(Crash::After(number)) {
            return self.die().await;
        }
        Ok(written)
    }

    async fn die<T>(&self) -> T {
        self.crashed.notify_one();
        pending().await
    }
}

/// A checkpoint as anyone may read it, without what differs from run to run.
fn page(checkpoint: &Checkpoint) -> Value {
    let mut page = serde_json::to_value(checkpoint).unwrap();
    for varying in ["correlation_id", "created_at", "updated_at"] {
        page.as_object_mut().unwrap().remove(varying).unwrap();
    }
    if let Some(error) = page["failed_step"]["error"].as_str() {
        page["failed_step"]["error"] = whatever_run(error).into();
    }
    // Until when it waits.
    let state = page["state"].as_object_mut().unwrap();
    state.iter_mut().filter(|(name, _)| name.ends_with(":until")).for_each(|(_, until)| *until = "..".into());
    page
}

impl Store for CrashStore {
    fn create<'a>(&'a self, run: &'a NewRun, first: Commit) -> BoxFuture<'a, Result<Lease, StoreError>> {
        let written = first.clone();
        let create = async {
            let lease = self.inner.create(run, first).await?;
            let mut commits = self.commits();
            commits.claimed.push(lease.clone());
            commits.created.push(run.key.clone());
            Ok(lease)
        };
        Box::pin(async move { self.write(&run.key, Some(&written), create).await })
    }
    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.write(&lease.key, Some(&commit), self.inner.commit(lease, commit.clone())).await })
    }
    fn migrate<'a>(&'a self, lease: &'a Lease, run: &'a Migrated) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write(&lease.key, None, self.inner.migrate(lease, run)))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    prose_store_tests::hand_through! { inner: claim reclaim outbox queue signals keep_code code release changed load_run delete_run prune }
}
