//! [`PostgresStore`]: the `Store` trait over a schema of a Postgres database.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use prose::store::{
    BoxFuture, Checkpoint, Claim, ClaimRequest, Code, Commit, Lease, Migrated, NewRun, Outbox, Queue, Reclaimed,
    RunKey, Signals, Store, StoreError,
};

use crate::append::Item;
use crate::core::Core;
use crate::instance::possible;
use crate::link::{Limits, Link};
use crate::names::Schema;
use crate::outbox::PostgresOutbox;
use crate::queue::PostgresQueue;
use crate::signals::PostgresSignals;
use crate::wait::Wait;
use crate::writer::{LINES, Outcome};

/// Keeps runs in a Postgres database, for any number of processes on any number of machines. Clones share it.
///
/// What it acknowledges is on the server's disk (`synchronous_commit = on`, whatever the server's default). When a process
/// dies, its runs are free at once; when one is stopped or cut off, after the lease. A server that is lost and comes back
/// within a minute is waited for. The tables stand in a schema of their own; `schema.sql` in the crate's source describes
/// them.
///
/// It needs a tokio runtime with I/O and time enabled.
///
/// ```no_run
/// use prose::Store;
/// use prose_postgres::PostgresStore;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::connect("postgres://shop:secret@db.example/shop").await?;
/// assert!(store.load("ord_abc123").await?.is_none());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresStore(Arc<Handle>);

/// Ends the instance with its last clone.
#[derive(Debug)]
struct Handle {
    core: Arc<Core>,
    outbox: PostgresOutbox,
    queue: PostgresQueue,
    signals: PostgresSignals,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.close();
    }
}

/// How a store is connected; made by [`PostgresStore::builder`].
///
/// ```no_run
/// use std::time::Duration;
/// use prose_postgres::PostgresStore;
///
/// # #[tokio::main] async fn main() -> Result<(), prose::StoreError> {
/// let store = PostgresStore::builder("postgres://shop:secret@db.example/shop")
///     .schema("shop_flows")
///     .lease(Duration::from_secs(10))
///     .max_connections(6)
///     .connect()
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct PostgresStoreBuilder {
    url: String,
    schema: String,
    lease: Duration,
    most: u32,
    limits: Limits,
}

/// Without the URL: it may hold a password.
impl std::fmt::Debug for PostgresStoreBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStoreBuilder")
            .field("schema", &self.schema)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

impl PostgresStoreBuilder {
    /// The schema that the tables stand in; `prose` unless told otherwise. It is created where it is missing. Stores of two
    /// schemas know nothing of one another.
    #[must_use]
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = name.into();
        self
    }

    /// How long a process may be stopped, or cut off from the server, before others take its runs over; 30 seconds unless
    /// told otherwise. A process that has died is noticed at once, whatever the lease. Less than 100 milliseconds is taken as
    /// 100.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = possible(lease);
        self
    }

    /// How many connections the store may open; 10 unless told otherwise, and not less than 4: two append, one shows that this
    /// process is alive, the others claim and read. They are opened when they are needed. One more listens to other processes while an
    /// engine uses the store.
    #[must_use]
    pub fn max_connections(mut self, most: u32) -> Self {
        self.most = most.max(LINES + 2);
        self
    }

    /// How long the server may work at a statement; 60 seconds unless told otherwise, zero is no limit.
    #[must_use]
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.limits.statement = timeout;
        self
    }

    /// How long a statement may wait for a lock of others; 40 seconds unless told otherwise, zero is no limit. It should be longer
    /// than the lease: a process that is stopped in a transaction keeps its run's row locked for most of that.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.limits.lock = timeout;
        self
    }

    /// Connects, creating the schema and its tables where they are missing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], in words that name the server and say what to do: it cannot be reached, refuses the user, has
    /// no such database, is read-only, lets this user create nothing; or the schema's name is impossible, or the schema is of a
    /// newer version or somebody else's. Nothing was changed then.
    pub async fn connect(self) -> Result<PostgresStore, StoreError> {
        let schema = Schema::new(&self.schema)?;
        let link = Link::new(&self.url, self.limits)?;
        let core = Core::open(link, schema, self.lease, self.most).await?;
        let outbox = PostgresOutbox(Arc::clone(&core));
        let (queue, signals) = (PostgresQueue(Arc::clone(&core)), PostgresSignals(Arc::clone(&core)));
        Ok(PostgresStore(Arc::new(Handle { core, outbox, queue, signals })))
    }
}

impl PostgresStore {
    /// Connects with the usual settings; see [`PostgresStoreBuilder::connect`] for what can go wrong.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], as there.
    pub async fn connect(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::builder(url).connect().await
    }

