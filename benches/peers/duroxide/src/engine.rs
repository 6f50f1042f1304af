//! duroxide's store and runtime, and how a run's end is heard of.

use std::sync::Arc;
use std::time::Duration;

use bench_peers::{Failure, Outcome};
use bench_protocol::{Args, setting};
use duroxide::Client;
use duroxide::providers::sqlite::SqliteProvider;
use duroxide::runtime::registry::{ActivityRegistryBuilder, OrchestrationRegistryBuilder};
use duroxide::runtime::{OrchestrationStatus, Runtime, RuntimeOptions};
use sqlx::Sqlite;
use sqlx::pool::PoolConnection;
use tokio::sync::Semaphore;

/// As many as its store opens at most, which cannot be told otherwise.
const CONNECTIONS: usize = 5;

/// Its guide says 10 ms for a local SQLite, its default is 100 ms; the less, the sooner an idle dispatcher sees the next step.
const POLLED_EVERY: Duration = Duration::from_millis(1);
const DISPATCHERS: usize = 2;

/// How long an activity of a dead process stays locked, in the row on resuming; the default is 30 s.
pub(crate) const LOCKED_FOR: Duration = Duration::from_secs(1);

const PATIENCE: Duration = Duration::from_secs(300);

/// The store, with one connection left to it: its transactions begin as readers, so two of them refuse one another (`database is locked`), and a
/// dispatcher that is refused pauses for 200 ms.
pub(crate) struct Store {
    pub(crate) provider: Arc<SqliteProvider>,
    _held: Vec<PoolConnection<Sqlite>>,
}

/// Opens the store, and makes it durable: it asks for `synchronous = WAL`, which SQLite takes for NORMAL without a word.
pub(crate) async fn open(args: &Args) -> Result<Store, Failure> {
    silence();
    let path = args.dir.join("duroxide.db");
    let store = SqliteProvider::new(&format!("sqlite:{}?mode=rwc", path.display()), None).await?;
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(store.get_pool().acquire().await?);
    }
    for connection in &mut connections {
        sqlx::query("pragma synchronous = full").execute(&mut **connection).await?;
        let synchronous: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(&mut **connection).await?;
        if synchronous < 2 {
            return Err(format!("not durable: synchronous is {synchronous}").into());
        }
    }
    connections.truncate(CONNECTIONS - 1);
    Ok(Store { provider: Arc::new(store), _held: connections })
}

/// It would print its log to stdout, where the figures are.
fn silence() {
    // It is done already where this is not the process's first engine.
    tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::new()).ok();
}

pub(crate) fn print_settings() {
    setting(&format!("pool=1 (of its {CONNECTIONS}, the others are held: faster, since they lock each other out)"));
    setting("synchronous=FULL (set on each connection; it sets WAL, which SQLite takes for NORMAL: not durable)");
    setting(&format!("dispatcher_min_poll_interval={POLLED_EVERY:?} (default 100ms)"));
    setting(&format!("orchestration_concurrency={DISPATCHERS}, worker_concurrency={DISPATCHERS} (the defaults)"));
}

pub(crate) async fn start(
    store: &Store,
    activities: ActivityRegistryBuilder,
    orchestrations: OrchestrationRegistryBuilder,
    options: RuntimeOptions,
) -> Arc<Runtime> {
    Runtime::start_with_options(store.provider.clone(), activities.build(), orchestrations.build(), options).await
}

pub(crate) fn options() -> RuntimeOptions {
    RuntimeOptions {
        dispatcher_min_poll_interval: POLLED_EVERY,
        orchestration_concurrency: DISPATCHERS,
        worker_concurrency: DISPATCHERS,
        ..RuntimeOptions::default()
    }
}

/// That a run's code has come to its end. Its client asks the database in growing intervals of up to 100 ms, which at many runs would be most
/// of the work; so it is asked from then on only.
pub(crate) struct Ends(Vec<Semaphore>);

impl Ends {
    pub(crate) fn new(runs: usize) -> Self {
        Self((0..runs).map(|_| Semaphore::new(0)).collect())
    }

    pub(crate) fn ended(&self, run: usize) {
        self.0[run].add_permits(1);
    }

    /// Waits until the run's end is durable.
    pub(crate) async fn wait(&self, client: &Client, run: usize, id: &str) -> Outcome {
        self.0[run].acquire().await?.forget();
        match client.wait_for_orchestration(id, PATIENCE).await? {
            OrchestrationStatus::Completed { .. } => Ok(()),
            other => Err(format!("{id}: {other:?}").into()),
        }
    }
}
