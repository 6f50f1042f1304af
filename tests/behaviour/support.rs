//! What the tests share: a log of what bodies did, an observer that remembers, and errors.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use prose::observe::{Observer, RunInfo, StepInfo};
use prose::store::{BoxFuture, Claim, ClaimRequest, Code, Commit, Lease, Migrated, NewRun};
use prose::{MemoryStore, Store, StoreError, ValidationError};

/// A log that bodies write, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|known| *known == line).count()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

/// The error of the tests' flows.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Boom(&'static str),
    #[error("transient")]
    Transient,
    #[error(transparent)]
    Invalid(#[from] ValidationError),
}

impl Failure {
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Failure::Transient)
    }
}

impl Observer for Log {
    fn on_flow_start(&self, run: &RunInfo) {
        self.add(if run.resuming { "flow start (resuming)" } else { "flow start" });
    }
    fn on_flow_complete(&self, _: &RunInfo, _: Duration) {
        self.add("flow complete");
    }
    fn on_flow_error(&self, _: &RunInfo, error: &str) {
        self.add(format!("flow error: {error}"));
    }
    fn on_flow_break(&self, _: &RunInfo) {
        self.add("flow break");
    }
    fn on_input_ignored(&self, _: &RunInfo) {
        self.add("input ignored");
    }
    fn on_undo_start(&self, _: &RunInfo) {
        self.add("undo");
    }
    fn on_step_start(&self, _: &RunInfo, step: &StepInfo) {
        self.add(format!("start {}", step.name));
    }
    fn on_step_complete(&self, _: &RunInfo, step: &StepInfo, _: Duration) {
        self.add(format!("complete {}", step.name));
    }
    fn on_step_error(&self, _: &RunInfo, step: &StepInfo, error: &str) {
        self.add(format!("error {}: {error}", step.name));
    }
    fn on_step_retry(&self, _: &RunInfo, step: &StepInfo, error: &str, _: Duration) {
        self.add(format!("retry {}: {error}", step.name));
    }
    fn on_step_skipped(&self, _: &RunInfo, step: &str) {
        self.add(format!("skipped {step}"));
    }
}

/// A store that "crashes" right behind its nth write, or in front of it: the flow's future never hears of it, and is dropped by
/// the test.
#[derive(Clone, Default)]
pub(crate) struct CrashingStore {
    pub(crate) inner: MemoryStore,
    writes: Arc<Mutex<u32>>,
    crash_before: Option<u32>,
    code_reads: Arc<Mutex<u32>>,
    crash_after: Option<u32>,
    /// The claims of its executions, the last one behind.
    pub(crate) leases: Arc<Mutex<Vec<Lease>>>,
}

impl CrashingStore {
    pub(crate) fn crash_after(&self, writes: u32) -> Self {
        Self { inner: self.inner.clone(), crash_after: Some(writes), ..Self::default() }
    }

    pub(crate) fn crash_before(&self, writes: u32) -> Self {
        Self { inner: self.inner.clone(), crash_before: Some(writes), ..Self::default() }
    }

    pub(crate) fn writes(&self) -> u32 {
        *self.writes.lock().unwrap()
    }

    async fn about_to_write(&self) {
        if self.crash_before == Some(self.writes() + 1) {
            std::future::pending::<()>().await;
        }
    }

    /// How often code was looked up.
    pub(crate) fn code_reads(&self) -> u32 {
        *self.code_reads.lock().unwrap()
    }

    async fn written(&self) {
        let now = {
            let mut writes = self.writes.lock().unwrap();
            *writes += 1;
            *writes
        };
        if Some(now) == self.crash_after {
            std::future::pending::<()>().await;
        }
    }
}

impl Store for CrashingStore {
    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> BoxFuture<'a, Result<Claim, StoreError>> {
        Box::pin(async move {
            let claimed = self.inner.claim(request).await;
            if let Ok(Claim::Claimed(run)) = &claimed {
                self.leases.lock().unwrap().push(run.lease.clone());
            }
            claimed
        })
    }
    fn create<'a>(&'a self, run: &'a NewRun, first: Commit) -> BoxFuture<'a, Result<Lease, StoreError>> {
        Box::pin(async move {
            self.about_to_write().await;
            let created = self.inner.create(run, first).await;
            if let Ok(lease) = &created {
                self.leases.lock().unwrap().push(lease.clone());
                if self.crash_after == Some(self.writes() + 1) {
                    self.inner.release(lease);
                }
            }
            self.written().await;
            created
        })
    }
    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.about_to_write().await;
            let committed = self.inner.commit(lease, commit).await;
            self.written().await;
            committed
        })
    }
    fn migrate<'a>(&'a self, lease: &'a Lease, run: &'a Migrated) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.about_to_write().await;
            let migrated = self.inner.migrate(lease, run).await;
            self.written().await;
            migrated
        })
    }
    fn code(&self, fingerprint: u64) -> BoxFuture<'_, Result<Option<Code>, StoreError>> {
        *self.code_reads.lock().unwrap() += 1;
        self.inner.code(fingerprint)
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
    prose_store_tests::hand_through! { inner: reclaim outbox queue signals keep_code release changed load_run delete_run prune }
}

/// Polls a call until it can go no further by itself, then drops it: what a crash does to it.
pub(crate) async fn until_stuck<T>(call: impl IntoFuture<Output = T>) -> Option<T> {
    let call = call.into_future();
    tokio::pin!(call);
    for _ in 0..1_000 {
        if let std::task::Poll::Ready(value) = futures_poll_once(call.as_mut()).await {
            return Some(value);
        }
        tokio::task::yield_now().await;
    }
    None
}

async fn futures_poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx))).await
}

/// A store of each kind, to run the same flow on.
pub(crate) async fn stores() -> Vec<(&'static str, Arc<dyn Store>, Option<tempfile::TempDir>)> {
    let dir = tempfile::tempdir().unwrap();
    let sqlite = prose_sqlite::SqliteStore::open(dir.path().join("runs.db")).await.unwrap();
    vec![("memory", Arc::new(MemoryStore::new()), None), ("sqlite", Arc::new(sqlite), Some(dir))]
}

/// The state of a run, as JSON.
pub(crate) async fn state_of(store: &dyn Store, run_id: &str) -> serde_json::Value {
    serde_json::to_value(store.load(run_id).await.unwrap().expect("the run exists").state).unwrap()
}