    /// Settings other than the usual ones. What a URL can say, `sslmode` for one, is said in the URL.
    pub fn builder(url: impl Into<String>) -> PostgresStoreBuilder {
        PostgresStoreBuilder {
            url: url.into(),
            schema: "prose".to_owned(),
            lease: Duration::from_secs(30),
            most: 10,
            limits: Limits { statement: Duration::from_secs(60), lock: Duration::from_secs(40) },
        }
    }

    /// The schema that the tables stand in.
    pub fn schema(&self) -> &str {
        self.core().schema.name()
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.0.core
    }

    async fn commit_run(&self, lease: &Lease, commit: Commit) -> Result<(), StoreError> {
        let core = self.core();
        let item = Item::new(lease, &commit).map_err(|error| core.unwritable(&lease.key, &error))?;
        if let Some(wait) = Wait::by(&commit) {
            return match core.park(item, wait).await? {
                Outcome::Written => Ok(()),
                Outcome::Fenced => Err(self.fenced(lease).await),
            };
        }
        let fold = core.holds.count(lease, item.size) && !item.ends();
        match core.append(item).await? {
            Outcome::Written if fold => core.fold(lease).await,
            Outcome::Written => {}
            Outcome::Fenced => return Err(self.fenced(lease).await),
        }
        Ok(())
    }

    async fn reclaim_run(&self, lease: &Lease, seq: u64) -> Result<Reclaimed, StoreError> {
        match self.core().reclaim(lease, seq).await? {
            Some(reclaimed) => Ok(reclaimed),
            None => Err(self.fenced(lease).await),
        }
    }

    async fn migrate_run(&self, lease: &Lease, run: &Migrated) -> Result<(), StoreError> {
        match self.core().migrate(lease, run).await? {
            true => Ok(()),
            false => Err(self.fenced(lease).await),
        }
    }

    /// Notes that a run is another's by now, if it is: who waits for it here is told.
    pub(crate) async fn fenced(&self, lease: &Lease) -> StoreError {
        let found = self.core().look(&lease.key).await;
        let mine = |found: &crate::look::Found| found.epoch == lease.epoch && found.run == lease.row;
        if found.is_ok_and(|found| !found.as_ref().is_some_and(mine)) {
            self.core().holds.remove(lease);
        }
        StoreError::Fenced(lease.key.clone())
    }

    /// Whoever cannot ask the server will be told so by the claim.
    async fn held_elsewhere(&self, key: &RunKey, epoch: u64) -> bool {
        match self.core().look(key).await {
            Ok(Some(found)) => found.epoch == epoch && self.core().is_held(key, &found),
            Ok(None) | Err(_) => false,
        }
    }
}

impl Store for PostgresStore {
    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> BoxFuture<'a, Result<Claim, StoreError>> {
        Box::pin(self.core().claim(request))
    }

    fn create<'a>(&'a self, run: &'a NewRun, first: Commit) -> BoxFuture<'a, Result<Lease, StoreError>> {
        Box::pin(self.core().create(run, first))
    }

    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.commit_run(lease, commit))
    }

    fn reclaim<'a>(&'a self, lease: &'a Lease, seq: u64) -> BoxFuture<'a, Result<Reclaimed, StoreError>> {
        Box::pin(self.reclaim_run(lease, seq))
    }

    fn outbox(&self) -> &dyn Outbox {
        &self.0.outbox
    }

    fn queue(&self) -> &dyn Queue {
        &self.0.queue
    }

    fn signals(&self) -> &dyn Signals {
        &self.0.signals
    }

    fn migrate<'a>(&'a self, lease: &'a Lease, run: &'a Migrated) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.migrate_run(lease, run))
    }

    fn keep_code<'a>(&'a self, code: &'a Code) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.core().keep(code))
    }

    fn code(&self, fingerprint: u64) -> BoxFuture<'_, Result<Option<Code>, StoreError>> {
        Box::pin(self.core().code(fingerprint))
    }

    fn release(&self, lease: &Lease) {
        self.core().release(lease);
    }

    fn changed<'a>(&'a self, key: &'a RunKey, epoch: u64) -> BoxFuture<'a, ()> {
        Box::pin(self.core().holds.changed(key, epoch, move || self.held_elsewhere(key, epoch)))
    }

    fn load_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Option<Checkpoint>, StoreError>> {
        Box::pin(self.core().checkpoint(key))
    }

    fn delete_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.core().delete(key))
    }

    fn prune(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.core().prune(older_than))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
