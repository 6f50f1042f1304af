//! How often the server is asked: the figures that the crate's documentation has.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::str::FromStr;
use std::time::Duration;

use common::Schema;
use common::proxy::Proxy;
use prose::store::{Commit, DueRequest, Lease, Write};
use prose::{Beginning, Begun, Database, Json, MemoryStore, Record, Store, TransactionStep};
use prose_postgres::{PostgresDatabase, PostgresStore};
use prose_store_tests::{json, new_run};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

async fn store_through(proxy: &Proxy, schema: &Schema) -> PostgresStore {
    let options = proxy.through(PgConnectOptions::from_str(&schema.url).unwrap());
    // A lease so long that no heartbeat is counted.
    let builder = PostgresStore::builder(options.to_url_lossy().to_string()).lease(Duration::from_secs(10_000));
    builder.schema(&schema.name).max_connections(4).connect().await.unwrap()
}

fn writing(seq: u64) -> Commit {
    Commit { writes: vec![Write { name: "last".to_owned(), value: json("1") }], ..Commit::empty(seq) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_steps_commit_is_one_round_trip() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let proxy = Proxy::before(&schema.options()).await;
    let store = store_through(&proxy, &schema).await;
    let lease = store.create(&new_run("a"), Commit::empty(1)).await.unwrap();
    let other = store.create(&new_run("b"), Commit::empty(1)).await.unwrap();
    // Two at once, so that both lines to the server know the statement.
    for seq in 2..10 {
        let (one, two) = tokio::join!(store.commit(&lease, writing(seq)), store.commit(&other, writing(seq)));
        one.unwrap();
        two.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    proxy.asked();
    let mut asked = Vec::new();
    // Those two may have travelled together, by another statement: then each line still has to learn this one, once.
    for round in 1..=3 {
        for seq in 0..10 {
            store.commit(&lease, writing(round * 10 + seq)).await.unwrap();
        }
        asked = proxy.asked();
    }
    assert_eq!(asked, vec!["sync"; 10]);
    store.outbox().due(&DueRequest { limit: 10, ..DueRequest::default() }).await.unwrap();
    given_back(&proxy).await;
    store.outbox().due(&DueRequest { limit: 10, ..DueRequest::default() }).await.unwrap();
    assert_eq!(given_back(&proxy).await, 1, "what is due");
    let reclaimed = store.reclaim(&lease, 40).await.unwrap();
    given_back(&proxy).await;
    store.reclaim(&reclaimed.lease, 41).await.unwrap();
    assert_eq!(given_back(&proxy).await, 1, "claiming once more");
}

/// How often the server was asked by something that used the store's pool, when the driver has looked after the connection, for which
/// nobody waits.
async fn given_back(proxy: &Proxy) -> usize {
    tokio::time::sleep(Duration::from_millis(200)).await;
    proxy.asked().len() - 1
}

/// What was asked, up to COMMIT: behind that the driver looks after its connection, and nobody waits for it.
async fn transaction(proxy: &Proxy, db: &PostgresDatabase, store: &dyn Store, uid: &str, lease: &Lease) -> Vec<String> {
    proxy.asked();
    let step = Some(TransactionStep { store, uid, name: "step" });
    let begun = db.begin(Beginning { step, isolation: None }).await.unwrap();
    let commit = writing(lease.epoch + 1);
    let given = Json::parse("{}".to_owned()).unwrap();
    let (mut open, record) = match begun {
        Begun::Open(open) => (open, Record::Commit { lease, commit: &commit }),
        Begun::WithReceipt(open) => (open, Record::Receipt(&given)),
        Begun::Done(given) => panic!("{given:?}"),
    };
    let tx = PostgresDatabase::tx(&mut open);
    sqlx::query("insert into orders values ($1)").bind("o").execute(&mut **tx).await.unwrap();
    db.commit(open, Some(record)).await.unwrap();
    let asked = proxy.asked();
    // The connection is given back.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let end = asked.iter().position(|asked| asked == "COMMIT").unwrap();
    asked[..=end].iter().map(|asked| asked.split(' ').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_begin_body_record_and_commit() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    drop(schema.database().await);
    let proxy = Proxy::before(&schema.options()).await;
    let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
    let pool = pool.connect_lazy_with(proxy.through(schema.options()));
    let db = PostgresDatabase::new(pool).schema(&schema.name).unwrap();
    let mut lasts = Vec::new();
    assert!(!db.is_home_of(&store), "nobody has asked yet");
    for run in 0..4 {
        let lease = store.create(&new_run(&run.to_string()), Commit::empty(1)).await.unwrap();
        lasts.push(transaction(&proxy, &db, &store, "uid", &lease).await);
    }
    assert_eq!(lasts[3], ["begin;", "sync", "sync", "COMMIT"], "{lasts:?}");
    assert!(db.is_home_of(&store));
    let memory = MemoryStore::new();
    assert!(!db.is_home_of(&memory));
    let lease = memory.create(&new_run("a"), Commit::empty(1)).await.unwrap();
    for uid in ["a", "b", "c"] {
        lasts.push(transaction(&proxy, &db, &memory, uid, &lease).await);
    }
    assert_eq!(lasts[6], ["begin;", "sync", "sync", "sync", "COMMIT"], "with a receipt: {lasts:?}");
}
