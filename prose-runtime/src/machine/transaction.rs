//! Transactions: a body whose rows and the record that it is done are committed together.
//!
//! ```text
//! run kept in the same database:   begin, body, the run's next commit, COMMIT      unknown? reclaim the run, and look for that commit
//! run kept elsewhere:              begin, receipt, body, receipt complete, COMMIT  unknown? begin again, and look for the receipt
//! ```

use super::branch::Place;
use super::{Exit, Machine};
use crate::Json;
use crate::database::{Beginning, Begun, Database, DatabaseError, Record, TransactionStep};
use crate::store::checkpoint::State;
use crate::store::{Commit, Lease, StoreError};

/// An open transaction.
pub struct Open<'d, D: Database> {
    database: &'d D,
    open: D::Open,
    /// The run is kept elsewhere.
    receipt: bool,
}

impl<D: Database> Open<'_, D> {
    /// What the body works in.
    pub fn tx(&mut self) -> &mut D::Tx {
        D::tx(&mut self.open)
    }
}

/// What became of the beginning of a transaction that is retried.
pub enum Start<'d, D: Database> {
    /// It is open.
    Open(Open<'d, D>),
    /// It was committed before: its outputs are there to be loaded.
    Done,
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

/// What generated code calls.
impl Machine {
    /// Begins a transaction that is not retried. `None`: it was committed before, and its outputs are there to be loaded.
    pub async fn begin_once<'d, D: Database>(&mut self, point: u16, database: &'d D) -> Option<Open<'d, D>> {
        match self.open(point, database).await {
            Ok(open) => open,
            Err(source) => self.stop_at_transaction(point, false, source).await,
        }
    }

    /// Begins a transaction that is retried.
    pub async fn begin<'d, D: Database>(&mut self, point: u16, database: &'d D) -> Start<'d, D> {
        match self.open(point, database).await {
            Ok(Some(open)) => Start::Open(open),
            Ok(None) => Start::Done,
            Err(source) if self.again(point, &source, true).await => Start::Again,
            Err(source) => self.stop_at_transaction(point, false, source).await,
        }
    }

    /// Commits a transaction that is not retried, with the record that its step is done.
    pub async fn commit_once<D: Database>(&mut self, point: u16, open: Open<'_, D>) {
        if let Err(source) = self.commit_together(point, open).await {
            self.stop_at_transaction(point, true, source).await
        }
    }

    /// Commits a transaction that is retried, with the record that its step is done.
    pub async fn commit<D: Database>(&mut self, point: u16, open: Open<'_, D>) -> Committed {
        match self.commit_together(point, open).await {
            Ok(()) => Committed::Done,
            Err(source) if self.again(point, &source, false).await => Committed::Again,
            Err(source) => self.stop_at_transaction(point, true, source).await,
        }
    }
}

