//! Chaos: two engines on one SQLite file, killed, stopped and restarted every second. Every run ends as an undisturbed
//! one does, each transaction's row is there once, and no committed step runs again.
//!
//! ```text
//! PROSE_CHAOS_RUNS=5000 PROSE_CHAOS_SECONDS=180 cargo test --release -p prose-sqlite --test chaos -- --nocapture
//! ```

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]
#![cfg(unix)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use prose::Engine;
use prose_sqlite::{SqliteDatabase, SqliteStore};
use prose_store_tests::chaos::{self, Engines, LEASE, Ledger, until_ok};
use prose_store_tests::process::{Other, listen, part, say};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::runtime::{Builder, Runtime};

prose_store_tests::chaos_flows! {
    database: SqliteDatabase,
    insert: "insert into done (number, what) values (?, ?)"
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn store(file: &Path) -> SqliteStore {
    until_ok(|| SqliteStore::builder(file).lease(LEASE).open()).await
}

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((_, place)) = part() else { return };
    let (file, ledger) = place.split_once(' ').unwrap();
    runtime().block_on(async {
        let store = store(Path::new(file)).await;
        let ledger = Arc::new(Ledger::open(ledger));
        let engine = until_ok(|| async {
            let deps = Deps { db: store.database().await?, ledger: Arc::clone(&ledger) };
            let builder = Engine::builder(&store, deps).flow::<order::Flow>().concurrency(64);
            // Killed every second, some run is unlucky five times in a row.
            let builder = builder.max_crashes(100);
            let engine = builder.observer(Arc::clone(&ledger)).publisher(Arc::clone(&ledger)).start().await;
            engine.map_err(|error| prose::StoreError::unavailable(error.to_string(), error))
        })
        .await;
        say("works");
        assert_eq!(tokio::task::spawn_blocking(listen).await.unwrap(), "drain");
        engine.drain(Duration::from_millis(500)).await;
    });
    // What listens on stdin, if anything does, is not waited for.
    std::process::exit(0);
}

/// Whether a process that was stopped just now holds the file in a write transaction. All others would wait for it to go on.
fn can_be_written(file: &Path) -> bool {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_millis(200));
        let pool = SqlitePool::connect_with(options).await.unwrap();
        let written = sqlx::query("insert into done (number, what) select 1, 'no' where false").execute(&pool).await;
        pool.close().await;
        written.is_ok()
    })
}

#[test]
fn every_run_ends_as_an_undisturbed_one_whoever_is_killed() {
    let (runs, seconds) = chaos::extent();
    let folder = tempfile::tempdir().unwrap();
    let (file, ledger) = (folder.path().join("runs.db"), folder.path().join("ledger"));
    let place = format!("{} {}", file.display(), ledger.display());
    let runtime = runtime();
    let (client, pool) = runtime.block_on(async {
        let store = store(&file).await;
        let options = SqliteConnectOptions::new().filename(&file);
        let pool = SqlitePool::connect_with(options).await.unwrap();
        sqlx::query("create table done (number integer, what text)").execute(&pool).await.unwrap();
        (Engine::builder::<_, ()>(&store, ()).concurrency(0).start().await.unwrap(), pool)
    });
    let driving = runtime.spawn(async move {
        drive(&client, runs, seconds * 8 / 10).await;
        client
    });
    let engines = Engines {
        start: &|| Other::plays("engine", &place),
        number: 2,
        restart_server: None,
        may_stay_stopped: &|| can_be_written(&file),
    };
    let (torment, engines) = engines.torment(seconds);
    let client = runtime.block_on(driving).unwrap();
    // All ends are written; the last events may still be on their way.
    std::thread::sleep(Duration::from_secs(3));
    drop(engines);
    let rows: Vec<(i64, String, i64)> = runtime.block_on(async {
        let sql = "select number, what, count(*) from done group by 1, 2 order by 1, 2";
        sqlx::query_as(sql).fetch_all(&pool).await.unwrap()
    });
    drop(client);
    check(runs, &torment, &ledger, &rows);
}
