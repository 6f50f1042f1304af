//! What a database is to a flow: where the bodies of `#[transaction]` run.

use std::future::Future;
use std::sync::Arc;

use crate::Json;
use crate::store::{Commit, Lease, Store};

/// A database whose transactions can be a flow's steps: `#[transaction(tx = ctx.deps.db)]`, with `db: impl Database`.
///
/// The promise: a transaction's rows are committed exactly once, however often the process dies or the connection breaks. There
/// are two ways to keep it, and [`begin`](Self::begin) says which one a transaction takes:
///
/// - The run is kept in this very database ([`Begun::Open`]): the run's next commit is written as the transaction's last
///   statement, conditional on the run's epoch, and both are committed together or neither is.
/// - It is kept elsewhere ([`Begun::WithReceipt`]): a table of receipts in this database has a row for each transaction. The row is
///   inserted first, so that a second execution of the step waits there, and completed last, with what the body has given. Whoever
///   finds it complete takes that ([`Begun::Done`]) and runs no body.
///
/// The second way needs no knowledge of stores, and so is the one for a library that prose has no crate for:
/// `examples/other_database` in the repository has it for tokio-postgres, in a hundred lines.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a database that a transaction can use",
    label = "`#[transaction(tx = ..)]` takes a `prose::Database`",
    note = "on SQLite that is a `prose_sqlite::SqliteDatabase`, made by `store.database()`, on Postgres a `prose_postgres::PostgresDatabase::new(pool)`; not a pool, and not a connection"
)]
pub trait Database: Send + Sync {
    /// What a body sees as `tx: &mut Tx`.
    type Tx: Send;
    /// An open transaction, with whatever must live as long (a lock, a connection). Dropping it rolls back.
    type Open: Send;

    /// Begins a transaction, or finds that it is committed already.
    ///
    /// # Errors
    /// [`DatabaseError::Failed`]; nothing was begun.
    fn begin(&self, beginning: Beginning<'_>) -> impl Future<Output = Result<Begun<Self::Open>, DatabaseError>> + Send;

    /// Whether it is known by now that the runs of this store are kept in this very database, so that [`begin`](Self::begin) will say
    /// [`Begun::Open`]. A transaction that follows another one then needs no commit of its own in front: what its body
    /// sees is committed with its rows. `false`, if it is not told otherwise, costs that commit and nothing else.
    fn is_home_of(&self, store: &dyn Store) -> bool {
        let _unknown = store;
        false
    }

    /// The transaction that a body works in.
    fn tx(open: &mut Self::Open) -> &mut Self::Tx;

    /// Commits, together with the record: `Some` if a run was told at the beginning, and of the kind that belongs to what came of that.
    /// Once polled, it runs to its end even if the future is dropped.
    ///
    /// # Errors
    /// [`DatabaseError::Fenced`] if the record's lease is no longer the run's. Everything was rolled back then, as with any
    /// error but [`DatabaseError::Unknown`].
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

    async fn begin(&self, beginning: Beginning<'_>) -> Result<Begun<D::Open>, DatabaseError> {
        (**self).begin(beginning).await
    }

    fn is_home_of(&self, store: &dyn Store) -> bool {
        (**self).is_home_of(store)
    }

    fn tx(open: &mut D::Open) -> &mut D::Tx {
        D::tx(open)
    }

    async fn commit(&self, open: D::Open, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        (**self).commit(open, record).await
    }
}

/// What a transaction is begun for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beginning<'a> {
    /// The step that it is; `None` if the flow runs without a store.
    pub step: Option<TransactionStep<'a>>,
    /// `#[transaction(isolation = "..")]`; `None`: the database's own default. One that has only stronger levels takes such a one.
    pub isolation: Option<Isolation>,
}

/// A durable run's step that is a transaction.
#[derive(Clone, Copy)]
pub struct TransactionStep<'a> {
    /// Where the run is kept.
    pub store: &'a dyn Store,
    /// The run's uid.
    pub uid: &'a str,
    /// The step, with `[i]` for each loop around it, and `:undo` behind it if it is the step's compensation: unique within the run.
    pub name: &'a str,
}

impl std::fmt::Debug for TransactionStep<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransactionStep").field("uid", &self.uid).field("name", &self.name).finish_non_exhaustive()
    }
}

/// What came of a beginning.
#[derive(Debug)]
pub enum Begun<O> {
    /// It is open. If it is a durable run's, that run is kept in the same database: [`Record::Commit`] will follow.
    Open(O),
    /// It is open, with a receipt that is not complete: [`Record::Receipt`] will follow.
    WithReceipt(O),
    /// It was committed before, with a receipt that says so: this. Nothing is open.
    Done(Json),
}

/// How far a transaction is kept apart from others that run at the same time, as in the SQL standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// Each statement sees what was committed before it began.
    ReadCommitted,
    /// All statements see what was committed before the first one began.
    RepeatableRead,
    /// As if the transactions had run one after the other.
    Serializable,
}

impl Isolation {
    /// As the attribute says it: `read committed`, `repeatable read`, `serializable`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadCommitted => "read committed",
            Self::RepeatableRead => "repeatable read",
            Self::Serializable => "serializable",
        }
    }
}

/// What is to be committed together with a transaction's own rows.
#[derive(Debug)]
pub enum Record<'a> {
    /// The run is kept in the same database.
    Commit {
        /// The right to write to the run; to be checked as the last statement before COMMIT.
        lease: &'a Lease,
        /// The run's next commit.
        commit: &'a Commit,
    },
    /// The run is kept elsewhere: what completes the receipt.
    Receipt(&'a Json),
}

/// What a database says when a transaction cannot begin or commit. It was rolled back then, but for
/// [`Unknown`](Self::Unknown).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// Another execution has taken over the run.
    #[error("the run was taken over by another execution; the transaction was rolled back")]
    Fenced,
    /// The body has ended the transaction that it was given.
    #[error(
        "the body ended the transaction by itself (COMMIT or ROLLBACK), and the step is not recorded: what it has committed may be \
         in the database, and another call runs it again; remove that statement, the flow commits"
    )]
    EndedByBody,
    /// The connection broke while COMMIT was under way: the transaction is committed or rolled back, and only the database can
    /// tell. A durable flow finds it out before it does anything else.
    #[error("{message}")]
    Unknown {
        /// What happened, and where.
        message: String,
        /// The driver's own error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
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

    /// Whether a COMMIT's answer was lost, whatever was found out of it.
    pub(crate) fn is_of_a_lost_commit(&self) -> bool {
        match self {
            Self::Unknown { .. } => true,
            Self::Failed { source, .. } => source.is::<Self>(),
            _ => false,
        }
    }

    /// COMMIT was sent, and its answer has not come.
    pub fn unknown(message: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unknown { message: message.into(), source: source.into() }
    }
}
