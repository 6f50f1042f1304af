//! A store that stops the world at its nth commit, and the sweep that crashes a flow at every one of them.

use prose::store::{BoxFuture, Claim, ClaimRequest, Commit, Lease, NewRun, RunKey};
use prose::{Call, Checkpoint, Database, DatabaseError, Flow, MemoryPublisher, MemoryStore, Record, Store, StoreError};
use std::any::Any;
use std::fmt::Debug;
use std::future::pending;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// When the process dies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Crash {
    Never,
    Before(usize),
    After(usize),
}

/// Memory, until the crash.
#[derive(Clone)]
pub(crate) struct CrashStore {
    inner: MemoryStore,
    crash: Crash,
    commits: Arc<AtomicUsize>,
    crashed: Arc<Notify>,
    /// The claim of the execution, which dies with its process.
    claimed: Arc<Mutex<Option<Lease>>>,
}

impl CrashStore {
    fn over(inner: &MemoryStore, crash: Crash) -> Self {
        Self { inner: inner.clone(), crash, commits: Arc::default(), crashed: Arc::default(), claimed: Arc::default() }
    }

    /// Writes, and dies in front of it or behind it.
    async fn write<T>(&self, write: impl Future<Output = T>) -> T {
        let number = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        if self.crash == Crash::Before(number) {
            return self.die().await;
        }
        let written = write.await;
        if self.crash == Crash::After(number) {
            return self.die().await;
        }
        written
    }

    async fn die<T>(&self) -> T {
        self.crashed.notify_one();
        pending().await
    }
}

impl Store for CrashStore {
    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> BoxFuture<'a, Result<Claim, StoreError>> {
        self.inner.claim(request)
    }
    fn create<'a>(&'a self, run: &'a NewRun, first: Commit) -> BoxFuture<'a, Result<Lease, StoreError>> {
        let create = async {
            let lease = self.inner.create(run, first).await?;
            *self.claimed.lock().unwrap() = Some(lease.clone());
            Ok(lease)
        };
        Box::pin(self.write(create))
    }
    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write(self.inner.commit(lease, commit)))
    }
    fn release(&self, lease: &Lease) {
        self.inner.release(lease);
    }
    fn changed<'a>(&'a self, key: &'a RunKey, epoch: u64) -> BoxFuture<'a, ()> {
        self.inner.changed(key, epoch)
    }
    fn load_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Option<Checkpoint>, StoreError>> {
        self.inner.load_run(key)
    }
    fn delete_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.inner.delete_run(key)
    }
    fn prune(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.inner.prune(older_than)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What the flows' bodies tell, and a database that commits together with the store.
pub(crate) struct Deps {
    log: Mutex<Vec<String>>,
    pub(crate) db: Rows,
}

impl Deps {
    /// A body ran, and saw this.
    pub(crate) fn saw(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }
}

/// Rows in memory.
pub(crate) struct Rows {
    store: CrashStore,
    rows: Arc<Mutex<Vec<String>>>,
}

impl Database for Rows {
    type Tx = Vec<String>;
    type Open = Vec<String>;

    async fn begin(&self, _: Option<&dyn Store>) -> Result<Vec<String>, DatabaseError> {
        Ok(Vec::new())
    }

    fn tx(open: &mut Vec<String>) -> &mut Vec<String> {
        open
    }

    async fn commit(&self, open: Vec<String>, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        if let Some(record) = record {
            let insert = async {
                let done = self.store.inner.commit(record.lease, record.commit).await;
                self.rows.lock().unwrap().extend(open);
                done
            };
            self.store.write(insert).await.unwrap();
        }
        Ok(())
    }
}

/// What a run came to.
#[derive(Debug, PartialEq)]
struct Seen {
    outcome: String,
    log: Vec<String>,
    rows: Vec<String>,
}

/// Runs a flow undisturbed, then again with a crash before and after each of its commits, each time continued by a
/// second call: it must come to the same. With a crash behind a commit no body runs twice; with one in front of it the
/// body before may, and must then see the same again.
pub(crate) async fn sweep<F>(call: impl Fn() -> Call<F>)
where
    F: Flow<Deps = Deps>,
    F::Output: Debug,
    F::Error: Debug,
{
    let (undisturbed, commits) = run(&call, Crash::Never).await;
    assert!(commits > 0, "nothing was saved");
    for n in 1..=commits {
        let (seen, _) = run(&call, Crash::After(n)).await;
        assert_eq!(seen, undisturbed, "after commit {n} of {commits}");
        let (mut seen, _) = run(&call, Crash::Before(n)).await;
        let mut once = undisturbed.log.clone();
        once.dedup();
        seen.log.dedup();
        assert_eq!(seen.log, once, "before commit {n} of {commits}");
        assert_eq!(
            (&seen.outcome, &seen.rows),
            (&undisturbed.outcome, &undisturbed.rows),
            "before commit {n} of {commits}"
        );
    }
}

/// Runs a flow into the crash, and then to its end.
async fn run<F>(call: &impl Fn() -> Call<F>, crash: Crash) -> (Seen, usize)
where
    F: Flow<Deps = Deps>,
    F::Output: Debug,
    F::Error: Debug,
{
    let memory = MemoryStore::new();
    let rows = Arc::new(Mutex::new(Vec::new()));
    let mut log = Vec::new();
    let mut commits = 0;
    for crash in [crash, Crash::Never] {
        let store = CrashStore::over(&memory, crash);
        let db = Rows { store: store.clone(), rows: rows.clone() };
        let deps = Arc::new(Deps { log: Mutex::default(), db });
        let running = call().deps(deps.clone()).publisher(MemoryPublisher::new()).durable(&store, "run").into_future();
        let outcome = tokio::select! {
            outcome = running => Some(outcome),
            () = store.crashed.notified() => None,
        };
        if let Some(lease) = store.claimed.lock().unwrap().take() {
            memory.release(&lease);
        }
        log.append(&mut deps.log.lock().unwrap());
        commits += store.commits.load(Ordering::SeqCst);
        if let Some(outcome) = outcome {
            let rows = rows.lock().unwrap().clone();
            return (Seen { outcome: format!("{outcome:?}"), log, rows }, commits);
        }
    }
    panic!("the second call did not end");
}
