//! Ending a transaction: the record as its last statement, and COMMIT.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use prose::store::Lease;
use prose::{DatabaseError, Record};
use sqlx::{PgConnection, Postgres, Row};
use sqlx_core::transaction::TransactionManager;

use super::pair::Partner;
use super::receipt::Receipt;
use super::{OpenTransaction, PostgresDatabase};
use crate::append::Item;
use crate::core::Core;

/// Ends a transaction by reference, so that a failed COMMIT can be cleaned up after.
type Manager = <Postgres as sqlx::Database>::TransactionManager;

/// How long to wait for an answer before the connection counts as lost. The server may be gone without a word.
const ANSWER: Duration = Duration::from_secs(60);

/// A record that lives as long as the commit.
#[derive(Debug)]
pub(super) enum Owned {
    None,
    Commit(Box<Item>),
    Receipt(String),
}

impl Owned {
    pub(super) fn new(record: Option<Record<'_>>) -> Result<Self, DatabaseError> {
        Ok(match record {
            None => Self::None,
            Some(Record::Receipt(given)) => Self::Receipt(given.as_str().to_owned()),
            Some(Record::Commit { lease, commit }) => {
                let item = Item::new(lease, commit).map_err(|error| {
                    DatabaseError::failed(format!("run `{}` cannot be written: {error}", lease.key), error)
                })?;
                Self::Commit(Box::new(item))
            }
        })
    }
}

impl PostgresDatabase {
    /// Commits, or has rolled back when it returns, unless the outcome is unknown.
    pub(super) async fn end(&self, mut open: OpenTransaction, record: Owned) -> Result<(), DatabaseError> {
        let parent = match self.write(&mut open, &record).await {
            Ok(parent) => parent,
            Err(error) => {
                // Who is told so finds no lock left; where the connection is lost there is nothing to wait for.
                let _rolled_back_by_the_server = answer(open.tx.rollback()).await;
                return Err(error);
            }
        };
        answer(commit(&mut open.tx)).await.map_err(|error| self.not_committed(error))?;
        if let (Partner::Store(core), Owned::Commit(item)) = (&open.partner, &record) {
            note_committed(core, item, parent);
        }
        Ok(())
    }

    /// The run that may wait for the end of this one, if it has ended.
    async fn write(&self, open: &mut OpenTransaction, record: &Owned) -> Result<Option<i64>, DatabaseError> {
        let OpenTransaction { tx, nonce, partner } = open;
        match (&*partner, record) {
            (Partner::Store(core), Owned::Commit(item)) => self.write_commit(tx, nonce, core, item).await,
            (Partner::Receipt { uid, step }, Owned::Receipt(given)) => {
                let receipt = Receipt { schema: &self.0.settings.schema, uid, step };
                let completed = answer(receipt.complete(tx, given, nonce)).await;
                ended_unless(completed.map_err(|error| self.failed(error))?).map(|()| None)
            }
            (_, Owned::None) => {
                let asking = sqlx::query_scalar("select current_setting('prose.transaction', true) = $1");
                let still: Option<bool> =
                    answer(asking.bind(&*nonce).fetch_one(&mut **tx)).await.map_err(|error| self.failed(error))?;
                ended_unless(still == Some(true)).map(|()| None)
            }
            (_, Owned::Commit(_) | Owned::Receipt(_)) => {
                let what = "the record is not of the kind that the transaction was begun for";
                Err(DatabaseError::failed(what, sqlx::Error::WorkerCrashed))
            }
        }
    }

    /// Writes the run's commit, if the run is still its lease's.
    async fn write_commit(
        &self,
        sql: &mut PgConnection,
        nonce: &str,
        core: &Arc<Core>,
        item: &Item,
    ) -> Result<Option<i64>, DatabaseError> {
        let writing = core.writer.append_in_transaction(item).bind(nonce);
        let row = match answer(writing.fetch_one(sql)).await {
            Ok(row) => row,
            // The run's row has changed since the transaction's snapshot: so it was claimed, or something else is in the way.
            Err(error) if is_serialization_failure(&error) && lost(core, &item.lease).await => {
                return Err(DatabaseError::Fenced);
            }
            Err(error) => return Err(self.not_recorded(core, error)),
        };
        let read = |column| row.try_get::<bool, _>(column).map_err(|error| self.failed(error));
        ended_unless(read("open")?)?;
        if !read("appended")? {
            return Err(DatabaseError::Fenced);
        }
        row.try_get("parent").map_err(|error| self.failed(error))
    }
}

fn ended_unless(still: bool) -> Result<(), DatabaseError> {
    if still { Ok(()) } else { Err(DatabaseError::EndedByBody) }
}

/// A body may have left savepoints open; COMMIT ends them as well.
async fn commit(sql: &mut PgConnection) -> Result<(), sqlx::Error> {
    while Manager::get_transaction_depth(sql) > 0 {
        Manager::commit(sql).await?;
    }
    Ok(())
}

fn is_serialization_failure(error: &sqlx::Error) -> bool {
    crate::error::code(error).is_some_and(|code| code == "40001")
}

/// Whether the run is another's by now.
async fn lost(core: &Arc<Core>, lease: &Lease) -> bool {
    let found = core.look(&lease.key).await;
    found.is_ok_and(|found| found.is_none_or(|found| found.epoch != lease.epoch || found.run != lease.row))
}

fn note_committed(core: &Arc<Core>, item: &Item, parent: Option<i64>) {
    // Whether it is time to fold is asked by the store's own commits.
    let _due = core.holds.count(&item.lease, item.size);
    if item.ends() {
        core.ended(item);
    }
    if let Some(parent) = parent {
        let waking = Arc::clone(core);
        core.runtime.spawn(async move { waking.wake_all(vec![parent]).await });
    }
}

async fn answer<T>(asking: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(ANSWER, asking).await {
        Ok(answered) => answered,
        Err(_) => Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer from the server"))),
    }
}
