//! Transactions on the store's file: the body's rows and the step's record are one.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(feature = "sqlx")]

mod common;

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use common::*;
use futures_util::future::poll_immediate;
use prose::store::queue::{ClaimDue, Fit};
use prose::store::signals::{NewSignal, Sent};
use prose::store::{Claim, Commit, Ending, Lease, NewRun, RunKey, SignalUse, Store};
use prose::{Beginning, Begun, Database, DatabaseError, MemoryStore, Record, Status, TransactionStep};
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
        begin(&self.db, &self.store).await
    }

    async fn run(&self, run_id: &str) -> Lease {
        self.store.create(&new_run(run_id), at(1)).await.unwrap()
    }

    async fn orders(&self) -> i64 {
        sqlx::query_scalar("select count(*) from orders").fetch_one(self.db.pool()).await.unwrap()
    }
}

/// Begins a transaction of a run that is kept in the same file.
async fn begin(db: &SqliteDatabase, store: &SqliteStore) -> OpenTransaction {
    match db.begin(beginning(store)).await.unwrap() {
        Begun::Open(open) => open,
        other => panic!("{other:?}"),
    }
}

fn beginning(store: &dyn Store) -> Beginning<'_> {
    Beginning { step: Some(TransactionStep { store, uid: "u", name: "persist" }), isolation: None }
}

/// Begins a transaction of a flow that runs without a store.
async fn begin_plain(db: &SqliteDatabase) -> OpenTransaction {
    match db.begin(Beginning::default()).await.unwrap() {
        Begun::Open(open) => open,
        other => panic!("{other:?}"),
    }
}

async fn execute(open: &mut OpenTransaction, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(&mut **SqliteDatabase::tx(open)).await.map(drop)
}

async fn insert(open: &mut OpenTransaction, id: &str) {
    sqlx::query("insert into orders values (?1)").bind(id).execute(&mut **SqliteDatabase::tx(open)).await.unwrap();
}

/// Commits, with a commit of the run that writes its own number.
async fn commit(db: &SqliteDatabase, open: OpenTransaction, lease: &Lease, seq: u64) -> Result<(), DatabaseError> {
    db.commit(open, Some(Record::Commit { lease, commit: &writing(seq) })).await
}

#[tokio::test]
async fn rows_and_record_are_committed_together() {
    let shop = shop().await;
    let lease = shop.run("a").await;
    let mut open = shop.begin().await;
    insert(&mut open, "o1").await;
    assert_eq!(shop.orders().await, 0, "nobody sees it yet");
    commit(&shop.db, open, &lease, 2).await.unwrap();
    assert_eq!((shop.orders().await, last_written(&shop.store, "a").await), (1, 2));
    shop.store.commit(&lease, writing(3)).await.unwrap();
}

