//! The I/O half of a durable run: the store, and the right to write to the run.

use std::sync::Arc;
use std::time::SystemTime;

use super::journal::Journal;
use crate::store::{BoxFuture, Code, Commit, Ending, Lease, Migrated, NewRun, Reclaimed, RunKey, Store, StoreError};

/// A durable run that this execution owns. Dropping it gives the run back.
pub(crate) struct Owner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) journal: Journal,
    hold: Hold,
    /// How the run had failed, if this execution has started it again.
    failed: Option<Ending>,
    /// What this code looks like, if the store may not know.
    code: Option<Arc<Code>>,
    /// What a migration has made of the run: the journal goes on behind it, and it is the first to be written.
    migrated: Option<Box<Migrated>>,
}

/// A commit that is being written.
pub(crate) type Writing = BoxFuture<'static, Result<(), StoreError>>;

enum Hold {
    /// The run does not exist yet; its first commit creates it.
    New(Box<NewRun>),
    Leased(Lease),
    /// It ended, or was lost to another execution.
    Over,
}

impl Owner {
    pub(crate) fn new(store: Arc<dyn Store>, run: NewRun, code: Arc<Code>) -> Self {
        let (journal, hold) = (Journal::default(), Hold::New(Box::new(run)));
        Self { store, journal, hold, failed: None, code: Some(code), migrated: None }
    }

    pub(crate) fn claimed(store: Arc<dyn Store>, lease: Lease, journal: Journal, failed: Option<Ending>) -> Self {
        Self { store, journal, hold: Hold::Leased(lease), failed, code: None, migrated: None }
    }

    /// The run goes on with code that did not write it.
    pub(crate) fn under_other_code(&mut self, code: Arc<Code>) {
        self.code = Some(code);
    }

    /// The run goes on as a migration has made it. Written with the first that is written.
    pub(crate) fn migrated(&mut self, run: Migrated) {
        self.journal = Journal::resume(run.folded.clone(), None);
        self.migrated = Some(Box::new(run));
    }

    /// Whether something is to be written before a body may run.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.code.is_some() || self.migrated.is_some()
    }

    /// Writes what is to be written before anything else.
    pub(crate) async fn settle(&mut self) -> Result<(), StoreError> {
        if let Some(code) = self.code.take() {
            self.store.keep_code(&code).await?;
        }
        let (Some(run), Hold::Leased(lease)) = (self.migrated.take(), &self.hold) else { return Ok(()) };
        let written = self.store.migrate(lease, &run).await;
        if matches!(written, Err(StoreError::Fenced(_))) {
            self.hold = Hold::Over;
        }
        written
    }

    /// Whether anything was written of the run.
    pub(crate) fn exists(&self) -> bool {
        !matches!(self.hold, Hold::New(_))
    }

    pub(crate) fn lease(&self) -> Option<&Lease> {
        match &self.hold {
            Hold::Leased(lease) => Some(lease),
            Hold::New(_) | Hold::Over => None,
        }
    }

    /// The run's name and uid, while it is this execution's.
    pub(crate) fn run(&self) -> Option<(&RunKey, &str)> {
        match &self.hold {
            Hold::New(run) => Some((&run.key, &run.uid)),
            Hold::Leased(lease) => Some((&lease.key, &lease.uid)),
            Hold::Over => None,
        }
    }

    /// Begins to write a commit of a run that exists, so that its bodies can go on meanwhile; [`Self::written`] is to be told
    /// what came of it.
    pub(crate) fn begin_write(&self, commit: Commit) -> Writing {
        let (store, lease) = (self.store.clone(), self.lease().cloned());
        let publishes = !commit.events.is_empty();
        Box::pin(async move {
            let Some(lease) = lease else { return Ok(()) };
            store.commit(&lease, commit).await?;
            if publishes {
                store.outbox().bell().events_are_committed();
            }
            Ok(())
        })
    }

    /// What came of a commit.
    pub(crate) fn written(&mut self, written: &Result<(), StoreError>) {
        if matches!(written, Err(StoreError::Fenced(_))) {
            self.lost();
        }
    }

    /// Writes a commit; returns when the store has it.
    pub(crate) async fn write(&mut self, commit: Commit) -> Result<(), StoreError> {
        self.settle().await?;
        let (ends, publishes) = (commit.ending.is_some(), !commit.events.is_empty());
        let written = match &self.hold {
            Hold::New(run) => self.store.create(run, commit).await.map(|lease| self.hold = Hold::Leased(lease)),
            Hold::Leased(lease) => self.store.commit(lease, commit).await,
            Hold::Over => return Ok(()),
        };
        if matches!(written, Err(StoreError::Fenced(_))) || (written.is_ok() && ends) {
            self.hold = Hold::Over;
        }
        if written.is_ok() && publishes {
            self.store.outbox().bell().events_are_committed();
        }
        written
    }

    /// Claims the run once more, and tells whether the commit of this number was written: its answer was lost.
    pub(crate) async fn reclaim(&mut self, seq: u64) -> Result<Reclaimed, StoreError> {
        let lease = match &self.hold {
            Hold::Leased(lease) => lease,
            Hold::New(run) => return Err(StoreError::Fenced(run.key.clone())),
            Hold::Over => return Err(StoreError::Fenced(RunKey::new(""))),
        };
        let reclaimed = self.store.reclaim(lease, seq).await?;
        self.hold = Hold::Leased(reclaimed.lease.clone());
        Ok(reclaimed)
    }

    /// Gives a run back as it was saved, not to be gone on with before then.
    pub(crate) async fn postpone(&mut self, until: SystemTime) -> Result<(), StoreError> {
        self.end(Ending::Waiting { until: Some(until), signal: None, children: 0 }).await
    }

    /// Ends the claim of a run as it was saved.
    pub(crate) async fn end(&mut self, ending: Ending) -> Result<(), StoreError> {
        let commit = self.journal.unchanged(ending);
        self.write(commit).await
    }

    /// Commits that from now on the run is only undone, from the records of its steps.
    pub(crate) async fn turn_back(&mut self, ending: Ending) -> Result<(), StoreError> {
        let commit = self.journal.turn_back(ending);
        self.write(commit).await
    }

    /// Gives up a run with which this code cannot go on: one that was failed is failed again, as it was, another one is blocked.
    pub(crate) async fn block(&mut self, step: Option<String>, reason: String) -> Result<(), StoreError> {
        self.code = None;
        if self.migrated.take().is_some() {
            self.journal.not_migrated();
        }
        let ending = self.failed.take().unwrap_or(Ending::Blocked { step, reason });
        self.end(ending).await
    }

    /// The run was lost to another execution.
    pub(crate) fn lost(&mut self) {
        self.hold = Hold::Over;
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Hold::Leased(lease) = &self.hold {
            self.store.release(lease);
        }
    }
}
