//! [`PostgresDatabase`]: the bodies of `#[transaction]` on Postgres, committed together with the step, or with its receipt.

mod begin;
mod end;
mod error;
mod pair;
mod receipt;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prose::{Beginning, Begun, Database, DatabaseError, Record, Store};
use sqlx::{PgPool, Postgres, Transaction};
use tokio::sync::OnceCell;

use crate::link;
use crate::names::Schema;
use pair::Partner;

/// A Postgres database in whose transactions a flow's steps can run: `#[transaction(tx = ctx.deps.db)]`. It wraps the
/// application's own [`sqlx::PgPool`]. Clones share what they have found out.
///
/// A body sees `tx: &mut sqlx::Transaction<'static, sqlx::Postgres>` and writes
/// `sqlx::query(..).execute(&mut **tx).await?`. Its rows are committed exactly once, whatever dies or breaks:
///
/// - *The run is kept in the same database* (a [`PostgresStore`](crate::PostgresStore) on it, found out by itself): the step's record
///   is written as the transaction's last statement, which also locks the run's row and checks that the run is still the
///   caller's; both are committed by one COMMIT. The pool's user needs the right to do that:
///   `grant usage on schema prose to shop; grant select, insert, update on all tables in schema prose to shop`, once more where a
///   later version has added a table.
/// - *The run is kept elsewhere* (in memory, in SQLite, in another database): a row of the table `prose.receipts` in this
///   database does it. It is inserted first, so that a second executor of the step waits there, and completed last, with what the body
///   has given; whoever finds it complete takes that and runs no body. The table is created when it is first needed.
///   [`prune_receipts`](Self::prune_receipts) takes old ones away.
/// - *Without a store* it is a transaction as any other.
///
/// ```no_run
/// use std::sync::Arc;
/// use prose::{Ctx, flow};
/// use prose_postgres::{PostgresDatabase, PostgresStore};
///
/// struct Deps {
///     db: PostgresDatabase,
/// }
///
/// #[flow]
/// async fn pay(ctx: Ctx<Deps>, order: String) -> Result<i64, sqlx::Error> {
///     #[transaction(tx = ctx.deps.db, isolation = "serializable", retry(max_attempts = 5, delay = "50ms", backoff = 2.0))]
///     let balance: i64 = {
///         sqlx::query("insert into payments (order_id) values ($1)").bind(&order).execute(&mut **tx).await?;
///         sqlx::query_scalar("update account set balance = balance - 1 returning balance").fetch_one(&mut **tx).await?
///     };
///     Ok(balance)
/// }
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let url = "postgres://shop:secret@db.example/shop";
/// let store = PostgresStore::connect(url).await?;
/// let deps = Arc::new(Deps { db: PostgresDatabase::new(sqlx::PgPool::connect(url).await?) });
/// let balance = pay("ord_abc123".to_owned()).deps(deps).durable(&store, "payment-1").await?;
/// # Ok(()) }
/// ```
///
/// # What a body may and may not do
/// - It must not end the transaction by itself (`COMMIT`, `ROLLBACK`; savepoints are its own). Postgres lets it, so what it has
///   committed stays; but nothing of the step's record is written, and the flow ends with [`DatabaseError::EndedByBody`].
/// - It must not go on behind an error of a statement as if nothing had been: Postgres commits nothing then, and the step fails.
/// - A transaction that does nothing for a while is ended by the server ([`idle_timeout`](Self::idle_timeout)), so that a process
///   which is stopped in a body does not keep its rows locked for ever.
/// - A body that times out or is cancelled is rolled back. A statement that the server is still working at is not broken off, and holds
///   its locks until it ends: where that may be long, let the pool's connections set `statement_timeout`.
///
/// # Isolation, retries
/// `isolation = "read committed"`, `"repeatable read"` and `"serializable"` are Postgres' own; unless told, it is what the pool's
/// connections have by default. A serialization failure, a deadlock or a lost connection rolls back, and is tried again where the
/// step has a `retry(..)`; a beginning that finds its connection lost is tried again without it.
///
/// # Round trips
/// Four, for a body of one statement: BEGIN with its settings; the statement; the record; COMMIT. Beside these the driver has some of its
/// own, none of which is ours to leave out:
/// - the first time that a statement is run on a connection, one to prepare it (and one for each type that it does not know: enums and
///   the like). With `statement_cache_capacity(0)` that is each time;
/// - one before a connection is given out, unless the pool has `test_before_acquire(false)`;
/// - one behind the transaction, when the connection goes back to the pool; nobody waits for it.
///
/// The first transaction of a process asks once whether the store is in the same database.
#[derive(Clone, Debug)]
pub struct PostgresDatabase(Arc<Shared>);