#[tokio::test]
async fn a_record_may_end_the_run() {
    let shop = shop().await;
    let lease = shop.run("a").await;
    let mut open = shop.begin().await;
    insert(&mut open, "o1").await;
    shop.db.commit(open, Some(Record::Commit { lease: &lease, commit: &completed(2) })).await.unwrap();
    let checkpoint = shop.store.load("a").await.unwrap().unwrap();
    assert_eq!((checkpoint.status, checkpoint.output.unwrap().as_str()), (Status::Completed, r#""done""#));
    assert!(shop.store.delete("a").await.unwrap(), "nobody holds it");
}

fn signal(number: &str) -> NewSignal {
    let (key, flow) = (RunKey::new("a"), new_run("a").flow);
    NewSignal { key, flow, name: "paid".to_owned(), id: None, payload: json(number), keep_for: None }
}

/// A signal is taken by the commit of a body's transaction, or by none.
#[tokio::test]
async fn a_record_may_take_signals() {
    let shop = shop().await;
    let (lease, run) = (shop.run("a").await, new_run("a"));
    for number in ["1", "2"] {
        assert_eq!(shop.store.signals().send(&signal(number)).await.unwrap(), Sent::Kept);
    }
    let next = async || shop.store.signals().next(&run.key, &run.uid, "paid").await.unwrap().unwrap();
    let first = next().await;
    let signals = vec![SignalUse { id: first.id, refused: None }];
    let taking = |seq| Commit { signals: signals.clone(), ..writing(seq) };
    let open = shop.begin().await;
    let fenced = shop.db.commit(open, Some(Record::Commit { lease: &lease, commit: &taking(9) })).await;
    assert!(matches!(fenced, Err(DatabaseError::Fenced)), "{fenced:?}");
    assert_eq!(next().await, first);
    let open = shop.begin().await;
    shop.db.commit(open, Some(Record::Commit { lease: &lease, commit: &taking(2) })).await.unwrap();
    assert_eq!(next().await.payload.as_str(), "2");
}

/// It looks once more for what the run waits for, as the store's own commit does.
#[tokio::test]
async fn a_record_may_park_the_run() {
    let shop = shop().await;
    let lease = shop.run("a").await;
    let mut due = pin!(shop.store.changed(&lease.key, lease.epoch));
    assert!(poll_immediate(&mut due).await.is_none());
    shop.store.signals().send(&signal("1")).await.unwrap();
    let open = shop.begin().await;
    let ending = Ending::Waiting { until: None, signal: Some("paid".to_owned()), children: 0 };
    let parking = Commit { ending: Some(ending), ..at(2) };
    shop.db.commit(open, Some(Record::Commit { lease: &lease, commit: &parking })).await.unwrap();
    due.await;
    assert_eq!(shop.store.load("a").await.unwrap().unwrap().status, Status::Waiting);
    let request = ClaimDue { flows: vec![new_run("a").flow], limit: 9, blocked: false };
    let due = shop.store.queue().claim_due(&request, Arc::new(|_| Fit::Yes)).await.unwrap();
    assert_eq!(due.runs.len(), 1);
}

/// Whoever executes a child on its own may end it so.
#[tokio::test]
async fn a_record_that_ends_a_child_wakes_its_parent() {
    let shop = shop().await;
    let lease = shop.run("a").await;
    let child = NewRun { parent: Some(lease.key.clone()), ..new_run("child") };
    let child = shop.store.create(&child, at(1)).await.unwrap();
    let ending = Ending::Waiting { until: None, signal: None, children: 0 };
    shop.store.commit(&lease, Commit { ending: Some(ending), ..at(2) }).await.unwrap();
    let open = shop.begin().await;
    shop.db.commit(open, Some(Record::Commit { lease: &child, commit: &completed(2) })).await.unwrap();
    let request = ClaimDue { flows: vec![new_run("a").flow], limit: 9, blocked: false };
    let due = shop.store.queue().claim_due(&request, Arc::new(|_| Fit::Yes)).await.unwrap();
    assert_eq!(due.runs.len(), 1);
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
        let error = commit(&shop.db, open, lease, seq).await.unwrap_err();
        assert!(matches!(error, DatabaseError::Fenced), "{error}");
        assert_eq!((shop.orders().await, last_written(&shop.store, "a").await), (0, 0));
    }
    let open = shop.begin().await;
    commit(&shop.db, open, &new, 3).await.unwrap();
}

#[tokio::test]
async fn without_a_store_it_is_a_transaction_as_any_other() {
    let shop = shop().await;
    let mut open = begin_plain(&shop.db).await;
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
        let begin = shop.db.begin(beginning(&shop.store));
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
        let commit = writing(seq);
        let committing = shop.db.commit(open, Some(Record::Commit { lease: &lease, commit: &commit }));
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
            let mut open = begin(&db, &store).await;
            insert(&mut open, "o1").await;
            for statement in statements {
                let _refused_or_not = execute(&mut open, statement).await;
            }
            let committed = match with_record {
                true => commit(&db, open, &lease, 2).await,
                false => db.commit(open, None).await,
            };
            let error = committed.unwrap_err();
            assert!(matches!(error, DatabaseError::EndedByBody), "{statements:?}: {error}");
            let orders: i64 = sqlx::query_scalar("select count(*) from orders").fetch_one(&pool).await.unwrap();
            assert_eq!((orders, last_written(&store, "a").await), (0, 0), "{statements:?}");
        }
    }
    let mut open = begin(&db, &store).await;
    insert(&mut open, "o1").await;
    execute(&mut open, "savepoint mine").await.unwrap();
    execute(&mut open, "rollback to mine").await.unwrap();
    execute(&mut open, "release mine").await.unwrap();
    commit(&db, open, &lease, 2).await.unwrap();
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
        let error = commit(&shop.db, open, &lease, 2).await.unwrap_err();
        assert!(error.to_string().contains("orders.db"), "{error}");
        assert_eq!(last_written(&shop.store, "a").await, 0);
    }
    let open = shop.begin().await;
    commit(&shop.db, open, &lease, 2).await.unwrap();
}

#[tokio::test]
async fn the_same_file_by_another_path_is_the_same_file() {
    let shop = shop().await;
    let folder = shop.path.parent().unwrap();
    let detour = folder.join("../").join(folder.file_name().unwrap()).join("orders.db");
    let db = SqliteDatabase::open(detour).await.unwrap();
    assert!(db.is_home_of(&shop.store) && !db.is_home_of(&MemoryStore::new()));
    let lease = shop.run("a").await;
    let open = begin(&db, &shop.store).await;
    commit(&db, open, &lease, 2).await.unwrap();
}

#[tokio::test]
async fn a_pool_that_does_not_sync_does_so_in_a_transaction() {
    let shop = shop().await;
    let options = SqliteConnectOptions::new().filename(&shop.path).synchronous(SqliteSynchronous::Off);
    let db = SqliteDatabase::from_pool(SqlitePoolOptions::new().connect_with(options).await.unwrap());
    let mut open = begin(&db, &shop.store).await;
    let tx = SqliteDatabase::tx(&mut open);
    let mode: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(&mut **tx).await.unwrap();
    assert_eq!(mode, 2);
}

#[tokio::test]
async fn a_pool_in_memory_works_without_a_store() {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    let db = SqliteDatabase::from_pool(pool);
    let mut open = begin_plain(&db).await;
    execute(&mut open, "create table orders (id text)").await.unwrap();
    db.commit(open, None).await.unwrap();
    assert!(matches!(db.begin(beginning(&MemoryStore::new())).await, Ok(Begun::WithReceipt(_))));
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
            commit(&shop.db, shop.begin().await, &lease, seq).await.unwrap();
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
                    let mut open = begin(&db, &store).await;
                    insert(&mut open, &format!("{number}-{seq}")).await;
                    commit(&db, open, &lease, seq).await.unwrap();
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
