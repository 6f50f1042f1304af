//! A process that is stopped past its lease, while another one takes its run over, commits no transaction of it when it wakes.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(all(unix, feature = "sqlx"))]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use prose::{Ctx, Error, Status, Store, flow};
use prose_sqlite::{SqliteDatabase, SqliteStore};
use prose_store_tests::process::{Other, Signal, listen, part, say};

struct Deps {
    db: SqliteDatabase,
    name: &'static str,
    meets: bool,
}

#[flow]
async fn order(ctx: Ctx<Deps>, _input: ()) -> Result<String, sqlx::Error> {
    #[step]
    'meet: {
        // Outside of the transaction: a process that is stopped within one holds up all who write to the file.
        if ctx.deps.meets {
            say("here");
            listen();
        }
    }
    #[transaction(tx = ctx.deps.db)]
    let by: String = {
        sqlx::query("insert into orders values (?)").bind(ctx.deps.name).execute(&mut **tx).await?;
        ctx.deps.name.to_owned()
    };
    Ok(by)
}

const LEASE: Duration = Duration::from_millis(1_500);

/// Where the orders are, and where the runs are.
fn files(part: &str, folder: &Path) -> (PathBuf, PathBuf) {
    let shop = folder.join("shop.db");
    (shop.clone(), if part == "same" { shop } else { folder.join("runs.db") })
}

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((part, folder)) = part() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (shop, runs) = files(&part, Path::new(&folder));
        let store = SqliteStore::builder(runs).lease(LEASE).open().await.unwrap();
        let deps = Arc::new(Deps { db: SqliteDatabase::open(shop).await.unwrap(), name: "stopped", meets: true });
        say(match order(()).deps(deps).durable(&store, "a").await {
            Err(Error::Fenced { .. }) => "fenced",
            Ok(_) => "committed",
            Err(_) => "failed",
        });
    });
}

async fn a_stopped_process_commits_nothing(part: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (shop, runs) = files(part, folder.path());
    let store = SqliteStore::builder(runs).lease(LEASE).open().await.unwrap();
    let db = SqliteDatabase::open(shop).await.unwrap();
    sqlx::query("create table orders (name text)").execute(db.pool()).await.unwrap();
    let mut other = Other::plays(part, folder.path());
    other.expect("here");
    other.signal(Signal::STOP);
    let deps = Arc::new(Deps { db: db.clone(), name: "other", meets: false });
    let taken_over = tokio::time::timeout(Duration::from_secs(60), order(()).deps(deps).durable(&store, "a")).await;
    assert_eq!(taken_over.expect("the lease is over").unwrap(), "other");
    other.signal(Signal::CONT);
    other.tell("go on");
    // With a receipt it may come as far as finding that the transaction is done; the run's own commit is fenced then.
    assert_eq!(other.heard().as_deref(), Some("fenced"));
    let orders: Vec<String> = sqlx::query_scalar("select name from orders").fetch_all(db.pool()).await.unwrap();
    assert_eq!(orders, ["other"]);
    assert_eq!(store.load("a").await.unwrap().unwrap().status, Status::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_runs_in_the_same_file() {
    a_stopped_process_commits_nothing("same").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_runs_in_another_file() {
    a_stopped_process_commits_nothing("elsewhere").await;
}