#[derive(Clone, Debug)]
struct Settings {
    schema: Schema,
    idle: Duration,
}

struct Shared {
    pool: PgPool,
    settings: Settings,
    /// The server and the database, for messages.
    place: String,
    /// Which opened stores are in this database, as far as was asked.
    pairs: Mutex<HashMap<String, bool>>,
    /// What a transaction has to set so that its COMMIT is durable.
    durable: OnceCell<&'static str>,
}

/// Without the pool, whose options may hold a password.
impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { settings, place, .. } = self;
        f.debug_struct("Shared").field("place", place).field("settings", settings).finish_non_exhaustive()
    }
}

/// Less than the usual lease of a store.
const IDLE: Duration = Duration::from_secs(20);

impl PostgresDatabase {
    /// Uses a pool that the application has already.
    pub fn new(pool: PgPool) -> Self {
        let settings = Settings { schema: Schema::usual(), idle: IDLE };
        Self::with(pool, settings)
    }

    fn with(pool: PgPool, settings: Settings) -> Self {
        let place = link::place(&pool.connect_options());
        Self(Arc::new(Shared { pool, settings, place, pairs: Mutex::default(), durable: OnceCell::new() }))
    }

    /// The schema in which the receipts stand, where the runs are kept in another database; `prose` unless told otherwise. All
    /// processes must say the same. It is created where it is missing.
    ///
    /// # Errors
    /// [`DatabaseError::Failed`] if no schema can have that name.
    pub fn schema(self, name: &str) -> Result<Self, DatabaseError> {
        let schema = Schema::new(name).map_err(|error| DatabaseError::failed(error.to_string(), error))?;
        Ok(Self::with(self.0.pool.clone(), Settings { schema, ..self.0.settings.clone() }))
    }

    /// How long a transaction may do nothing in the database before the server rolls it back; 20 seconds unless told otherwise, zero is
    /// no limit. Where
    /// the run is kept in the same database it is never more than three quarters of the store's lease: when others take a run over,
    /// the transaction of a stopped owner has ended.
    ///
    /// A body that talks to others in between needs as long; better, let it be a step of its own, in front.
    #[must_use]
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        Self::with(self.0.pool.clone(), Settings { idle: timeout, ..self.0.settings.clone() })
    }

    /// The pool, for what is no part of a flow.
    pub fn pool(&self) -> &PgPool {
        &self.0.pool
    }
}

impl Database for PostgresDatabase {
    type Tx = Transaction<'static, Postgres>;
    type Open = OpenTransaction;

    async fn begin(&self, beginning: Beginning<'_>) -> Result<Begun<OpenTransaction>, DatabaseError> {
        let partner = match beginning.step {
            None => Partner::None,
            Some(step) => self.partner(step).await?,
        };
        self.begin_for(partner, beginning.isolation).await
    }

    fn is_home_of(&self, store: &dyn Store) -> bool {
        self.is_known_home_of(store)
    }

    fn tx(open: &mut OpenTransaction) -> &mut Self::Tx {
        &mut open.tx
    }

    fn commit(
        &self,
        open: OpenTransaction,
        record: Option<Record<'_>>,
    ) -> impl Future<Output = Result<(), DatabaseError>> + Send {
        let record = end::Owned::new(record);
        let database = self.clone();
        async move {
            let record = record?;
            // On a task of its own: whoever drops this future does not cut off the commit.
            let ending = tokio::spawn(async move { database.end(open, record).await });
            ending.await.map_err(|error| {
                DatabaseError::unknown(
                    "the commit was cut off by the end of the runtime; its outcome is unknown",
                    error,
                )
            })?
        }
    }
}

/// A transaction of [`PostgresDatabase`]. Dropping it rolls back.
#[derive(Debug)]
pub struct OpenTransaction {
    tx: Transaction<'static, Postgres>,
    /// A setting that lives as long as the transaction: whoever finds another one finds another transaction.
    nonce: String,
    partner: Partner,
}
