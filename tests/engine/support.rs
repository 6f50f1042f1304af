//! Flows, and what their bodies tell of themselves.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prose::observe::RunInfo;
use prose::{Engine, Observer, Status, Store};

/// Long enough for anything that happens at all.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// What bodies have done, and what holds them up.
#[derive(Default)]
pub(crate) struct World {
    log: Mutex<Vec<String>>,
    running: AtomicUsize,
    most: AtomicUsize,
    pub(crate) gate: Gate,
}

/// Bodies wait here until it is opened.
pub(crate) struct Gate(tokio::sync::watch::Sender<bool>);

impl Default for Gate {
    fn default() -> Self {
        Self(tokio::sync::watch::Sender::new(false))
    }
}

impl Gate {
    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.0.borrow()
    }

    pub(crate) async fn passed(&self) {
        self.0.subscribe().wait_for(|open| *open).await.unwrap();
    }
}

/// A body runs, until this is dropped.
pub(crate) struct Running<'a>(&'a World);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl World {
    pub(crate) fn did(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn times(&self, what: &str) -> usize {
        self.log().iter().filter(|did| *did == what).count()
    }

    pub(crate) fn running(&self) -> Running<'_> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        Running(self)
    }

    /// How many bodies ran at once, at most.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    pub(crate) async fn until(&self, what: &str, times: usize) {
        eventually(what, async || self.times(what) >= times).await;
    }
}

/// Counts the executions of each run.
#[derive(Clone, Default)]
pub(crate) struct Executions(Arc<Mutex<HashMap<String, u32>>>);

impl Observer for Executions {
    fn on_flow_start(&self, run: &RunInfo) {
        *self.0.lock().unwrap().entry(run.run_id.clone().unwrap()).or_default() += 1;
    }
}

impl Executions {
    pub(crate) fn of(&self, run_id: &str) -> u32 {
        self.0.lock().unwrap().get(run_id).copied().unwrap_or(0)
    }
}

/// Waits for what must become true, however slow the machine.
pub(crate) async fn eventually(what: &str, is_true: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_true().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

pub(crate) async fn status(store: &(impl Store + Clone), run_id: &str) -> Option<Status> {
    store.load(run_id).await.unwrap().map(|run| run.status)
}

pub(crate) async fn until_status(store: &(impl Store + Clone), run_id: &str, expected: Status) {
    eventually(&format!("{run_id} {expected}"), async || status(store, run_id).await == Some(expected)).await;
}

pub(crate) fn world() -> Arc<World> {
    Arc::default()
}

/// An engine that executes nothing.
pub(crate) async fn client(store: &(impl Store + Clone)) -> Engine {
    Engine::builder(store, ()).concurrency(0).start().await.unwrap()
}
