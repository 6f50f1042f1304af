//! Transactions of runs that are kept elsewhere: their receipts say that they are done.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(feature = "sqlx")]

use std::path::Path;
use std::time::Duration;

use prose::store::Store;
use prose::{Beginning, Begun, Database, DatabaseError, Json, MemoryStore, Record, TransactionStep};
use prose_sqlite::{OpenTransaction, SqliteDatabase, SqliteStore};

struct Shop {
    db: SqliteDatabase,
    folder: tempfile::TempDir,
}

async fn shop() -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let db = SqliteDatabase::open(folder.path().join("shop.db")).await.unwrap();
    sqlx::query("create table orders (id text)").execute(db.pool()).await.unwrap();
    Shop { db, folder }
}

impl Shop {
    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Begins the step `name` of the run `uid`.
    async fn begin(&self, uid: &str, name: &str) -> Begun<OpenTransaction> {
        self.begin_of(&MemoryStore::new(), uid, name).await
    }

    async fn begin_of(&self, store: &dyn Store, uid: &str, name: &str) -> Begun<OpenTransaction> {
        let beginning = Beginning { step: Some(TransactionStep { store, uid, name }), isolation: None };
        self.db.begin(beginning).await.unwrap()
    }

    async fn commit(&self, mut open: OpenTransaction, given: &str) -> Result<(), DatabaseError> {
        insert(&mut open).await;
        self.db.commit(open, Some(Record::Receipt(&json(given)))).await
    }

    async fn count(&self, table: &'static str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(self.db.pool())
            .await
            .unwrap()
    }
}

async fn insert(open: &mut OpenTransaction) {
    sqlx::query("insert into orders values ('o1')").execute(&mut **SqliteDatabase::tx(open)).await.unwrap();
}

fn json(text: &str) -> Json {
    Json::parse(text.to_owned()).unwrap()
}

fn open(begun: Begun<OpenTransaction>) -> OpenTransaction {
    match begun {
        Begun::WithReceipt(open) => open,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_begins_a_committed_step_finds_what_it_gave() {
    let shop = shop().await;
    shop.commit(open(shop.begin("u", "persist").await), r#"{"order_no":1.50}"#).await.unwrap();
    match shop.begin("u", "persist").await {
        Begun::Done(given) => assert_eq!(given.as_str(), r#"{"order_no":1.50}"#),
        other => panic!("{other:?}"),
    }
    // Another step, another run, another turn of a loop, and the compensation are others.
    for (uid, step) in [("u", "mail"), ("v", "persist"), ("u", "persist[1]"), ("u", "persist:undo")] {
        shop.commit(open(shop.begin(uid, step).await), "{}").await.unwrap();
    }
    assert_eq!((shop.count("orders").await, shop.count("prose_receipts").await), (5, 5));
}

#[tokio::test]
async fn what_is_rolled_back_leaves_no_receipt() {
    let shop = shop().await;
    let mut dropped = open(shop.begin("u", "persist").await);
    insert(&mut dropped).await;
    drop(dropped);
    let mut ended = open(shop.begin("u", "persist").await);
    let _refused = sqlx::query("commit").execute(&mut **SqliteDatabase::tx(&mut ended)).await;
    let error = shop.db.commit(ended, Some(Record::Receipt(&json("{}")))).await.unwrap_err();
    assert!(matches!(error, DatabaseError::EndedByBody), "{error}");
    assert_eq!((shop.count("orders").await, shop.count("prose_receipts").await), (0, 0));
    shop.commit(open(shop.begin("u", "persist").await), "{}").await.unwrap();
}

/// A body that clears the table does not get its rows committed without a receipt.
#[tokio::test]
async fn a_body_that_removes_the_receipt_is_rolled_back() {
    let shop = shop().await;
    let mut begun = open(shop.begin("u", "persist").await);
    sqlx::query("delete from prose_receipts").execute(&mut **SqliteDatabase::tx(&mut begun)).await.unwrap();
    assert!(shop.commit(begun, "{}").await.is_err());
    assert_eq!(shop.count("orders").await, 0);
}

/// A store in another file, and one in a file that was the store's and is now another's: only the very file is the same.
#[tokio::test]
async fn a_store_in_another_file_is_elsewhere_and_one_in_this_is_not() {
    let shop = shop().await;
    let other = SqliteStore::open(shop.path("runs.db")).await.unwrap();
    assert!(matches!(shop.begin_of(&other, "u", "persist").await, Begun::WithReceipt(_)));
    let same = SqliteStore::open(shop.path("shop.db")).await.unwrap();
    assert!(matches!(shop.begin_of(&same, "u", "persist").await, Begun::Open(_)));
}

/// The application's file stays the application's: no version of ours is written into it.
#[tokio::test]
async fn a_file_with_a_version_of_its_own_keeps_receipts_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}?mode=rwc", Path::new(&path).display())).await.unwrap();
    sqlx::query("pragma user_version = 42").execute(&pool).await.unwrap();
    let shop = Shop { db: SqliteDatabase::from_pool(pool.clone()), folder };
    sqlx::query("create table orders (id text)").execute(&pool).await.unwrap();
    shop.commit(open(shop.begin("u", "persist").await), "{}").await.unwrap();
    let version: i64 = sqlx::query_scalar("pragma user_version").fetch_one(&pool).await.unwrap();
    assert_eq!(version, 42);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_executions_one_runs_the_body() {
    let shop = std::sync::Arc::new(shop().await);
    let mut executions = tokio::task::JoinSet::new();
    for number in 0..16 {
        let shop = std::sync::Arc::clone(&shop);
        executions.spawn(async move {
            match shop.begin("u", "persist").await {
                Begun::WithReceipt(open) => shop.commit(open, &number.to_string()).await.map(|()| true).unwrap(),
                Begun::Done(_) => false,
                other => panic!("{other:?}"),
            }
        });
    }
    let ran = executions.join_all().await;
    assert_eq!(ran.into_iter().filter(|ran| *ran).count(), 1);
    assert_eq!(shop.count("orders").await, 1);
}

#[tokio::test]
async fn old_receipts_are_pruned_and_young_ones_are_not() {
    let shop = shop().await;
    assert_eq!(shop.db.prune_receipts(Duration::ZERO).await.unwrap(), 0);
    for number in 0..2_500 {
        shop.commit(open(shop.begin("u", &format!("persist[{number}]")).await), "{}").await.unwrap();
    }
    assert_eq!(shop.db.prune_receipts(Duration::from_secs(3600)).await.unwrap(), 0);
    assert_eq!(shop.db.prune_receipts(Duration::ZERO).await.unwrap(), 2_500);
    assert!(matches!(shop.begin("u", "persist[7]").await, Begun::WithReceipt(_)));
}
