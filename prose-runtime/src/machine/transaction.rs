//! Transactions: a body whose rows and the record that it is done are committed together.

use super::{Exit, Machine};
use crate::database::{Database, DatabaseError, Record};
use crate::store::Commit;

/// An open transaction.
pub struct Open<'d, D: Database> {
    database: &'d D,
    open: D::Open,
}

impl<D: Database> Open<'_, D> {
    /// What the body works in.
    pub fn tx(&mut self) -> &mut D::Tx {
        D::tx(&mut self.open)
    }
}

/// What became of a beginning.
pub enum Begun<'d, D: Database> {
    /// It is open.
    Open(Open<'d, D>),
    /// It failed, and is to be tried again; the pause is over.
    Again,
}

/// What became of a commit.
#[derive(Debug)]
pub enum Committed {
    /// It is on disk, with the record.
    Done,
    /// It was rolled back, and is to be tried again; the pause is over.
    Again,
}

impl Machine {
    /// Begins a transaction that is not retried.
    pub async fn begin_once<'d, D: Database>(&mut self, point: u16, database: &'d D) -> Open<'d, D> {
        match self.open(point, database).await {
            Ok(open) => open,
            Err(source) => self.rolled_back(point, source).await,
        }
    }

    /// Begins a transaction that is retried.
    pub async fn begin<'d, D: Database>(&mut self, point: u16, database: &'d D) -> Begun<'d, D> {
        match self.open(point, database).await {
            Ok(open) => Begun::Open(open),
            Err(source) if self.again(point, &source, true).await => Begun::Again,
            Err(source) => self.rolled_back(point, source).await,
        }
    }

    /// Commits a transaction that is not retried, with the record that its step is done.
    pub async fn commit_once<D: Database>(&mut self, point: u16, open: Open<'_, D>) {
        if let Err(source) = self.commit_together(point, open).await {
            self.rolled_back(point, source).await
        }
    }

    /// Commits a transaction that is retried, with the record that its step is done.
    pub async fn commit<D: Database>(&mut self, point: u16, open: Open<'_, D>) -> Committed {
        match self.commit_together(point, open).await {
            Ok(()) => Committed::Done,
            Err(source) if self.again(point, &source, false).await => Committed::Again,
            Err(source) => self.rolled_back(point, source).await,
        }
    }

    async fn open<'d, D: Database>(&mut self, point: u16, database: &'d D) -> Result<Open<'d, D>, DatabaseError> {
        self.ready(point).await;
        let store = self.owner.as_ref().map(|owner| &*owner.store);
        Ok(Open { database, open: database.begin(store).await? })
    }

    async fn commit_together<D: Database>(&mut self, point: u16, open: Open<'_, D>) -> Result<(), DatabaseError> {
        self.checkpoint().await;
        let commit = self.commit_of_transaction(point);
        let lease = self.owner.as_ref().and_then(|owner| owner.lease());
        let record = lease.zip(commit).map(|(lease, commit)| Record { lease, commit });
        let shared = self.runner.shared.clone();
        shared.exit.set_writing(true);
        let committed = open.database.commit(open.open, record).await;
        shared.exit.set_writing(false);
        let step = shared.point(point).name;
        match (&committed, &mut self.owner) {
            (Ok(()), _) => self.committed(point),
            (Err(DatabaseError::Fenced), Some(owner)) => owner.lost(),
            (Err(_), Some(owner)) if self.runner.undoing => owner.journal.not_undone(),
            (Err(_), Some(owner)) => owner.journal.rolled_back(step, &self.runner.at),
            (Err(_), None) => {}
        }
        committed
    }

    /// The record that a transaction's step is done, or undone.
    fn commit_of_transaction(&mut self, point: u16) -> Option<Commit> {
        if self.runner.undoing {
            let owner = self.owner.as_mut()?;
            return owner.journal.undoable.outcome(None).map(|undone| owner.journal.undone(undone));
        }
        if self.owner.is_some() {
            self.complete(point);
        }
        self.owner.as_mut().map(|owner| owner.journal.commit(None))
    }

    fn committed(&mut self, point: u16) {
        if self.runner.undoing {
            self.undone_in_transaction();
        } else if self.owner.is_none() {
            self.complete(point);
        }
        self.done(point);
        self.announce();
    }

    /// Whether the transaction is to be tried again. A beginning that failed counts as an attempt.
    async fn again(&mut self, point: u16, error: &DatabaseError, beginning: bool) -> bool {
        let transient = matches!(error, DatabaseError::Failed { .. });
        self.runner.attempt += u32::from(transient && beginning);
        let delay = if transient { self.runner.next_attempt(point, error) } else { None };
        let Some(delay) = delay else { return false };
        self.pause(delay).await;
        true
    }

    async fn rolled_back<T>(&self, point: u16, source: DatabaseError) -> T {
        if !matches!(source, DatabaseError::Fenced) {
            self.runner.failed(point, &source);
        }
        self.runner.stop(Exit::Database { step: self.runner.step_name(point), source }).await
    }
}
