//! COMMIT whose answer is lost: what became of it is found out, and nothing runs twice.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::proxy::{Cut, Proxy};
use common::{Schema, orders};
use prose::{Ctx, DatabaseError, Error, MemoryStore, Store, flow};
use prose_postgres::PostgresDatabase;
use sqlx::postgres::PgPoolOptions;

struct Deps {
    db: PostgresDatabase,
    bodies: AtomicU32,
}

#[flow]
async fn order(ctx: Ctx<Deps>, id: String) -> Result<u32, sqlx::Error> {
    #[transaction(tx = ctx.deps.db, retry(max_attempts = 3, delay = "1ms"))]
    let first: u32 = {
        sqlx::query("insert into orders values ($1)").bind(format!("{id} 1")).execute(&mut **tx).await?;
        ctx.deps.bodies.fetch_add(1, Ordering::SeqCst) + 1
    };
    #[transaction(tx = ctx.deps.db, isolation = "repeatable read", retry(max_attempts = 3, delay = "1ms"))]
    let second: u32 = {
        sqlx::query("insert into orders values ($1)").bind(format!("{id} 2")).execute(&mut **tx).await?;
        ctx.deps.bodies.fetch_add(1, Ordering::SeqCst) + 1
    };
    Ok(first * 10 + second)
}

#[flow]
async fn unretried(ctx: Ctx<Deps>, id: String) -> Result<(), sqlx::Error> {
    #[transaction(tx = ctx.deps.db)]
    'insert: {
        ctx.deps.bodies.fetch_add(1, Ordering::SeqCst);
        sqlx::query("insert into orders values ($1)").bind(&id).execute(&mut **tx).await?;
    }
    Ok(())
}

struct Place {
    proxy: Proxy,
    deps: Arc<Deps>,
    schema: Schema,
}

async fn place() -> Option<Place> {
    let schema = Schema::new(common::url()?);
    drop(schema.database().await);
    let proxy = Proxy::before(&schema.options()).await;
    // One connection: what is cut is not there to find out with.
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(2));
    let pool = options.connect_lazy_with(proxy.through(schema.options()));
    let db = PostgresDatabase::new(pool).schema(&schema.name).unwrap();
    let place = Place { proxy, deps: Arc::new(Deps { db, bodies: AtomicU32::new(0) }), schema };
    // Makes the table of receipts, so that the next COMMIT is a step's.
    order("warm".to_owned()).deps(place.deps.clone()).durable(&MemoryStore::new(), "warm").await.unwrap();
    sqlx::query("delete from orders").execute(place.deps.db.pool()).await.unwrap();
    place.deps.bodies.store(0, Ordering::SeqCst);
    Some(place)
}

