//! The I/O half of a durable run: the store, and the right to write to the run.

use std::sync::Arc;

use super::journal::Journal;
use crate::store::{BoxFuture, Commit, Ending, Lease, NewRun, Store, StoreError};

/// A durable run that this execution owns. Dropping it gives the run back.
pub(crate) struct Owner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) journal: Journal,
    hold: Hold,
    /// How the run had failed, if this execution has started it again.
    failed: Option<Ending>,
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
    pub(crate) fn new(store: Arc<dyn Store>, run: NewRun) -> Self {
        Self { store, journal: Journal::default(), hold: Hold::New(Box::new(run)), failed: None }
    }

    pub(crate) fn claimed(store: Arc<dyn Store>, lease: Lease, journal: Journal, failed: Option<Ending>) -> Self {
        Self { store, journal, hold: Hold::Leased(lease), failed }
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

    /// Begins to write a commit of a run that exists, so that its bodies can go on meanwhile; [`Self::written`] is to be told
    /// what came of it.
    pub(crate) fn begin_write(&self, commit: Commit) -> Writing {
        let (store, lease) = (self.store.clone(), self.lease().cloned());
        Box::pin(async move {
            match lease {
                Some(lease) => store.commit(&lease, commit).await,
                None => Ok(()),
            }
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
        let ends = commit.ending.is_some();
        let written = match &self.hold {
            Hold::New(run) => self.store.create(run, commit).await.map(|lease| self.hold = Hold::Leased(lease)),
            Hold::Leased(lease) => self.store.commit(lease, commit).await,
            Hold::Over => return Ok(()),
        };
        if matches!(written, Err(StoreError::Fenced(_))) || (written.is_ok() && ends) {
            self.hold = Hold::Over;
        }
        written
    }

    /// Ends a run that was failed as it had ended before; does nothing to another one.
    pub(crate) async fn fail_again(&mut self) -> Result<(), StoreError> {
        let Some(failed) = self.failed.take() else { return Ok(()) };
        let commit = self.journal.unchanged(failed);
        self.write(commit).await
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
