//! [`SqliteDatabase`]: the bodies of `#[transaction]` on SQLite, committed together with the step.

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prose::store::{Commit, Lease, Store};
use prose::{Beginning, Begun, Database, DatabaseError, Json, Record, StoreError, TransactionStep};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};
use sqlx_core::transaction::TransactionManager;
use tokio::sync::OwnedMutexGuard;

use crate::clock;
use crate::connection::open_writer;
use crate::error::{describe, primary_code};
use crate::gate::{self, Gate};
use crate::receipt::{self, Receipt};
use crate::statement::Append;
use crate::store::SqliteStore;

/// An SQLite file in whose transactions a flow's steps can run: `#[transaction(tx = ctx.deps.db)]`.
///
/// A body sees `tx: &mut sqlx::Transaction<'static, sqlx::Sqlite>` and writes `sqlx::query(..).execute(&mut **tx).await?`.
/// The body's rows are written exactly once. Where the run is kept in the same file, the step's record is committed by the same
/// COMMIT, and only while the run is still the caller's. Where it is kept elsewhere (in memory, in another file, on
/// Postgres), a receipt in the table `prose_receipts` is committed with the rows: whoever runs the step again finds it, and
/// takes what it says instead ([`prune_receipts`](Self::prune_receipts) forgets old ones). Without a store it is a transaction as any
/// other.
///
/// Transactions are `BEGIN IMMEDIATE` and stand in one queue with the store's own writes, first come, first served. So a
/// body should be short, and must not wait for something that writes to the same file (another transaction, a durable call): it
/// would wait for itself. A process that is stopped within a body holds up all who write to the file. Transactions are serializable, as
/// all of SQLite's are, whatever `isolation` says.
///
/// ```
/// use prose::{Beginning, Begun, Database};
/// use prose_sqlite::{SqliteDatabase, SqliteStore};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.db");
/// let store = SqliteStore::open(&path).await?;
/// let db = store.database().await?;
/// sqlx::query("create table orders (id text primary key)").execute(db.pool()).await?;
///
/// // What a `#[transaction]` does around its body:
/// let Begun::Open(mut open) = db.begin(Beginning::default()).await? else { unreachable!("it is no run's") };
/// let tx = SqliteDatabase::tx(&mut open);
/// sqlx::query("insert into orders values ('ord_abc123')").execute(&mut **tx).await?;
/// db.commit(open, None).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteDatabase {
    pool: SqlitePool,
    /// Known as soon as there is a file.
    gate: Arc<OnceLock<Gate>>,
    /// The queue of a database that has no file.
    own: Gate,
    /// There is a table of receipts.
    receipts: Arc<AtomicBool>,
}