impl Machine {
    async fn open<'d, D: Database>(
        &mut self,
        point: u16,
        database: &'d D,
    ) -> Result<Option<Open<'d, D>>, DatabaseError> {
        // A run that stands at the entrance of a transaction asks first whether that is committed, and is stopped then.
        match self.runner.shared.exit.asks() {
            true => self.settle_if_needed().await,
            false if self.entrance_travels(point, database) => self.ready_to_travel(point).await,
            false => self.ready(point).await,
        }
        let begun = self.begin_in(point, database).await;
        self.runner.shared.exit.set_asking(false);
        let (open, receipt) = match begun? {
            Begun::Open(open) => (open, false),
            Begun::WithReceipt(open) => {
                // The database has said otherwise before: what the body sees is on disk first.
                self.entering = self.owner.as_ref().is_some_and(|owner| owner.journal.travels());
                self.ready(point).await;
                (open, true)
            }
            Begun::Done(given) => {
                self.adopt(point, &given);
                return Ok(None);
            }
        };
        Ok(Some(Open { database, open, receipt }))
    }

    /// Whether the entrance needs no commit of its own. All that a transaction in the run's own database does, and all that its body has
    /// seen, is committed at once or never was; so only what is done already (a step, the claim of other code) must not wait for it.
    /// Nor one whose body may tell others its key: they would know it again, with another input.
    fn entrance_travels<D: Database>(&self, point: u16, database: &D) -> bool {
        let enters = self.entering && !self.point(point).asks_ctx;
        let owner = self.owner.as_ref().filter(|owner| enters && owner.lease().is_some() && !owner.is_unsettled());
        owner.is_some_and(|owner| owner.journal.may_travel() && database.is_home_of(&*owner.store))
    }

    async fn ready_to_travel(&mut self, point: u16) {
        self.checkpoint().await;
        self.entering = false;
        self.current = Some(Place::of(point));
        if let Some(owner) = &mut self.owner {
            owner.journal.enter_with_transaction();
        }
    }

    async fn begin_in<D: Database>(&self, point: u16, database: &D) -> Result<Begun<D::Open>, DatabaseError> {
        let name = self.runner.step_in_run(point);
        let owner = self.owner.as_ref().and_then(|owner| owner.lease().map(|lease| (owner, lease)));
        let step = owner.map(|(owner, lease)| TransactionStep { store: &*owner.store, uid: &lease.uid, name: &name });
        database.begin(Beginning { step, isolation: self.point(point).isolation }).await
    }

    /// The transaction was committed by an execution that came no further: what its receipt says is what the body would give.
    fn adopt(&mut self, point: u16, given: &Json) {
        if self.runner.undoing {
            return;
        }
        let outputs = match serde_json::from_str::<State>(given.as_str()) {
            Ok(outputs) => outputs,
            Err(error) => {
                let (variable, reason) = (self.point(point).name.to_owned(), format!("its receipt: {error}"));
                return self.shared().exit.set(Exit::Unreadable { variable, reason });
            }
        };
        if let Some(owner) = &mut self.owner {
            owner.journal.adopt(outputs);
        }
        self.completed(point);
    }

    async fn commit_together<D: Database>(&mut self, point: u16, open: Open<'_, D>) -> Result<(), DatabaseError> {
        self.checkpoint().await;
        let exit = self.runner.shared.exit.clone();
        let lease = self.owner.as_ref().and_then(|owner| owner.lease()).cloned();
        let with_receipt = lease.is_some() && open.receipt;
        exit.set_writing(true);
        let committed = match &lease {
            None => open.database.commit(open.open, None).await,
            Some(_) if with_receipt => self.commit_with_receipt(point, open).await,
            Some(lease) => self.commit_with_run(point, open, lease).await,
        };
        exit.set_writing(false);
        if with_receipt {
            return self.receipt_written(point, committed);
        }
        committed?;
        if lease.is_none() {
            self.complete(point);
        }
        self.committed(point);
        Ok(())
    }

    fn committed(&mut self, point: u16) {
        if self.runner.undoing {
            self.undone_in_transaction();
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

    async fn stop_at_transaction<T>(&self, point: u16, begun: bool, source: DatabaseError) -> T {
        if !matches!(source, DatabaseError::Fenced) {
            self.runner.failed(point, &source);
        }
        self.runner.stop(Exit::Database { step: self.runner.step_name(point), begun, source }).await
    }
}

/// A run that is kept in the same database.
impl Machine {
    async fn commit_with_run<D: Database>(
        &mut self,
        point: u16,
        open: Open<'_, D>,
        lease: &Lease,
    ) -> Result<(), DatabaseError> {
        let Some(commit) = self.commit_of_transaction(point) else { return Ok(()) };
        let record = Record::Commit { lease, commit: &commit };
        match open.database.commit(open.open, Some(record)).await {
            Ok(()) => Ok(()),
            Err(unknown @ DatabaseError::Unknown { .. }) => self.find_out(point, commit, unknown).await,
            Err(error) => {
                self.not_committed(point, commit);
                Err(error)
            }
        }
    }

    /// The record that a transaction's step is done, or undone.
    fn commit_of_transaction(&mut self, point: u16) -> Option<Commit> {
        if self.runner.undoing {
            let owner = self.owner.as_mut()?;
            return owner.journal.undoable.outcome(None).map(|undone| owner.journal.undone(undone));
        }
        self.complete(point);
        self.owner.as_mut().map(|owner| owner.journal.commit(None))
    }

    /// The answer to COMMIT was lost. Claiming the run once more waits for the transaction's end, and keeps it from being
    /// committed later; then the run's log tells.
    async fn find_out(&mut self, point: u16, commit: Commit, unknown: DatabaseError) -> Result<(), DatabaseError> {
        let Some(owner) = &mut self.owner else { return Err(unknown) };
        let reclaimed = match owner.reclaim(commit.seq).await {
            Ok(reclaimed) => reclaimed,
            Err(StoreError::Fenced(_)) => {
                owner.lost();
                return Err(DatabaseError::Fenced);
            }
            Err(error) => {
                tracing::warn!(%error, "whether a transaction is committed cannot be found out now; calling the run again will");
                return Err(unknown);
            }
        };
        if !reclaimed.committed {
            self.not_committed(point, commit);
        }
        if let Some(owner) = &mut self.owner {
            owner.journal.goes_on_behind(reclaimed.seq);
        }
        match reclaimed.committed {
            true => Ok(()),
            false => Err(rolled_back(unknown)),
        }
    }

    /// The commit was refused, or rolled back with the transaction.
    fn not_committed(&mut self, point: u16, commit: Commit) {
        let step = self.runner.shared.point(point).name;
        match &mut self.owner {
            Some(owner) if self.runner.undoing => owner.journal.not_undone(),
            Some(owner) => owner.journal.rolled_back(step, &self.runner.at, commit),
            None => {}
        }
    }
}

/// A run that is kept elsewhere.
impl Machine {
    async fn commit_with_receipt<D: Database>(&mut self, point: u16, open: Open<'_, D>) -> Result<(), DatabaseError> {
        let given = self.given()?;
        match open.database.commit(open.open, Some(Record::Receipt(&given))).await {
            Err(unknown @ DatabaseError::Unknown { .. }) => {
                // The receipt that is inserted now waits for the end of the one whose outcome is unknown.
                match self.begin_in(point, open.database).await {
                    Ok(Begun::Done(found)) if found == given => Ok(()),
                    // The next beginning takes what that one has given.
                    Ok(Begun::Done(_)) => Err(overtaken(unknown)),
                    Ok(_) => Err(rolled_back(unknown)),
                    Err(_) => Err(unknown),
                }
            }
            committed => committed,
        }
    }

    /// What the body has given, as the receipt keeps it.
    fn given(&self) -> Result<Json, DatabaseError> {
        let outputs = match &self.owner {
            Some(owner) if !self.runner.undoing => owner.journal.outputs(),
            _ => State::default(),
        };
        let text = serde_json::to_string(&outputs).and_then(Json::parse);
        text.map_err(|error| DatabaseError::failed(format!("the receipt cannot be written: {error}"), error))
    }

    /// The run's own commit follows at the next entrance; until then the receipt speaks for it.
    fn receipt_written(&mut self, point: u16, committed: Result<(), DatabaseError>) -> Result<(), DatabaseError> {
        match (&committed, &mut self.owner) {
            _ if self.runner.undoing => {}
            (Ok(()), _) => self.completed(point),
            (Err(_), Some(owner)) => owner.journal.discard_outputs(),
            (Err(_), None) => {}
        }
        committed
    }
}

/// The transaction whose outcome was unknown turned out to be another execution's.
fn overtaken(unknown: DatabaseError) -> DatabaseError {
    DatabaseError::failed(format!("{unknown}. Another execution of the step has committed it meanwhile"), unknown)
}

/// The transaction whose outcome was unknown turned out to be rolled back.
fn rolled_back(unknown: DatabaseError) -> DatabaseError {
    DatabaseError::failed(format!("{unknown}. It was rolled back"), unknown)
}
