//! Transactions: a body whose rows and the record that it is done are committed together.

use super::{Exit, Machine};
use crate::database::{Database, DatabaseError, Record};

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
        let step = self.runner.point(point).name;
        let record = match &mut self.owner {
            None => None,
            Some(owner) => {
                owner.journal.complete(step, &self.runner.at);
                let commit = owner.journal.commit(None);
                owner.lease().map(|lease| Record { lease, commit })
            }
        };
        self.runner.shared.exit.set_writing(true);
        let committed = open.database.commit(open.open, record).await;
        self.runner.shared.exit.set_writing(false);
        match (&committed, &mut self.owner) {
            (Ok(()), _) => {
                self.done(point);
                self.announce();
            }
            (Err(DatabaseError::Fenced), Some(owner)) => owner.lost(),
            (Err(_), Some(owner)) => owner.journal.rolled_back(step, &self.runner.at),
            (Err(_), None) => {}
        }
        committed
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
