//! Transactions of runs that are kept elsewhere: in memory, or in another database of the server.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::{Database as OtherDatabase, Role, Schema, orders};
use prose::{
    Beginning, Begun, Ctx, Database, DatabaseError, Error, Isolation, Json, MemoryStore, Record, Store,
    TransactionStep, flow,
};
use prose_postgres::{OpenTransaction, PostgresDatabase, PostgresStore};
#[cfg(unix)]
use prose_store_tests::process::{Other, part, say};

const LEVELS: [Isolation; 3] = [Isolation::ReadCommitted, Isolation::RepeatableRead, Isolation::Serializable];

async fn begin(db: &PostgresDatabase, uid: &str, isolation: Isolation) -> Begun<OpenTransaction> {
    let store = MemoryStore::new();
    let step = Some(TransactionStep { store: &store, uid, name: "step" });
    db.begin(Beginning { step, isolation: Some(isolation) }).await.unwrap()
}

async fn open(db: &PostgresDatabase, uid: &str, isolation: Isolation) -> OpenTransaction {
    match begin(db, uid, isolation).await {
        Begun::WithReceipt(open) => open,
        other => panic!("{other:?}"),
    }
}

async fn insert(open: &mut OpenTransaction, id: &str) {
    sqlx::query("insert into orders values ($1)").bind(id).execute(&mut **PostgresDatabase::tx(open)).await.unwrap();
}

fn json(text: &str) -> Json {
    Json::parse(text.to_owned()).unwrap()
}

