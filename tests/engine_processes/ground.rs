//! Where the processes of a test meet: a store, and a folder.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use prose::{Status, Store};
use prose_postgres::PostgresStore;
use prose_sqlite::SqliteStore;
use prose_store_tests::process::Other;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::runtime::{Builder, Runtime};

/// Long enough for anything that happens at all.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// Makes two tests of each: on SQLite, and on Postgres.
macro_rules! on_both_stores {
    ($($name:ident)*) => {
        mod on_sqlite {
            $(#[test] fn $name() { super::$name(&$crate::ground::Ground::on_sqlite()) })*
        }
        mod on_postgres {
            $(#[test] fn $name() {
                let Some(ground) = $crate::ground::Ground::on_postgres() else { return };
                super::$name(&ground)
            })*
        }
    };
}
pub(crate) use on_both_stores;

/// What the test's own process knows of it.
pub(crate) struct Ground {
    pub(crate) runtime: Runtime,
    pub(crate) folder: Folder,
    /// `None`: SQLite, in the folder.
    postgres: Option<(String, String)>,
    place: String,
    _folder: tempfile::TempDir,
}

/// What bodies write and look at, outside of any store.
#[derive(Clone)]
pub(crate) struct Folder(PathBuf);

pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The store, and the folder, that a process was told of.
pub(crate) async fn open(place: &str) -> (Arc<dyn Store>, Folder) {
    let (folder, postgres) = place.split_once('\n').unwrap();
    let store: Arc<dyn Store> = match postgres.split_once('\n') {
        Some((url, schema)) => {
            Arc::new(PostgresStore::builder(url).schema(schema).max_connections(4).connect().await.unwrap())
        }
        None => Arc::new(SqliteStore::open(Path::new(folder).join("runs.db")).await.unwrap()),
    };
    (store, Folder(folder.into()))
}

impl Ground {
    pub(crate) fn on_sqlite() -> Self {
        Self::new(None)
    }

    /// `None` where there is no server, which has been told then.
    pub(crate) fn on_postgres() -> Option<Self> {
        let url = prose_test_servers::postgres()?.url().to_owned();
        Some(Self::new(Some((url, prose_test_servers::unique("prose_engines")))))
    }

    fn new(postgres: Option<(String, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut place = format!("{}\n", folder.path().display());
        if let Some((url, schema)) = &postgres {
            place.push_str(&format!("{url}\n{schema}"));
        }
        Self { runtime: runtime(), folder: Folder(folder.path().into()), postgres, place, _folder: folder }
    }

    pub(crate) fn plays(&self, part: &str) -> Other {
        Other::plays(part, &self.place)
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.runtime.block_on(open(&self.place)).0
    }

    /// An engine in a process of its own, with this name and lease. Returns when it works.
    pub(crate) fn engine(&self, name: &str, lease: Duration) -> Other {
        let mut engine = self.plays(&format!("engine {name} {}", lease.as_secs()));
        engine.expect("works");
        engine
    }

    pub(crate) fn until_status(&self, store: &Arc<dyn Store>, run_id: &str, status: Status) {
        let is = || self.runtime.block_on(store.load(run_id)).unwrap().map(|run| run.status);
        eventually(&format!("{run_id} is {status}"), || is() == Some(status));
    }

    /// Whether nobody is in the midst of a write: who is stopped there holds all others up, by SQLite's nature.
    pub(crate) fn can_be_written(&self) -> bool {
        if self.postgres.is_some() {
            return true;
        }
        let options = SqliteConnectOptions::new().filename(self.folder.0.join("runs.db"));
        self.runtime.block_on(async {
            let mut sql = options.busy_timeout(Duration::from_millis(200)).connect().await.unwrap();
            sqlx::query("begin immediate").execute(&mut sql).await.is_ok()
        })
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let Some((url, schema)) = &self.postgres else { return };
        let drop = format!("drop schema if exists {schema} cascade");
        self.runtime.block_on(async {
            let mut sql = PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut sql).await.unwrap();
        });
    }
}

impl Folder {
    /// Adds a line: one write, so that those of several processes stay whole.
    pub(crate) fn did(&self, what: &str) {
        let mut ledger = OpenOptions::new().append(true).create(true).open(self.0.join("ledger")).unwrap();
        ledger.write_all(format!("{what}\n").as_bytes()).unwrap();
    }

    pub(crate) fn ledger(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.0.join("ledger")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn times(&self, what: &str) -> usize {
        self.ledger().iter().filter(|did| *did == what).count()
    }

    pub(crate) fn until(&self, what: &str) {
        eventually(what, || self.times(what) > 0);
    }

    /// Opens a gate.
    pub(crate) fn open(&self, gate: &str) {
        std::fs::write(self.0.join(gate), "").unwrap();
    }

    pub(crate) fn is_open(&self, gate: &str) -> bool {
        self.0.join(gate).exists()
    }

    /// Waits at a gate.
    pub(crate) async fn passed(&self, gate: &str) {
        while !self.is_open(gate) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Waits for what must become true, however slow the machine.
pub(crate) fn eventually(what: &str, is_true: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_true() {
        assert!(begin.elapsed() < LONG, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
