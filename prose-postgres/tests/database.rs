//! Transactions in the store's own database: the body's rows and the step's record are one.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::{Role, Schema, orders};
use futures_util::future::poll_immediate;
use prose::store::{Commit, DueRequest, Ending, Lease, Write};
use prose::{
    Beginning, Begun, Ctx, Database, DatabaseError, Error, Isolation, Record, Status, Store, TransactionStep, flow,
};
use prose_postgres::{OpenTransaction, PostgresDatabase, PostgresStore};
use prose_store_tests::{json, new_run, request};

struct Shop {
    store: PostgresStore,
    db: PostgresDatabase,
    schema: Schema,
}

async fn shop() -> Option<Shop> {
    let schema = Schema::new(common::url()?);
    let store = schema.store().await;
    let db = schema.database().await;
    Some(Shop { store, db, schema })
}

impl Shop {
    async fn begin(&self) -> OpenTransaction {
        self.begin_at(None).await
    }

    async fn begin_at(&self, isolation: Option<Isolation>) -> OpenTransaction {
        let step = Some(TransactionStep { store: &self.store, uid: "uid", name: "step" });
        match self.db.begin(Beginning { step, isolation }).await.unwrap() {
            Begun::Open(open) => open,
            other => panic!("the store is in the same database: {other:?}"),
        }
    }

    async fn run(&self, run_id: &str) -> Lease {
        self.store.create(&new_run(run_id), Commit::empty(1)).await.unwrap()
    }

    async fn commit(&self, open: OpenTransaction, lease: &Lease, seq: u64) -> Result<(), DatabaseError> {
        self.db.commit(open, Some(Record::Commit { lease, commit: &writing(seq) })).await
    }

    async fn last_written(&self, run_id: &str) -> u64 {
        let checkpoint = self.store.load(run_id).await.unwrap().unwrap();
        checkpoint.state.get("last").map_or(0, |value| value.decode().unwrap())
    }
}

/// A commit that writes its own seq.
fn writing(seq: u64) -> Commit {
    Commit { writes: vec![Write { name: "last".to_owned(), value: json(&seq.to_string()) }], ..Commit::empty(seq) }
}

async fn execute(open: &mut OpenTransaction, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(&mut **PostgresDatabase::tx(open)).await.map(drop)
}