impl Place {
    /// A run through these cuts: what it gives, and its orders.
    async fn run<S: Store + Clone>(&self, store: &S, cuts: &[Cut]) -> u32 {
        self.proxy.cut(cuts.iter().copied());
        let given = order("o".to_owned()).deps(self.deps.clone()).durable(store, "a").await.unwrap();
        assert_eq!(self.proxy.cuts_left(), 0, "each cut was one");
        assert_eq!(orders(&self.deps.db).await, ["o 1", "o 2"]);
        // What was saved is what was given.
        assert_eq!(order("o".to_owned()).deps(self.deps.clone()).durable(store, "a").await.unwrap(), given);
        given
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_stores_database_a_commit_that_came_through_is_found() {
    let Some(place) = place().await else { return };
    let store = place.schema.store().await;
    assert_eq!(place.run(&store, &[Cut::Behind, Cut::Behind]).await, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_stores_database_a_commit_that_did_not_is_rolled_back_and_run_again() {
    let Some(place) = place().await else { return };
    let store = place.schema.store().await;
    assert_eq!(place.run(&store, &[Cut::Before, Cut::Before, Cut::Behind, Cut::Before]).await, 35);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_receipts_a_commit_that_came_through_is_found() {
    let Some(place) = place().await else { return };
    assert_eq!(place.run(&MemoryStore::new(), &[Cut::Behind, Cut::Behind]).await, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_receipts_a_commit_that_did_not_is_rolled_back_and_run_again() {
    let Some(place) = place().await else { return };
    assert_eq!(place.run(&MemoryStore::new(), &[Cut::Before, Cut::Before, Cut::Behind, Cut::Before]).await, 35);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_retry_a_commit_that_did_not_come_through_fails_and_the_run_can_be_called_again() {
    let Some(place) = place().await else { return };
    let (store, memory) = (place.schema.store().await, MemoryStore::new());
    for (index, id) in ["same", "elsewhere"].into_iter().enumerate() {
        place.proxy.cut([Cut::Before]);
        let call = || unretried(id.to_owned()).deps(place.deps.clone());
        let lost = if index == 0 { call().durable(&store, id).await } else { call().durable(&memory, id).await };
        let Err(Error::Database { source: source @ DatabaseError::Failed { .. }, .. }) = lost else {
            panic!("{lost:?}")
        };
        assert!(source.to_string().contains("It was rolled back"), "{source}");
        let again = if index == 0 { call().durable(&store, id).await } else { call().durable(&memory, id).await };
        again.unwrap();
    }
    assert_eq!(orders(&place.deps.db).await, ["elsewhere", "same"]);
}

/// The server is gone as well: nobody can tell now, and nothing is written that could be wrong.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_found_out_now_is_found_out_by_the_next_call() {
    let Some(place) = place().await else { return };
    let memory = MemoryStore::new();
    place.proxy.cut([Cut::Behind]);
    let call = || unretried("o".to_owned()).deps(place.deps.clone()).durable(&memory, "a");
    place.proxy.close().await;
    let unknown = call().await;
    assert!(matches!(unknown, Err(Error::Database { source: DatabaseError::Unknown { .. }, .. })), "{unknown:?}");
    place.proxy.open_again().await;
    call().await.unwrap();
    assert_eq!(place.deps.bodies.load(Ordering::SeqCst), 1);
    assert_eq!(orders(&place.deps.db).await, ["o"]);
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error("sold out")]
    SoldOut,
}

#[flow]
async fn sell(ctx: Ctx<Deps>, id: String) -> Result<(), Failure> {
    #[transaction(tx = ctx.deps.db, retry(max_attempts = 9, delay = "1ms", backoff = 1.0), compensate(
        run = {
            sqlx::query("insert into orders values ($1)").bind(format!("{id} 2 undone")).execute(&mut **tx).await?;
        },
        retry(max_attempts = 9, delay = "1ms", backoff = 1.0),
    ))]
    'book: {
        sqlx::query("insert into orders values ($1)").bind(format!("{id} 1 done")).execute(&mut **tx).await?;
    }
    Err(Failure::SoldOut)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compensation_whose_commit_was_lost_happens_once() {
    let Some(place) = place().await else { return };
    let (store, memory) = (place.schema.store().await, MemoryStore::new());
    let cuts = [Cut::Before, Cut::Behind];
    for (index, of_step) in cuts.into_iter().enumerate() {
        for (other, of_undoing) in cuts.into_iter().enumerate() {
            // One that did not come through is followed by one that does.
            place.proxy.cut([of_step]);
            if of_step == Cut::Before {
                place.proxy.cut([Cut::Behind]);
            }
            place.proxy.cut([of_undoing]);
            let id = format!("{index}{other}");
            for (name, elsewhere) in [("same", false), ("elsewhere", true)] {
                if elsewhere {
                    place.proxy.cut([of_step, of_undoing]);
                }
                let call = sell(format!("{name} {id}")).deps(place.deps.clone());
                let sold_out =
                    if elsewhere { call.durable(&memory, &*id).await } else { call.durable(&store, &*id).await };
                assert!(matches!(sold_out, Err(Error::Failed { error: Failure::SoldOut, .. })), "{sold_out:?}");
                assert_eq!(place.proxy.cuts_left(), 0);
            }
        }
    }
    let expected = ["elsewhere", "same"].into_iter().flat_map(|name| {
        ["00", "01", "10", "11"]
            .into_iter()
            .flat_map(move |id| ["1 done", "2 undone"].map(|what| format!("{name} {id} {what}")))
    });
    assert_eq!(orders(&place.deps.db).await, expected.collect::<Vec<_>>());
}

/// Dropped at any moment, and called again.
#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_is_dropped_anywhere_is_done_and_undone_once() {
    let Some(place) = place().await else { return };
    let (store, memory) = (place.schema.store().await, MemoryStore::new());
    for run in 0..4_u64 {
        for elsewhere in [false, true] {
            let id = format!("{run:02} {elsewhere}");
            for round in 0.. {
                let patience = Duration::from_micros(run * 1_700 + round * 7_000);
                let call = sell(id.clone()).deps(place.deps.clone());
                let call = if elsewhere { call.durable(&memory, &*id) } else { call.durable(&store, &*id) };
                match tokio::time::timeout(patience, call).await {
                    Ok(Err(Error::Failed { .. } | Error::JoinedFailed { .. })) => break,
                    Ok(other) => panic!("{other:?}"),
                    Err(_) => {}
                }
            }
        }
    }
    let expected = (0..4).flat_map(|run| {
        [false, true]
            .into_iter()
            .flat_map(move |other| ["1 done", "2 undone"].map(|what| format!("{run:02} {other} {what}")))
    });
    assert_eq!(orders(&place.deps.db).await, expected.collect::<Vec<_>>());
}
