//! Chaos: four engines on one Postgres, killed, stopped and restarted every second, and the server five times. Every run ends as an undisturbed
//! one does, each transaction's row is there once, and no committed step runs again.
//!
//! ```text
//! PROSE_CHAOS_RUNS=5000 PROSE_CHAOS_SECONDS=180 cargo test --release -p prose-postgres --test chaos -- --nocapture
//! ```

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]
#![cfg(unix)]

use std::sync::Arc;
use std::time::Duration;

use prose::Engine;
use prose_postgres::{PostgresDatabase, PostgresStore};
use prose_store_tests::chaos::{self, Engines, LEASE, Ledger, until_ok};
use prose_store_tests::process::{Other, listen, part, say};
use sqlx::postgres::PgPoolOptions;
use tokio::runtime::{Builder, Runtime};

prose_store_tests::chaos_flows! {
    database: PostgresDatabase,
    insert: "insert into done (number, what) values ($1, $2)"
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn store(url: &str, connections: u32) -> PostgresStore {
    until_ok(|| PostgresStore::builder(url).lease(LEASE).max_connections(connections).connect()).await
}

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((_, place)) = part() else { return };
    let (url, ledger) = place.split_once(' ').unwrap();
    runtime().block_on(async {
        let store = store(url, 6).await;
        let pool = PgPoolOptions::new().max_connections(6).connect_lazy(url).unwrap();
        let ledger = Arc::new(Ledger::open(ledger));
        let engine = until_ok(|| async {
            let deps = Deps { db: PostgresDatabase::new(pool.clone()), ledger: Arc::clone(&ledger) };
            let builder = Engine::builder(&store, deps).flow::<order::Flow>().concurrency(64);
            // Killed every second, some run is unlucky five times in a row.
            let builder = builder.max_crashes(100);
            builder.observer(Arc::clone(&ledger)).publisher(Arc::clone(&ledger)).start().await
        })
        .await;
        say("works");
        assert_eq!(tokio::task::spawn_blocking(listen).await.unwrap(), "drain");
        engine.drain(Duration::from_millis(500)).await;
    });
    // What listens on stdin, if anything does, is not waited for.
    std::process::exit(0);
}

#[test]
fn every_run_ends_as_an_undisturbed_one_whoever_is_killed() {
    let Some(server) = prose_test_servers::private_postgres() else { return };
    let (runs, seconds) = chaos::extent();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let place = format!("{} {}", server.url(), ledger.display());
    let runtime = runtime();
    let (client, pool) = runtime.block_on(async {
        let pool = PgPoolOptions::new().max_connections(2).connect_lazy(server.url()).unwrap();
        sqlx::query("create table done (number bigint, what text)").execute(&pool).await.unwrap();
        let store = store(server.url(), 20).await;
        (Engine::builder::<_, ()>(&store, ()).concurrency(0).start().await.unwrap(), pool)
    });
    let driving = runtime.spawn(async move {
        drive(&client, runs, seconds * 8 / 10).await;
        client
    });
    let restart = || {
        server.kill();
        server.start();
    };
    let engines = Engines {
        start: &|| Other::plays("engine", &place),
        number: 4,
        restart_server: Some(&restart),
        may_stay_stopped: &|| true,
    };
    let (torment, engines) = engines.torment(seconds);
    let client = runtime.block_on(driving).unwrap();
    // All ends are written; the last events may still be on their way.
    std::thread::sleep(Duration::from_secs(3));
    drop(engines);
    let rows: Vec<(i64, String, i64)> = runtime.block_on(async {
        let sql = "select number, what, count(*) from done group by 1, 2 order by 1, 2";
        until_ok(|| sqlx::query_as(sql).fetch_all(&pool)).await
    });
    drop(client);
    check(runs, &torment, &ledger, &rows);
}