async fn complete(db: &PostgresDatabase, open: OpenTransaction) -> Result<(), DatabaseError> {
    db.commit(open, Some(Record::Receipt(&json(r#"{"a":1.50}"#)))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_executors_the_second_waits_and_takes_what_the_first_has_given() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let db = schema.database().await;
    for (index, isolation) in LEVELS.into_iter().enumerate() {
        let uid = format!("\0 {isolation:?}");
        let mut first = open(&db, &uid, isolation).await;
        insert(&mut first, "o").await;
        let second = begin(&db, &uid, isolation);
        tokio::pin!(second);
        assert!(tokio::time::timeout(Duration::from_millis(200), &mut second).await.is_err(), "it waits");
        complete(&db, first).await.unwrap();
        let Begun::Done(given) = second.await else { panic!("it is complete") };
        assert_eq!(given.as_str(), r#"{"a":1.50}"#);
        let Begun::Done(_) = begin(&db, &uid, isolation).await else { panic!("it is complete") };
        assert_eq!(orders(&db).await.len(), index + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_executors_the_second_goes_on_when_the_first_rolls_back() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let db = schema.database().await;
    for isolation in LEVELS {
        let mut first = open(&db, "uid", isolation).await;
        insert(&mut first, "never").await;
        let second = open(&db, "uid", isolation);
        tokio::pin!(second);
        assert!(tokio::time::timeout(Duration::from_millis(200), &mut second).await.is_err(), "it waits");
        drop(first);
        drop(second.await);
    }
    assert_eq!(orders(&db).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executor_that_is_stopped_in_its_body_does_not_hold_up_the_next_one_for_ever() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let db = schema.database().await.idle_timeout(Duration::from_millis(300));
    let mut stopped = open(&db, "uid", Isolation::ReadCommitted).await;
    insert(&mut stopped, "never").await;
    let next = tokio::time::timeout(Duration::from_secs(20), open(&db, "uid", Isolation::ReadCommitted)).await;
    complete(&db, next.expect("the server has ended the transaction")).await.unwrap();
    let error = complete(&db, stopped).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Failed { .. }), "{error}");
    let patient = db.idle_timeout(Duration::ZERO);
    let mut slow = open(&patient, "other", Isolation::ReadCommitted).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    insert(&mut slow, "o").await;
    complete(&patient, slow).await.unwrap();
    assert_eq!(orders(&patient).await, ["o"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_ends_the_transaction_is_found_out_and_can_run_again() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let db = schema.database().await;
    for statements in ["commit", "rollback", "commit; begin"] {
        for isolation in LEVELS {
            let mut ended = open(&db, statements, isolation).await;
            sqlx::raw_sql(statements).execute(&mut **PostgresDatabase::tx(&mut ended)).await.unwrap();
            let error = complete(&db, ended).await.unwrap_err();
            assert!(matches!(error, DatabaseError::EndedByBody), "{statements}: {error}");
        }
        complete(&db, open(&db, statements, Isolation::ReadCommitted).await).await.unwrap();
    }
}

/// Transactions of different runs whose bodies touch nothing in common do not fail by their receipts.
#[tokio::test(flavor = "multi_thread")]
async fn serializable_transactions_are_not_in_the_way_of_one_another_by_their_receipts() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let db = schema.database().await;
    for round in 0..10 {
        let mut one = open(&db, &format!("a {round}"), Isolation::Serializable).await;
        let mut two = open(&db, &format!("b {round}"), Isolation::Serializable).await;
        insert(&mut one, "o").await;
        insert(&mut two, "o").await;
        let (one, two) = tokio::join!(complete(&db, one), complete(&db, two));
        one.unwrap();
        two.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_need_the_table_at_once() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let begins = (0..6).map(|number| {
        let pool = schema.pool(2);
        let db = PostgresDatabase::new(pool).schema(&schema.name).unwrap();
        tokio::spawn(async move { complete(&db, open(&db, &number.to_string(), LEVELS[number % 3]).await).await })
    });
    for begun in begins.collect::<Vec<_>>() {
        begun.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_make_the_table_is_told_what_to_do() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let owner = schema.database().await;
    let role = Role::new(&schema.url).await;
    let pool = role.pool(&schema);
    let missing = PostgresDatabase::new(pool.clone()).schema(&format!("{}_b", schema.name)).unwrap();
    let db = PostgresDatabase::new(pool).schema(&schema.name).unwrap();
    let store = MemoryStore::new();
    let step = Some(TransactionStep { store: &store, uid: "a", name: "step" });
    for db in [&missing, &db] {
        let error = db.begin(Beginning { step, isolation: None }).await.unwrap_err().to_string();
        assert!(error.contains("create table if not exists") && error.contains("grant usage on schema"), "{error}");
        assert!(!error.contains(Role::PASSWORD), "{error}");
    }
    complete(&owner, open(&owner, "b", Isolation::ReadCommitted).await).await.unwrap();
    let (schema, user) = (&schema.name, &role.name);
    role.as_owner(&format!("grant usage on schema {schema} to {user}")).await;
    role.as_owner(&format!("grant select, insert, update, delete on {schema}.receipts to {user}")).await;
    complete(&db, open(&db, "a", Isolation::ReadCommitted).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn old_receipts_are_pruned() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let db = schema.database().await;
    assert_eq!(db.prune_receipts(Duration::ZERO).await.unwrap(), 0, "there is no table yet");
    complete(&db, open(&db, "a", Isolation::ReadCommitted).await).await.unwrap();
    let many = format!(
        "insert into {}.receipts select n::text, 's', now() - interval '3 days', 'null', now() - interval '2 days' \
         from generate_series(1, 2500) n",
        schema.name
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(many)).execute(db.pool()).await.unwrap();
    assert_eq!(db.prune_receipts(Duration::MAX).await.unwrap(), 0);
    assert_eq!(db.prune_receipts(Duration::from_secs(24 * 3_600)).await.unwrap(), 2_500);
    assert!(matches!(begin(&db, "a", Isolation::ReadCommitted).await, Begun::Done(_)), "it is young");
    assert_eq!(db.prune_receipts(Duration::ZERO).await.unwrap(), 1);
}

struct Deps {
    db: PostgresDatabase,
    bodies: AtomicU32,
    /// What stands behind the transaction, in front of the store's commit.
    behind: fn(u32),
}

#[flow]
async fn order(ctx: Ctx<Deps>, id: String) -> Result<u32, sqlx::Error> {
    #[transaction(tx = ctx.deps.db)]
    let given: u32 = {
        sqlx::query("insert into orders values ($1)").bind(&id).execute(&mut **tx).await?;
        ctx.deps.bodies.fetch_add(1, Ordering::SeqCst) + 7
    };
    (ctx.deps.behind)(given);
    #[step]
    'end: {}
    Ok(given)
}

fn deps(db: PostgresDatabase, behind: fn(u32)) -> Arc<Deps> {
    Arc::new(Deps { db, bodies: AtomicU32::new(0), behind })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_memory_works_in_the_database() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let deps = deps(schema.database().await, |_| {});
    let store = MemoryStore::new();
    for id in ["a", "b", "a"] {
        order(id.to_owned()).deps(deps.clone()).durable(&store, id).await.unwrap();
    }
    assert_eq!(orders(&deps.db).await, ["a", "b"]);
    // The id of a run that is gone is used by another run.
    store.delete("a").await.unwrap();
    order("a".to_owned()).deps(deps.clone()).durable(&store, "a").await.unwrap();
    assert_eq!(orders(&deps.db).await, ["a", "a", "b"]);
}

/// Between the transaction's COMMIT and the store's commit.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_panic_has_kept_from_the_store_is_adopted() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let db = schema.database().await;
    let store = MemoryStore::new();
    let panics = deps(db.clone(), |_| panic!("between the commits"));
    let call = order("o".to_owned()).deps(panics).durable(&store, "a");
    assert!(tokio::spawn(call.into_future()).await.unwrap_err().is_panic());
    let again = deps(db.clone(), |_| {});
    assert_eq!(order("o".to_owned()).deps(again.clone()).durable(&store, "a").await.unwrap(), 7);
    assert_eq!((orders(&db).await.len(), again.bodies.load(Ordering::SeqCst)), (1, 0));
}

/// Plays a part in another process; does nothing in the one that runs the tests.
#[cfg(unix)]
#[test]
fn child() {
    let Some((_, place)) = part() else { return };
    let [url, schema, store] = place.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = PostgresStore::connect(store).await.unwrap();
        let schema = std::mem::ManuallyDrop::new(Schema { url: url.to_owned(), name: schema.to_owned() });
        let stays = deps(schema.database().await, |given| {
            say(&given.to_string());
            std::thread::sleep(Duration::from_secs(3_600));
        });
        order("o".to_owned()).deps(stays).durable(&store, "a").await.unwrap();
    });
}

/// With a store in another database of the server, by a real kill.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_kill_has_kept_from_the_store_is_adopted() {
    let Some(url) = common::url() else { return };
    let elsewhere = OtherDatabase::new(&url).await;
    let schema = Schema::new(url);
    let db = schema.database().await;
    let mut other = Other::plays("stays behind", format!("{} {} {}", schema.url, schema.name, elsewhere.url));
    other.expect("7");
    other.kill();
    let store = PostgresStore::connect(&elsewhere.url).await.unwrap();
    let again = deps(db.clone(), |_| {});
    assert_eq!(order("o".to_owned()).deps(again.clone()).durable(&store, "a").await.unwrap(), 7);
    assert_eq!((orders(&db).await.len(), again.bodies.load(Ordering::SeqCst)), (1, 0));
}

#[flow]
async fn fails(ctx: Ctx<Deps>, _input: ()) -> Result<(), sqlx::Error> {
    #[transaction(tx = ctx.deps.db)]
    'insert: {
        sqlx::query("insert into orders values ('never')").execute(&mut **tx).await?;
        sqlx::query("select 1 / 0").execute(&mut **tx).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_fails_leaves_no_receipt() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let deps = deps(schema.database().await, |_| {});
    let store = MemoryStore::new();
    for _ in 0..2 {
        let failed = fails(()).deps(deps.clone()).durable(&store, "a").await;
        assert!(matches!(failed, Err(Error::Failed { .. })), "{failed:?}");
    }
    assert_eq!((orders(&deps.db).await.len(), deps.db.prune_receipts(Duration::ZERO).await.unwrap()), (0, 0));
}