async fn insert(open: &mut OpenTransaction, id: &str) {
    sqlx::query("insert into orders values ($1)").bind(id).execute(&mut **PostgresDatabase::tx(open)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_record_are_committed_together() {
    let Some(shop) = shop().await else { return };
    let lease = shop.run("a").await;
    for (index, isolation) in
        [None, Some(Isolation::ReadCommitted), Some(Isolation::RepeatableRead), Some(Isolation::Serializable)]
            .into_iter()
            .enumerate()
    {
        let seq = index as u64 + 2;
        let mut open = shop.begin_at(isolation).await;
        insert(&mut open, &format!("o{seq}")).await;
        assert_eq!(orders(&shop.db).await.len(), index, "nobody sees it yet");
        shop.commit(open, &lease, seq).await.unwrap();
        assert_eq!((orders(&shop.db).await.len(), shop.last_written("a").await), (index + 1, seq));
    }
    shop.store.commit(&lease, writing(6)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_may_end_the_run() {
    let Some(shop) = shop().await else { return };
    let lease = shop.run("a").await;
    let commit = Commit { ending: Some(Ending::Completed { output: json("1") }), ..Commit::empty(2) };
    shop.db.commit(shop.begin().await, Some(Record::Commit { lease: &lease, commit: &commit })).await.unwrap();
    assert_eq!(shop.store.load("a").await.unwrap().unwrap().status, Status::Completed);
    assert!(shop.store.delete("a").await.unwrap(), "nobody holds it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_record_rolls_the_rows_back() {
    let Some(shop) = shop().await else { return };
    let old = shop.run("a").await;
    let before = shop.begin_at(Some(Isolation::RepeatableRead)).await;
    let mut snapshot = before;
    insert(&mut snapshot, "o1").await;
    shop.store.release(&old);
    let new = loop {
        match shop.store.claim(&request("a")).await.unwrap() {
            prose::store::Claim::Claimed(run) => break run.lease,
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    let error = shop.commit(snapshot, &old, 2).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Fenced), "of a snapshot from before the claim: {error}");
    for (lease, seq, isolation) in [
        (&old, 3, None),
        (&new, 2, None),
        (&old, 3, Some(Isolation::RepeatableRead)),
        (&old, 3, Some(Isolation::Serializable)),
    ] {
        let mut open = shop.begin_at(isolation).await;
        insert(&mut open, "o1").await;
        let error = shop.commit(open, lease, seq).await.unwrap_err();
        assert!(matches!(error, DatabaseError::Fenced), "{error}");
    }
    assert_eq!((orders(&shop.db).await.len(), shop.last_written("a").await), (0, 0));
    shop.commit(shop.begin().await, &new, 3).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_waits_for_a_transaction_that_has_written_its_record() {
    let Some(shop) = shop().await else { return };
    let lease = shop.run("a").await;
    // What `commit` does in front of COMMIT, held up there.
    let mut open = shop.begin().await;
    let lock = format!("select from {}.runs where run = {} for share", shop.schema.name, lease.row);
    sqlx::raw_sql(sqlx::AssertSqlSafe(lock)).execute(&mut **PostgresDatabase::tx(&mut open)).await.unwrap();
    let mut reclaiming = shop.store.reclaim(&lease, 2);
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut reclaiming).await.is_err(), "it waits");
    shop.commit(open, &lease, 2).await.unwrap();
    let reclaimed = reclaiming.await.unwrap();
    assert_eq!((reclaimed.committed, reclaimed.seq), (true, 2));
    let stale = shop.begin().await;
    assert!(matches!(shop.commit(stale, &lease, 3).await, Err(DatabaseError::Fenced)));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_store_it_is_a_transaction_as_any_other() {
    let Some(shop) = shop().await else { return };
    let Begun::Open(mut open) = shop.db.begin(Beginning::default()).await.unwrap() else { panic!("no store") };
    insert(&mut open, "o1").await;
    shop.db.commit(open, None).await.unwrap();
    assert_eq!(orders(&shop.db).await, ["o1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_beginnings_and_transactions_leave_nothing_open() {
    let Some(shop) = shop().await else { return };
    let pool = shop.schema.pool(1);
    let db = PostgresDatabase::new(pool.clone());
    for round in 0..100 {
        let beginning = db.begin(Beginning::default());
        if let Ok(begun) = tokio::time::timeout(Duration::from_micros(round * 20), beginning).await
            && let Begun::Open(mut open) = begun.unwrap()
        {
            insert(&mut open, "o1").await;
        }
        // Were a transaction left open, it would be one with the next one.
        sqlx::query("insert into orders values ('own')").execute(&pool).await.unwrap();
    }
    assert_eq!(orders(&shop.db).await, vec!["own"; 100]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_commit_goes_on() {
    let Some(shop) = shop().await else { return };
    let lease = shop.run("a").await;
    for seq in 2..20 {
        let mut open = shop.begin().await;
        insert(&mut open, &seq.to_string()).await;
        let _most_are_on_their_way = poll_immediate(shop.commit(open, &lease, seq)).await;
        while shop.last_written("a").await < seq {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    assert_eq!(orders(&shop.db).await.len(), 18);
}

/// What the body has committed by itself is its own affair; nothing of the record is.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_ends_the_transaction_is_found_out() {
    let Some(shop) = shop().await else { return };
    let lease = shop.run("a").await;
    let attempts = [
        "commit",
        "rollback",
        "commit; begin",
        "rollback; insert into orders values ('own')",
        "commit and chain",
        "end",
    ];
    for statements in attempts {
        for with_record in [true, false] {
            let mut open = shop.begin().await;
            execute(&mut open, statements).await.unwrap();
            let committed = match with_record {
                true => shop.commit(open, &lease, 2).await,
                false => shop.db.commit(open, None).await,
            };
            let error = committed.unwrap_err();
            assert!(matches!(error, DatabaseError::EndedByBody), "{statements}: {error}");
            assert_eq!(shop.last_written("a").await, 0, "{statements}");
        }
    }
    let mut open = shop.begin().await;
    execute(&mut open, "savepoint mine; insert into orders values ('never'); rollback to mine; release mine")
        .await
        .unwrap();
    std::mem::forget(sqlx::Connection::begin(&mut **PostgresDatabase::tx(&mut open)).await.unwrap());
    insert(&mut open, "o1").await;
    shop.commit(open, &lease, 2).await.unwrap();
    assert_eq!(orders(&shop.db).await, ["o1", "own", "own"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_passes_over_an_error_is_rolled_back() {
    let Some(shop) = shop().await else { return };
    let lease = shop.run("a").await;
    for with_record in [true, false] {
        let mut open = shop.begin().await;
        insert(&mut open, "o1").await;
        execute(&mut open, "select 1 / 0").await.unwrap_err();
        let committed = match with_record {
            true => shop.commit(open, &lease, 2).await,
            false => shop.db.commit(open, None).await,
        };
        let error = committed.unwrap_err().to_string();
        assert!(error.contains("a statement of the body has failed"), "{error}");
    }
    assert_eq!(orders(&shop.db).await.len(), 0);
}

/// A deferred constraint fails in COMMIT itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_commit_leaves_the_connection_usable() {
    let Some(shop) = shop().await else { return };
    let tables = "create table parents (id text primary key);
        create table lines (of text references parents (id) deferrable initially deferred)";
    sqlx::raw_sql(tables).execute(shop.db.pool()).await.unwrap();
    let lease = shop.run("a").await;
    for _ in 0..10 {
        let mut open = shop.begin().await;
        execute(&mut open, "insert into lines values ('no such order')").await.unwrap();
        let error = shop.commit(open, &lease, 2).await.unwrap_err();
        assert!(matches!(error, DatabaseError::Failed { .. }), "{error}");
        assert_eq!(shop.last_written("a").await, 0);
    }
    shop.commit(shop.begin().await, &lease, 2).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_transaction_is_ended_before_the_lease_is_over() {
    let Some(shop) = shop().await else { return };
    let store = shop.schema.builder().lease(Duration::from_millis(400)).connect().await.unwrap();
    let lease = store.create(&new_run("a"), Commit::empty(1)).await.unwrap();
    let step = Some(TransactionStep { store: &store, uid: "uid", name: "step" });
    let Begun::Open(mut open) = shop.db.begin(Beginning { step, isolation: None }).await.unwrap() else { panic!() };
    insert(&mut open, "o1").await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let error = shop.commit(open, &lease, 2).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Failed { .. }) && error.to_string().contains("127.0.0.1"), "{error}");
    assert_eq!(orders(&shop.db).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_does_not_wait_for_the_disk_does_so_in_a_transaction() {
    let Some(shop) = shop().await else { return };
    let options = shop.schema.options().options([("synchronous_commit", "off")]);
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(2).connect_lazy_with(options);
    let db = PostgresDatabase::new(pool);
    let step = Some(TransactionStep { store: &shop.store, uid: "uid", name: "step" });
    let Begun::Open(mut open) = db.begin(Beginning { step, isolation: None }).await.unwrap() else { panic!() };
    let tx = PostgresDatabase::tx(&mut open);
    let mode: String = sqlx::query_scalar("show synchronous_commit").fetch_one(&mut **tx).await.unwrap();
    assert_eq!(mode, "on");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exhausted_pool_says_so() {
    let Some(shop) = shop().await else { return };
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(300));
    let db = PostgresDatabase::new(pool.connect_lazy_with(shop.schema.options()));
    let open = db.begin(Beginning::default()).await.unwrap();
    let error = db.begin(Beginning::default()).await.unwrap_err().to_string();
    assert!(error.contains("no connection of the pool became free") && error.contains("max_connections"), "{error}");
    drop(open);
    db.begin(Beginning::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_without_rights_on_the_store_says_what_to_grant() {
    let Some(shop) = shop().await else { return };
    let role = Role::new(&shop.schema.url).await;
    let (user, schema) = (&role.name, &shop.schema.name);
    let db = PostgresDatabase::new(role.pool(&shop.schema));
    assert!(!format!("{db:?}").contains(Role::PASSWORD));
    let step = Some(TransactionStep { store: &shop.store, uid: "uid", name: "step" });
    let lease = shop.run("a").await;
    let blind = db.begin(Beginning { step, isolation: None }).await.unwrap_err().to_string();
    assert!(blind.contains("grant usage on schema") && !blind.contains(Role::PASSWORD), "{blind}");
    role.as_owner(&format!("grant usage on schema {schema} to {user}")).await;
    role.as_owner(&format!("grant select on all tables in schema {schema} to {user}")).await;
    let Begun::Open(open) = db.begin(Beginning { step, isolation: None }).await.unwrap() else { panic!() };
    let error = db.commit(open, Some(Record::Commit { lease: &lease, commit: &writing(2) })).await.unwrap_err();
    assert!(error.to_string().contains("grant select, insert, update"), "{error}");
    role.as_owner(&format!("grant select, insert, update on all tables in schema {schema} to {user}")).await;
    let Begun::Open(open) = db.begin(Beginning { step, isolation: None }).await.unwrap() else { panic!() };
    db.commit(open, Some(Record::Commit { lease: &lease, commit: &writing(2) })).await.unwrap();
}

struct Deps {
    db: PostgresDatabase,
    bodies: AtomicU32,
}

fn deps(shop: &Shop) -> Arc<Deps> {
    Arc::new(Deps { db: shop.db.clone(), bodies: AtomicU32::new(0) })
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error("not today")]
    NotToday,
}

#[flow]
async fn order(ctx: Ctx<Deps>, id: String) -> Result<u32, Failure> {
    #[transaction(tx = ctx.deps.db)]
    let bodies: u32 = {
        sqlx::query("insert into orders values ($1)").bind(&id).execute(&mut **tx).await?;
        ctx.deps.bodies.fetch_add(1, Ordering::SeqCst) + 1
    };
    #[step]
    'behind: {
        if id == "fails" && bodies < 2 && ctx.attempt() == 1 && !ctx.is_resuming() {
            return Err(Failure::NotToday);
        }
    }
    Ok(bodies)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committed_transaction_never_runs_again() {
    let Some(shop) = shop().await else { return };
    let deps = deps(&shop);
    let failed = order("fails".to_owned()).deps(deps.clone()).durable(&shop.store, "a").await;
    assert!(matches!(failed, Err(Error::Failed { .. })), "{failed:?}");
    let given = order("fails".to_owned()).deps(deps.clone()).durable(&shop.store, "a").await.unwrap();
    assert_eq!((given, orders(&shop.db).await), (1, vec!["fails".to_owned()]));
    assert_eq!(order("o2".to_owned()).deps(deps).await.unwrap(), 2, "and without a store");
}

#[flow]
async fn slow(ctx: Ctx<Deps>, id: String) -> Result<(), sqlx::Error> {
    #[transaction(tx = ctx.deps.db, timeout = "2s")]
    'insert: {
        sqlx::query("insert into orders values ($1)").bind(&id).execute(&mut **tx).await?;
        if ctx.deps.bodies.fetch_add(1, Ordering::SeqCst) == 0 {
            sqlx::query("select pg_sleep(4)").execute(&mut **tx).await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_times_out_is_rolled_back() {
    let Some(shop) = shop().await else { return };
    let deps = deps(&shop);
    let timed_out = slow("o1".to_owned()).deps(deps.clone()).durable(&shop.store, "a").await;
    assert!(matches!(timed_out, Err(Error::StepTimeout { .. })), "{timed_out:?}");
    slow("o1".to_owned()).deps(deps).durable(&shop.store, "a").await.unwrap();
    // Longer than the first body's statement would have taken.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(orders(&shop.db).await, ["o1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_is_dropped_in_a_body_is_rolled_back() {
    let Some(shop) = shop().await else { return };
    let deps = deps(&shop);
    let call = slow("o1".to_owned()).deps(deps.clone()).durable(&shop.store, "a");
    let in_the_body = async {
        while deps.bodies.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        outcome = call => panic!("it sleeps in its body: {outcome:?}"),
        () = in_the_body => {}
    }
    assert_eq!(orders(&shop.db).await.len(), 0);
    slow("o1".to_owned()).deps(deps).durable(&shop.store, "a").await.unwrap();
    assert_eq!(orders(&shop.db).await, ["o1"]);
}

#[flow]
async fn ends(ctx: Ctx<Deps>, statement: String) -> Result<(), sqlx::Error> {
    #[transaction(tx = ctx.deps.db)]
    'insert: {
        if ctx.deps.bodies.fetch_add(1, Ordering::SeqCst) == 0 {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut **tx).await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_body_ends_its_transaction_can_be_called_again() {
    let Some(shop) = shop().await else { return };
    for statement in ["commit", "rollback"] {
        let deps = deps(&shop);
        let ended = ends(statement.to_owned()).deps(deps.clone()).durable(&shop.store, statement).await;
        let Err(error @ Error::Database { source: DatabaseError::EndedByBody, .. }) = ended else {
            panic!("{ended:?}")
        };
        assert!(format!("{error:?}").contains("EndedByBody"));
        ends(statement.to_owned()).deps(deps).durable(&shop.store, statement).await.unwrap();
    }
}

#[flow]
async fn isolated(ctx: Ctx<Deps>, _input: ()) -> Result<(String, String, String), sqlx::Error> {
    #[transaction(tx = ctx.deps.db, isolation = "read committed")]
    let weak: String = sqlx::query_scalar("show transaction_isolation").fetch_one(&mut **tx).await?;
    #[transaction(tx = ctx.deps.db, isolation = "repeatable read")]
    let middle: String = sqlx::query_scalar("show transaction_isolation").fetch_one(&mut **tx).await?;
    #[transaction(tx = ctx.deps.db, isolation = "serializable")]
    let strong: String = sqlx::query_scalar("show transaction_isolation").fetch_one(&mut **tx).await?;
    Ok((weak, middle, strong))
}

#[tokio::test(flavor = "multi_thread")]
async fn isolation_levels_are_in_force() {
    let Some(shop) = shop().await else { return };
    let (weak, middle, strong) = isolated(()).deps(deps(&shop)).durable(&shop.store, "a").await.unwrap();
    assert_eq!(
        (weak.as_str(), middle.as_str(), strong.as_str()),
        ("read committed", "repeatable read", "serializable")
    );
}

/// Each reads what the others write: as if one after the other, or not at all.
#[flow]
async fn counted(ctx: Ctx<Deps>, id: String) -> Result<(), sqlx::Error> {
    #[transaction(tx = ctx.deps.db, isolation = "serializable", retry(max_attempts = 60, delay = "20ms", backoff = 1.0, jitter = true))]
    'count: {
        ctx.deps.bodies.fetch_add(1, Ordering::SeqCst);
        let count: i64 = sqlx::query_scalar("select count(*) from orders").fetch_one(&mut **tx).await?;
        tokio::time::sleep(Duration::from_millis(5)).await;
        sqlx::query("insert into orders values ($1)").bind(format!("{count:02} {id}")).execute(&mut **tx).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn serialization_failures_are_retried() {
    let Some(shop) = shop().await else { return };
    let deps = deps(&shop);
    let calls = (0..6).map(|number| {
        let (store, deps) = (shop.store.clone(), deps.clone());
        tokio::spawn(
            async move { counted(number.to_string()).deps(deps).durable(&store, format!("run-{number}")).await },
        )
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    let counts: Vec<_> = orders(&shop.db).await.iter().map(|order| order[..2].parse::<usize>().unwrap()).collect();
    assert_eq!(counts, (0..6).collect::<Vec<_>>());
    assert!(deps.bodies.load(Ordering::SeqCst) > 6, "none has failed");
}

/// Transactions of different runs whose bodies touch nothing in common do not fail by their records.
#[tokio::test(flavor = "multi_thread")]
async fn serializable_transactions_are_not_in_the_way_of_one_another_by_their_records() {
    let Some(shop) = shop().await else { return };
    let (first, second) = (shop.run("a").await, shop.run("b").await);
    for seq in 2..12 {
        let mut one = shop.begin_at(Some(Isolation::Serializable)).await;
        let mut two = shop.begin_at(Some(Isolation::Serializable)).await;
        insert(&mut one, "o").await;
        insert(&mut two, "o").await;
        let (one, two) = tokio::join!(shop.commit(one, &first, seq), shop.commit(two, &second, seq));
        one.unwrap();
        two.unwrap();
    }
}

fn event(id: &str) -> prose::store::Outgoing {
    let text = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"test","type":"tested","time":"2026-02-28T10:00:00Z","data":null}}"#
    );
    prose::store::Outgoing { channel: "orders".to_owned(), event: serde_json::from_str(&text).unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_committed_with_the_rows_or_not_at_all() {
    let Some(shop) = shop().await else { return };
    let lease = shop.run("a").await;
    let publishing = |seq| Commit { events: vec![event("1"), event("2")], ..writing(seq) };
    let fenced = shop.begin().await;
    let stale = Lease { epoch: 7, ..lease.clone() };
    let record = Record::Commit { lease: &stale, commit: &publishing(2) };
    shop.db.commit(fenced, Some(record)).await.unwrap_err();
    let mut ended = shop.begin().await;
    execute(&mut ended, "commit").await.unwrap();
    let record = Record::Commit { lease: &lease, commit: &publishing(2) };
    shop.db.commit(ended, Some(record)).await.unwrap_err();
    assert_eq!(shop.store.outbox().due(&DueRequest { limit: 10, ..DueRequest::default() }).await.unwrap().unwrap(), []);
    let ending = Some(Ending::Completed { output: json("1") });
    for (seq, isolation, ending) in [(2, None, None), (3, Some(Isolation::Serializable), ending)] {
        let open = shop.begin_at(isolation).await;
        let commit = Commit { ending, ..publishing(seq) };
        shop.db.commit(open, Some(Record::Commit { lease: &lease, commit: &commit })).await.unwrap();
    }
    let due = shop.store.outbox().due(&DueRequest { limit: 10, ..DueRequest::default() }).await.unwrap().unwrap();
    assert_eq!(due.iter().map(|due| due.event.id.as_str()).collect::<Vec<_>>(), ["1", "2", "1", "2"]);
}

#[derive(serde::Serialize, prose::Event)]
#[event(type = "order.placed")]
struct Placed {
    id: String,
}

#[flow]
async fn publishes(ctx: Ctx<Deps>, id: String) -> Result<(), sqlx::Error> {
    #[transaction(tx = ctx.deps.db)]
    'insert: {
        sqlx::query("insert into orders values ($1)").bind(&id).execute(&mut **tx).await?;
    }
    #[event("orders")]
    Placed { id: id.clone() };
    #[transaction(tx = ctx.deps.db)]
    'insert_again: {
        sqlx::query("insert into orders values ($1)").bind(&id).execute(&mut **tx).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_publishes_what_flows_with_transactions_have_committed() {
    let Some(shop) = shop().await else { return };
    let broker = prose::MemoryPublisher::new();
    let relay = prose::Relay::start(&shop.store, broker.clone());
    for id in ["a", "b", "a"] {
        publishes(id.to_owned()).deps(deps(&shop)).durable(&shop.store, id).await.unwrap();
    }
    relay.stop().await;
    let published = broker.published();
    assert_eq!(published.iter().map(|(_, event)| event.id.as_str()).collect::<Vec<_>>(), ["a:orders", "b:orders"]);
    assert_eq!(shop.store.outbox().due(&DueRequest { limit: 10, ..DueRequest::default() }).await.unwrap().unwrap(), []);
}
