//! Transactions on the store's file: the body's rows and the step's record are one.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(feature = "sqlx")]

mod common;

use std::path::PathBuf;
use std::time::Duration;

use common::*;
use futures_util::future::poll_immediate;
use prose::store::{Claim, Lease, Store};
use prose::{Database, DatabaseError, MemoryStore, Record, Status};
use prose_sqlite::{OpenTransaction, SqliteDatabase, SqliteStore};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};

struct Shop {
    store: SqliteStore,
    db: SqliteDatabase,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

async fn shop() -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let db = store.database().await.unwrap();
    sqlx::query("create table orders (id text primary key)").execute(db.pool()).await.unwrap();
    Shop { store, db, path, _folder: folder }
}

impl Shop {
    async fn begin(&self) -> OpenTransaction {
        self.db.begin(Some(&self.store)).await.unwrap()
    }

    async fn run(&self, run_id: &str) -> Lease {
        self.store.create(&new_run(run_id), at(1)).await.unwrap()
    }

    async fn orders(&self) -> i64 {
        sqlx::query_scalar("select count(*) from orders").fetch_one(self.db.pool()).await.unwrap()
    }
}

async fn execute(open: &mut OpenTransaction, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(&mut **SqliteDatabase::tx(open)).await.map(drop)
}

async fn insert(open: &mut OpenTransaction, id: &str) {
    sqlx::query("insert into orders values (?1)").bind(id).execute(&mut **SqliteDatabase::tx(open)).await.unwrap();
}

fn record(lease: &Lease, seq: u64) -> Option<Record<'_>> {
    Some(Record { lease, commit: writing(seq) })
}

#[tokio::test]
async fn rows_and_record_are_committed_together() {
    let shop = shop().await;
    let lease = shop.run("a").await;
    let mut open = shop.begin().await;
    insert(&mut open, "o1").await;
    assert_eq!(shop.orders().await, 0, "nobody sees it yet");
    shop.db.commit(open, record(&lease, 2)).await.unwrap();
    assert_eq!((shop.orders().await, last_written(&shop.store, "a").await), (1, 2));
    shop.store.commit(&lease, writing(3)).await.unwrap();
}

