//! What a database is to a flow: where the bodies of `#[transaction]` run.

use std::future::Future;
use std::sync::Arc;

use crate::store::{Commit, Lease, Store};

/// A database whose transactions can be a flow's steps: `#[transaction(tx = ctx.deps.db)]`, with `db: impl Database`.
///
/// The promise: a transaction's rows and the record that its step is done are committed together, or neither is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a database that a transaction can use",
    label = "`#[transaction(tx = ..)]` takes a `prose::Database`",
    note = "on SQLite that is a `prose_sqlite::SqliteDatabase`, made by `store.database()`; not its pool, and not a connection"
)]
pub trait Database: Send + Sync {
    /// What a body sees as `tx: &mut Tx`.
    type Tx: Send;
    /// An open transaction, with whatever must live as long (a lock, a connection). Dropping it rolls back.
    type Open: Send;

    /// Begins a transaction. `store` is where the run is kept, if it is durable.
    ///
    /// # Errors
    /// [`DatabaseError::Pairing`] if the database cannot commit together with that store; nothing was begun.
    fn begin(&self, store: Option<&dyn Store>) -> impl Future<Output = Result<Self::Open, DatabaseError>> + Send;

    /// The transaction that a body works in.
    fn tx(open: &mut Self::Open) -> &mut Self::Tx;

    /// Commits, together with the record. Once polled, it runs to its end even if the future is dropped.
    ///
    /// # Errors
    /// [`DatabaseError::Fenced`] if the record's lease is no longer the run's: everything was rolled back then, as with any error.
    fn commit(
        &self,
        open: Self::Open,
        record: Option<Record<'_>>,
    ) -> impl Future<Output = Result<(), DatabaseError>> + Send;
}

/// A shared database is a database.
impl<D: Database> Database for Arc<D> {
    type Tx = D::Tx;
    type Open = D::Open;

    async fn begin(&self, store: Option<&dyn Store>) -> Result<D::Open, DatabaseError> {
        (**self).begin(store).await
    }

    fn tx(open: &mut D::Open) -> &mut D::Tx {
        D::tx(open)
    }

    async fn commit(&self, open: D::Open, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        (**self).commit(open, record).await
    }
}

/// What is to be committed together with a transaction's own rows.
#[derive(Debug)]
pub struct Record<'a> {
    /// The right to write to the run; to be checked as the last statement before COMMIT.
    pub lease: &'a Lease,
    /// The run's next commit.
    pub commit: Commit,
}

/// What a database says when a transaction cannot begin or commit. It was rolled back then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// Another execution has taken over the run.
    #[error("the run was taken over by another execution; the transaction was rolled back")]
    Fenced,
    /// The body has ended the transaction that it was given.
    #[error("the body ended the transaction by itself (COMMIT or ROLLBACK); leave that to the flow")]
    EndedByBody,
    /// The database cannot commit together with this store.
    #[error("{0}")]
    Pairing(String),
    /// The database failed.
    #[error("{message}")]
    Failed {
        /// What happened, where, and what to do.
        message: String,
        /// The driver's own error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl DatabaseError {
    /// An error of the database itself.
    pub fn failed(message: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed { message: message.into(), source: source.into() }
    }
}