impl SqliteDatabase {
    /// Opens a file, creating it if it is missing. It may be a store's file, before or after the store is opened.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], in words that name the file and say what to do.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let file = path.clone();
        let failed = |error: tokio::task::JoinError| StoreError::unavailable("opening was given up", error);
        // Creates the file, and checks it as a store's file is checked.
        tokio::task::spawn_blocking(move || open_writer(&file, BUSY)).await.map_err(failed)??;
        // The file stays the same, even if the process changes its directory.
        let path = std::path::absolute(&path).unwrap_or(path);
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let pool = SqlitePool::connect_with(options).await.map_err(|error| {
            StoreError::unavailable(describe(&path, primary_code(&error), &error.to_string()), error)
        })?;
        Ok(Self::from_pool(pool))
    }

    /// Uses a pool that the application has already. Its settings stay as they are, but for the connection that runs a
    /// transaction: that syncs at each commit (`synchronous=FULL`), because the step's record relies on it.
    ///
    /// A pool on `:memory:` works without a store.
    pub fn from_pool(pool: SqlitePool) -> Self {
        Self { pool, gate: Arc::default(), own: Gate::default(), receipts: Arc::default() }
    }

    /// The pool, for reading and for what is no part of a flow.
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// The file's queue; a file that does not exist yet has none, nor has a database in memory.
    pub(crate) fn gate(&self) -> Gate {
        if let Some(known) = self.gate.get() {
            return Arc::clone(known);
        }
        match gate::of_file(&self.path()) {
            Ok(found) => Arc::clone(self.gate.get_or_init(|| found)),
            Err(_) => Arc::clone(&self.own),
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.pool.connect_options().get_filename().to_owned()
    }

    pub(crate) fn failed(&self, error: sqlx::Error) -> DatabaseError {
        DatabaseError::failed(describe(&self.path(), primary_code(&error), &error.to_string()), error)
    }

    /// The store that shares the file; `None` if the run is kept elsewhere.
    fn partner(&self, store: &dyn Store) -> Option<SqliteStore> {
        let store = store.as_any().downcast_ref::<SqliteStore>()?;
        Arc::ptr_eq(store.gate(), &self.gate()).then(|| store.clone())
    }

    /// Whoever calls this has the file's turn.
    pub(crate) async fn prepare_receipts(&self) -> Result<(), DatabaseError> {
        if !self.receipts.load(Ordering::Relaxed) {
            receipt::prepare(&self.pool).await.map_err(|error| self.failed(error))?;
            self.receipts.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl SqliteStore {
    /// The same file, for the transactions of flows and for the application's own queries.
    ///
    /// # Errors
    /// As [`SqliteDatabase::open`].
    pub async fn database(&self) -> Result<SqliteDatabase, StoreError> {
        SqliteDatabase::open(self.path()).await
    }
}

/// Ends a transaction by reference, so that a failed COMMIT can be cleaned up after.
type Manager = <Sqlite as sqlx::Database>::TransactionManager;

const BUSY: Duration = Duration::from_secs(5);

/// One round trip: the settings that a transaction needs whatever the pool's are, and its begin.
const BEGIN: &str = "pragma synchronous = full; begin immediate";

impl Database for SqliteDatabase {
    type Tx = Transaction<'static, Sqlite>;
    type Open = OpenTransaction;

    async fn begin(&self, beginning: Beginning<'_>) -> Result<Begun<OpenTransaction>, DatabaseError> {
        let store = beginning.step.and_then(|step| self.partner(step.store));
        match beginning.step.filter(|_| store.is_none()) {
            None => self.open_transaction(store).await.map(Begun::Open),
            Some(step) => self.open_with_receipt(step).await,
        }
    }

    fn is_home_of(&self, store: &dyn Store) -> bool {
        self.partner(store).is_some()
    }

    fn tx(open: &mut OpenTransaction) -> &mut Self::Tx {
        &mut open.0.as_mut().unwrap_or_else(|| unreachable!("it is taken only when it ends")).tx
    }

    fn commit(
        &self,
        mut open: OpenTransaction,
        record: Option<Record<'_>>,
    ) -> impl Future<Output = Result<(), DatabaseError>> + Send {
        let record = record.map(Written::from);
        let database = self.clone();
        async move {
            let Some(opened) = open.0.take() else { return Err(DatabaseError::EndedByBody) };
            // On a task of its own: whoever drops this future does not cut off the commit.
            let ending = tokio::spawn(async move { database.end(opened, record).await });
            ending.await.map_err(|error| {
                let message =
                    "the commit was cut off by the end of the runtime; whether it took place is not known here";
                DatabaseError::unknown(message, error)
            })?
        }
    }
}

/// A record that is written on a task of its own.
enum Written {
    Commit(Box<(Lease, Commit)>),
    Receipt(Json),
}

impl From<Record<'_>> for Written {
    fn from(record: Record<'_>) -> Self {
        match record {
            Record::Commit { lease, commit } => Self::Commit(Box::new((lease.clone(), commit.clone()))),
            Record::Receipt(given) => Self::Receipt(given.clone()),
        }
    }
}

impl SqliteDatabase {
    async fn open_transaction(&self, store: Option<SqliteStore>) -> Result<OpenTransaction, DatabaseError> {
        // First the turn, then a connection: who waits for a turn keeps none from reading.
        let turn = self.gate().lock_owned().await;
        self.open_in_turn(turn, store).await
    }

    async fn open_in_turn(
        &self,
        turn: OwnedMutexGuard<()>,
        store: Option<SqliteStore>,
    ) -> Result<OpenTransaction, DatabaseError> {
        let tx = self.pool.begin_with(BEGIN).await.map_err(|error| self.failed(error))?;
        let opened = Opened { tx, ending: Arc::default(), store, receipt: None, _turn: turn };
        let mut open = OpenTransaction(Some(opened));
        open.guard().await.map_err(|error| self.failed(error))?;
        Ok(open)
    }

    async fn open_with_receipt(&self, step: TransactionStep<'_>) -> Result<Begun<OpenTransaction>, DatabaseError> {
        let (uid, name) = (step.uid.to_owned(), step.name.to_owned());
        let turn = self.gate().lock_owned().await;
        self.prepare_receipts().await?;
        let mut open = self.open_in_turn(turn, None).await?;
        match receipt::begin(Self::tx(&mut open), &uid, &name).await.map_err(|error| self.failed(error))? {
            Receipt::Complete(given) => {
                let unreadable = |error| {
                    let message = format!("the receipt of `{name}` in {} is no JSON: {error}", self.path().display());
                    DatabaseError::failed(message, error)
                };
                Json::parse(given).map(Begun::Done).map_err(unreadable)
            }
            Receipt::Begun => {
                if let Some(opened) = &mut open.0 {
                    opened.receipt = Some((uid, name));
                }
                Ok(Begun::WithReceipt(open))
            }
        }
    }

    /// Commits, or has rolled back when it returns.
    async fn end(&self, mut opened: Opened, record: Option<Written>) -> Result<(), DatabaseError> {
        let ended = self.try_end(&mut opened, record).await;
        if ended.is_err() {
            opened.roll_back().await;
        }
        ended
    }

    async fn try_end(&self, opened: &mut Opened, record: Option<Written>) -> Result<(), DatabaseError> {
        let mut written = None;
        match record {
            Some(Written::Commit(run)) => {
                let (lease, commit) = *run;
                let size = self.append(opened, &lease, &commit).await?;
                written = Some((lease, size, commit.ending.is_some()));
            }
            Some(Written::Receipt(given)) => self.complete_receipt(opened, &given).await?,
            None => {}
        }
        if !opened.ending.allow() {
            return Err(DatabaseError::EndedByBody);
        }
        Manager::commit(&mut opened.tx).await.map_err(|error| self.failed(error))?;
        if let (Some(store), Some((lease, size, ended))) = (&opened.store, written) {
            store.note_committed(&lease, size, ended);
        }
        Ok(())
    }

    async fn complete_receipt(&self, opened: &mut Opened, given: &Json) -> Result<(), DatabaseError> {
        if opened.ending.is_by_body() {
            return Err(DatabaseError::EndedByBody);
        }
        let Some((uid, step)) = opened.receipt.take() else { return Ok(()) };
        let completed = receipt::complete(&mut opened.tx, &uid, &step, given).await;
        match completed.map_err(|error| self.failed(error))? {
            true => Ok(()),
            false => Err(DatabaseError::EndedByBody),
        }
    }

    /// Writes the run's commit as the last of the transaction: the fence of its epoch is in its first statement.
    async fn append(&self, opened: &mut Opened, lease: &Lease, commit: &Commit) -> Result<usize, DatabaseError> {
        if opened.ending.is_by_body() {
            return Err(DatabaseError::EndedByBody);
        }
        let append = Append::new(lease, commit, clock::now())
            .map_err(|error| DatabaseError::failed(format!("run `{}` cannot be written: {error}", lease.key), error))?;
        let size = append.size;
        let (fence, behind) = append.into_statements();
        if fence.run_in(&mut opened.tx).await.map_err(|error| self.failed(error))? == 0 {
            return Err(DatabaseError::Fenced);
        }
        for statement in behind {
            statement.run_in(&mut opened.tx).await.map_err(|error| self.failed(error))?;
        }
        Ok(size)
    }
}

/// A transaction of [`SqliteDatabase`], with its turn in the file's queue. Dropping it rolls back; the turn passes on when
/// that is done.
#[derive(Debug)]
pub struct OpenTransaction(Option<Opened>);

/// The fields go in this order when it is just dropped: the driver has been told to roll back when the turn passes on.
#[derive(Debug)]
struct Opened {
    tx: Transaction<'static, Sqlite>,
    ending: Arc<TransactionEnd>,
    /// Where the run is kept, if it is in this file.
    store: Option<SqliteStore>,
    /// The uid and step of its receipt, if it has one.
    receipt: Option<(String, String)>,
    _turn: OwnedMutexGuard<()>,
}

impl OpenTransaction {
    /// Keeps the body from ending the transaction by itself: its COMMIT is turned into a rollback by SQLite, and so is
    /// whatever it writes afterwards.
    async fn guard(&mut self) -> Result<(), sqlx::Error> {
        let Some(opened) = &mut self.0 else { return Ok(()) };
        let mut connection = opened.tx.lock_handle().await?;
        let ending = Arc::clone(&opened.ending);
        connection.set_commit_hook(move || ending.commit());
        let ending = Arc::clone(&opened.ending);
        connection.set_rollback_hook(move || ending.rolled_back());
        Ok(())
    }
}

impl Opened {
    /// Rolls back, waits for it, and leaves the connection as the pool gave it.
    async fn roll_back(mut self) {
        self.ending.allow();
        if Manager::rollback(&mut self.tx).await.is_ok() {
            return;
        }
        // There is nothing to roll back: the body has done it, or SQLite by itself (a full disk). The driver still counts a
        // transaction, and needs one to end; without that the connection could begin no other.
        let _begun = sqlx::query("begin").execute(&mut *self.tx).await;
        if let Err(error) = Manager::rollback(&mut self.tx).await {
            tracing::warn!(%error, "a transaction could not be rolled back");
        }
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        let Some(opened) = self.0.take() else { return };
        // The body is over, however this ends: whoever gets the connection next may commit.
        opened.ending.allow();
        // Outside of a runtime, and in one that shuts down, the driver's own thread rolls back, a moment after the turn has
        // passed on: the next one waits for SQLite's lock then.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(opened.roll_back());
        }
    }
}

/// Who may end a transaction, and who did: told by the hooks of its connection.
#[derive(Debug, Default)]
struct TransactionEnd(AtomicU8);

const BODY_RUNS: u8 = 0;
const ENDED_BY_BODY: u8 = 1;
const ALLOWED: u8 = 2;

impl TransactionEnd {
    /// The body is over: from now on the connection may commit and roll back. `false` if the body has done so already.
    fn allow(&self) -> bool {
        self.0.swap(ALLOWED, Ordering::SeqCst) != ENDED_BY_BODY
    }

    fn is_by_body(&self) -> bool {
        self.0.load(Ordering::SeqCst) == ENDED_BY_BODY
    }

    /// Asked at each COMMIT: whether it may be one.
    fn commit(&self) -> bool {
        self.rolled_back();
        self.0.load(Ordering::SeqCst) == ALLOWED
    }

    fn rolled_back(&self) {
        // Fails where it is allowed, or known already.
        let _known = self.0.compare_exchange(BODY_RUNS, ENDED_BY_BODY, Ordering::SeqCst, Ordering::SeqCst);
    }
}