#[tokio::test]
async fn a_record_may_end_the_run() {
    let shop = shop().await;
    let lease = shop.run("a").await;
    let mut open = shop.begin().await;
    insert(&mut open, "o1").await;
    shop.db.commit(open, Some(Record { lease: &lease, commit: completed(2) })).await.unwrap();
    let checkpoint = shop.store.load("a").await.unwrap().unwrap();
    assert_eq!((checkpoint.status, checkpoint.output.unwrap().as_str()), (Status::Completed, r#""done""#));
    assert!(shop.store.delete("a").await.unwrap(), "nobody holds it");
}

#[tokio::test]
async fn a_fenced_record_rolls_the_rows_back() {
    let shop = shop().await;
    let old = shop.run("a").await;
    shop.store.release(&old);
    let new = claimed(&shop.store, "a").await.lease;
    for (lease, seq) in [(&old, 3), (&new, 2), (&new, 9)] {
        let mut open = shop.begin().await;
        insert(&mut open, "o1").await;
        let error = shop.db.commit(open, record(lease, seq)).await.unwrap_err();
        assert!(matches!(error, DatabaseError::Fenced), "{error}");
        assert_eq!((shop.orders().await, last_written(&shop.store, "a").await), (0, 0));
    }
    let open = shop.begin().await;
    shop.db.commit(open, record(&new, 3)).await.unwrap();
}

#[tokio::test]
async fn without_a_store_it_is_a_transaction_as_any_other() {
    let shop = shop().await;
    let mut open = shop.db.begin(None).await.unwrap();
    insert(&mut open, "o1").await;
    shop.db.commit(open, None).await.unwrap();
    assert_eq!(shop.orders().await, 1);
}

#[tokio::test]
async fn dropping_rolls_back_and_passes_the_turn_on_then() {
    let shop = shop().await;
    for _ in 0..100 {
        let mut open = shop.begin().await;
        insert(&mut open, "o1").await;
        drop(open);
        // Were the turn passed on early, the row would be there twice, or the file locked.
        let mut next = shop.begin().await;
        insert(&mut next, "o1").await;
        drop(next);
    }
    let lease = shop.run("a").await;
    shop.store.commit(&lease, writing(2)).await.unwrap();
    assert_eq!(shop.orders().await, 0);
}

#[tokio::test]
async fn a_dropped_begin_leaves_no_transaction_behind() {
    let shop = shop().await;
    for round in 0..100 {
        let begin = shop.db.begin(Some(&shop.store));
        let _given_up = tokio::time::timeout(Duration::from_micros(round * 10), begin).await;
    }
    let mut open = shop.begin().await;
    insert(&mut open, "o1").await;
    shop.db.commit(open, None).await.unwrap();
}

#[tokio::test]
async fn a_dropped_commit_goes_on() {
    let shop = shop().await;
    let lease = shop.run("a").await;
    for seq in 2..30 {
        let mut open = shop.begin().await;
        insert(&mut open, &seq.to_string()).await;
        let committing = shop.db.commit(open, record(&lease, seq));
        assert!(poll_immediate(committing).await.is_none(), "it was polled once, and is on its way");
        // Its turn ends with it.
        drop(shop.begin().await);
        assert_eq!(last_written(&shop.store, "a").await, seq);
    }
    assert_eq!(shop.orders().await, 28);
}

/// Whatever the body tries, nothing of it is committed, and the next transaction on the same connection works.
#[tokio::test]
async fn a_body_that_ends_the_transaction_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let options = SqliteConnectOptions::new().filename(&path);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    sqlx::query("create table orders (id text primary key)").execute(&pool).await.unwrap();
    let db = SqliteDatabase::from_pool(pool.clone());
    let lease = store.create(&new_run("a"), at(1)).await.unwrap();
    let attempts: [&[&str]; 6] = [
        &["commit"],
        &["end"],
        &["rollback"],
        &["commit", "begin", "insert into orders values ('o2')"],
        &["rollback", "insert into orders values ('o3')"],
        &["commit", "insert into orders values ('o4')", "commit"],
    ];
    for statements in attempts {
        for with_record in [true, false] {
            let mut open = db.begin(Some(&store)).await.unwrap();
            insert(&mut open, "o1").await;
            for statement in statements {
                let _refused_or_not = execute(&mut open, statement).await;
            }
            let record = if with_record { record(&lease, 2) } else { None };
            let error = db.commit(open, record).await.unwrap_err();
            assert!(matches!(error, DatabaseError::EndedByBody), "{statements:?}: {error}");
            let orders: i64 = sqlx::query_scalar("select count(*) from orders").fetch_one(&pool).await.unwrap();
            assert_eq!((orders, last_written(&store, "a").await), (0, 0), "{statements:?}");
        }
    }
    let mut open = db.begin(Some(&store)).await.unwrap();
    insert(&mut open, "o1").await;
    execute(&mut open, "savepoint mine").await.unwrap();
    execute(&mut open, "rollback to mine").await.unwrap();
    execute(&mut open, "release mine").await.unwrap();
    db.commit(open, record(&lease, 2)).await.unwrap();
    // The connection is the application's own again.
    sqlx::query("insert into orders values ('o5')").execute(&pool).await.unwrap();
    let mut own = pool.begin().await.unwrap();
    sqlx::query("insert into orders values ('o6')").execute(&mut *own).await.unwrap();
    own.commit().await.unwrap();
}

/// A deferred constraint fails in COMMIT itself.
#[tokio::test]
async fn a_failing_commit_leaves_the_connection_usable() {
    let shop = shop().await;
    let schema = "create table lines (of text references orders (id) deferrable initially deferred)";
    sqlx::query(schema).execute(shop.db.pool()).await.unwrap();
    let lease = shop.run("a").await;
    for _ in 0..20 {
        let mut open = shop.begin().await;
        execute(&mut open, "insert into lines values ('no such order')").await.unwrap();
        let error = shop.db.commit(open, record(&lease, 2)).await.unwrap_err();
        assert!(error.to_string().contains("orders.db"), "{error}");
        assert_eq!(last_written(&shop.store, "a").await, 0);
    }
    let open = shop.begin().await;
    shop.db.commit(open, record(&lease, 2)).await.unwrap();
}

#[tokio::test]
async fn a_store_elsewhere_is_refused_before_anything_begins() {
    let shop = shop().await;
    let other = SqliteStore::open(shop.path.with_file_name("other.db")).await.unwrap();
    let stores: [&dyn Store; 2] = [&MemoryStore::new(), &other];
    for store in stores {
        match shop.db.begin(Some(store)).await.map(drop) {
            Err(DatabaseError::Pairing(message)) => {
                assert!(message.contains("orders.db") && message.contains("same file") || message.contains("one file"));
            }
            other => panic!("{other:?}"),
        }
    }
    shop.db.commit(shop.begin().await, None).await.unwrap();
}

#[tokio::test]
async fn the_same_file_by_another_path_is_the_same_file() {
    let shop = shop().await;
    let folder = shop.path.parent().unwrap();
    let detour = folder.join("../").join(folder.file_name().unwrap()).join("orders.db");
    let db = SqliteDatabase::open(detour).await.unwrap();
    let lease = shop.run("a").await;
    let open = db.begin(Some(&shop.store)).await.unwrap();
    db.commit(open, record(&lease, 2)).await.unwrap();
}

#[tokio::test]
async fn a_pool_that_does_not_sync_does_so_in_a_transaction() {
    let shop = shop().await;
    let options = SqliteConnectOptions::new().filename(&shop.path).synchronous(SqliteSynchronous::Off);
    let db = SqliteDatabase::from_pool(SqlitePoolOptions::new().connect_with(options).await.unwrap());
    let mut open = db.begin(Some(&shop.store)).await.unwrap();
    let tx = SqliteDatabase::tx(&mut open);
    let mode: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(&mut **tx).await.unwrap();
    assert_eq!(mode, 2);
}

#[tokio::test]
async fn a_pool_in_memory_works_without_a_store() {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    let db = SqliteDatabase::from_pool(pool);
    let mut open = db.begin(None).await.unwrap();
    execute(&mut open, "create table orders (id text)").await.unwrap();
    db.commit(open, None).await.unwrap();
    let store = MemoryStore::new();
    assert!(matches!(db.begin(Some(&store)).await, Err(DatabaseError::Pairing(_))));
}

/// A run whose commits are all written by transactions, but for the entrances of their bodies.
#[tokio::test]
async fn a_run_of_transactions_is_folded_as_well() {
    let shop = shop().await;
    let lease = shop.run("a").await;
    for seq in 2..400 {
        if seq % 2 == 0 {
            shop.store.commit(&lease, at(seq)).await.unwrap();
        } else {
            shop.db.commit(shop.begin().await, record(&lease, seq)).await.unwrap();
        }
    }
    let rows: i64 = sqlx::query_scalar("select count(*) from prose_commits").fetch_one(shop.db.pool()).await.unwrap();
    assert!(rows < 200, "{rows} rows are left of 399");
    assert_eq!(last_written(&shop.store, "a").await, 399);
}

/// Nobody is told that the file is locked, and nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_and_commits_share_the_file_in_turn() {
    let shop = shop().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..16_u64 {
        let (store, db) = (shop.store.clone(), shop.db.clone());
        tasks.spawn(async move {
            let run_id = format!("run-{number}");
            let lease = store.create(&new_run(&run_id), at(1)).await.unwrap();
            for seq in 2..40 {
                if number % 2 == 0 {
                    store.commit(&lease, writing(seq)).await.unwrap();
                } else {
                    let mut open = db.begin(Some(&store)).await.unwrap();
                    insert(&mut open, &format!("{number}-{seq}")).await;
                    db.commit(open, record(&lease, seq)).await.unwrap();
                }
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(shop.orders().await, 8 * 38);
    for number in 0..16 {
        assert_eq!(last_written(&shop.store, &format!("run-{number}")).await, 39);
    }
}

/// While a body runs, commits wait for their turn instead of failing.
#[tokio::test]
async fn a_commit_waits_for_a_long_body() {
    let shop = shop().await;
    let lease = shop.run("a").await;
    let mut open = shop.begin().await;
    insert(&mut open, "o1").await;
    let commit = writing(2);
    let mut committing = shop.store.commit(&lease, commit);
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut committing).await.is_err());
    // Reading goes on.
    assert!(matches!(shop.store.claim(&request("a")).await.unwrap(), Claim::Held { epoch: 1 }));
    shop.db.commit(open, None).await.unwrap();
    committing.await.unwrap();
}
