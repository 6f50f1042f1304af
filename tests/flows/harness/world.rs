//! What is outside of a flow: where its bodies leave their effects.

use super::crash::CrashStore;
use super::points::Way;
use prose::{Beginning, Begun, Ctx, Database, DatabaseError, MemoryPublisher, MemoryStore, Record, Store};
use std::sync::{Arc, Mutex};

/// The outside of one run, through all of its executions. Clones share it.
#[derive(Clone)]
pub(crate) struct World {
    pub(super) store: CrashStore,
    pub(super) publisher: MemoryPublisher,
    /// Through the flow.
    pub(super) way: Way,
    told: Arc<Mutex<Vec<Told>>>,
    rows: Arc<Mutex<Vec<String>>>,
}

/// What a body told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    /// The body's idempotency key; `None` without a store.
    pub(crate) key: Option<String>,
    pub(crate) attempt: u32,
    pub(crate) what: String,
    /// How many commits there were.
    pub(crate) behind: usize,
}

impl World {
    pub(super) fn new(store: &Arc<dyn Store>) -> Self {
        Self {
            store: CrashStore::over(store),
            publisher: MemoryPublisher::new(),
            way: Way::default(),
            told: Arc::default(),
            rows: Arc::default(),
        }
    }

    /// A world for a single call, without crashes.
    pub(crate) fn in_memory() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        Self::new(&store)
    }

    /// An effect of a body, and what it depends on. An attempt of a body tells once: a second time is taken for a second run of it.
    pub(crate) fn tell<D>(&self, ctx: &Ctx<D>, what: impl Into<String>) {
        self.add(ctx.idempotency_key().map(str::to_owned), ctx.attempt(), what.into());
    }

    /// An effect of a body that does not know its context.
    pub(crate) fn note(&self, what: impl Into<String>) {
        self.add(None, 0, what.into());
    }

    fn add(&self, key: Option<String>, attempt: u32, what: String) {
        let behind = self.store.written();
        self.told.lock().unwrap().push(Told { key, attempt, what, behind });
    }

    /// The run's store.
    pub(crate) fn store(&self) -> &impl Store {
        &self.store
    }

    /// How many commits there are.
    pub(crate) fn written(&self) -> usize {
        self.store.written()
    }

    /// A database whose transactions commit together with the run.
    pub(crate) fn rows(&self) -> Rows {
        Rows { store: self.store.clone(), rows: self.rows.clone() }
    }

    /// What was told since this was asked the last time.
    pub(super) fn take_told(&self) -> Vec<Told> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    /// The rows that were committed.
    pub(super) fn committed_rows(&self) -> Vec<String> {
        self.rows.lock().unwrap().clone()
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

    async fn begin(&self, _: Beginning<'_>) -> Result<Begun<Vec<String>>, DatabaseError> {
        Ok(Begun::Open(Vec::new()))
    }

    fn is_home_of(&self, _: &dyn Store) -> bool {
        true
    }

    fn tx(open: &mut Vec<String>) -> &mut Vec<String> {
        open
    }

    async fn commit(&self, open: Vec<String>, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        let insert = || self.rows.lock().unwrap().extend(open);
        let Some(Record::Commit { lease, commit }) = record else {
            insert();
            return Ok(());
        };
        let write = async {
            self.store.inner.commit(lease, commit.clone()).await?;
            insert();
            Ok(())
        };
        let failed = |error: prose::StoreError| DatabaseError::failed("the rows were not committed", error);
        self.store.write(&lease.key, Some(commit), write).await.map_err(failed)
    }
}
