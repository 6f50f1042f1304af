//! Many calls of the same runs at once, each dropped at some moment and made again: every transaction commits once.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prose::{Ctx, Error, Store, flow};
use prose_sqlite::{SqliteDatabase, SqliteStore};

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error("every 17th fails")]
    Unlucky,
}

struct Deps {
    db: SqliteDatabase,
    calls: AtomicU64,
}

#[flow]
async fn twice(ctx: Ctx<Deps>, id: String) -> Result<usize, Failure> {
    #[step]
    let length: usize = {
        tokio::task::yield_now().await;
        id.len()
    };
    #[transaction(tx = ctx.deps.db, retry(max_attempts = 2, delay = "1ms"))]
    let first: usize = {
        sqlx::query("insert into rows values (?1, 'first')").bind(id.clone()).execute(&mut **tx).await?;
        if ctx.deps.calls.fetch_add(1, Ordering::SeqCst).is_multiple_of(17) {
            return Err(Failure::Unlucky);
        }
        length + 1
    };
    #[transaction(tx = ctx.deps.db)]
    'second: {
        sqlx::query("insert into rows values (?1, 'second')").bind(id.clone()).execute(&mut **tx).await?;
    }
    Ok(first)
}

const RUNS: u64 = 60;

/// Calls again and again, each time with a little more time, until there is a result.
async fn insist(store: SqliteStore, deps: Arc<Deps>, caller: u64) {
    let id = format!("r{}", caller % RUNS);
    for round in 0..1_000 {
        let patience = Duration::from_micros((caller * 7_919 + round * 104_729) % 30_000 + round * 5_000);
        let call = twice(id.clone()).deps(deps.clone()).durable(&store, id.clone());
        match tokio::time::timeout(patience, call.into_future()).await {
            Ok(Ok(result)) => return assert_eq!(result, id.len() + 1),
            Ok(Err(Error::Failed { .. } | Error::JoinedFailed { .. })) | Err(_) => {}
            Ok(Err(other)) => panic!("{id}: {other:?}"),
        }
    }
    panic!("{id} was never done");
}

async fn everybody_insists() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let stores = [SqliteStore::open(&path).await.unwrap(), SqliteStore::open(&path).await.unwrap()];
    let db = stores[0].database().await.unwrap();
    sqlx::query("create table rows (id text, part text)").execute(db.pool()).await.unwrap();
    let deps = Arc::new(Deps { db: db.clone(), calls: AtomicU64::new(0) });
    let caller = |number: u64| {
        let store = stores[usize::from(number % 2 == 1)].clone();
        tokio::spawn(insist(store, deps.clone(), number))
    };
    for call in (0..3 * RUNS).map(caller).collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let rows: Vec<(String, String)> = sqlx::query_as("select id, part from rows").fetch_all(db.pool()).await.unwrap();
    let mut counts = BTreeMap::<_, u32>::new();
    rows.into_iter().for_each(|row| *counts.entry(row).or_default() += 1);
    assert!(counts.len() as u64 == 2 * RUNS && counts.values().all(|count| *count == 1), "{counts:?}");
    let checkpoint = stores[1].load("r0").await.unwrap().unwrap();
    assert_eq!(checkpoint.completed_steps, ["length", "first", "second"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_many_threads() {
    everybody_insists().await;
}

#[tokio::test]
async fn on_one_thread() {
    everybody_insists().await;
}
