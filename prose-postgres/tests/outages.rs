//! Cut connections, many that start at once, and hostile or heavy values, on a real server.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Schema, cut_off};
use prose::store::queue::Submitted;
use prose::store::{Commit, NewRun, Write};
use prose::{Beginning, Begun, Ctx, Database, Record, Store, StoreError, TransactionStep, flow};
use prose_postgres::{PostgresDatabase, PostgresStore};
use prose_store_tests::{json, new_run};
use sqlx::{Connection, PgConnection};

fn writing(seq: u64, name: &str, value: &str) -> Commit {
    Commit { writes: vec![Write { name: name.to_owned(), value: json(value) }], ..Commit::empty(seq) }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_whose_connections_are_cut_are_written_once() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url.clone());
    let (store, cutting) = cut_off(url, &schema).await;
    let runs = (0..8).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let run = new_run(&format!("run-{number}"));
            let lease = store.create(&run, Commit::empty(1)).await.unwrap();
            for seq in 2..=150 {
                store.commit(&lease, writing(seq, &format!("v{seq}"), &seq.to_string())).await.unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap();
    }
    assert!(cutting.await.unwrap() > 0, "no connection was cut");
    for number in 0..8 {
        let checkpoint = store.load(&format!("run-{number}")).await.unwrap().unwrap();
        assert_eq!(checkpoint.state.iter().count(), 149);
    }
}

/// Whoever gives it back lives on, and would hold it for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_be_given_back_is_given_back_later() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let (store, pool) = (schema.store().await, schema.pool(1));
    let lease = store.create(&new_run("a"), Commit::empty(1)).await.unwrap();
    // An error that no waiting helps against.
    sqlx::raw_sql("alter table runs rename to elsewhere").execute(&pool).await.unwrap();
    store.release(&lease);
    store.queue().released().await.unwrap_err();
    sqlx::raw_sql("alter table elsewhere rename to runs").execute(&pool).await.unwrap();
    let given_back = async {
        while sqlx::query_scalar::<_, Option<String>>("select owner from runs")
            .fetch_one(&pool)
            .await
            .unwrap()
            .is_some()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), given_back).await.expect("it is tried again");
}

/// Each is told that it is new, once, although the server may have said so before to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn submissions_whose_connections_are_cut_are_made_once() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url.clone());
    let (store, cutting) = cut_off(url, &schema).await;
    let submitting = (0..16).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            for turn in 0..150 {
                let run = NewRun { uid: format!("{number}-{turn}"), ..new_run(&format!("run-{number}-{turn}")) };
                assert_eq!(store.queue().submit(&run).await.unwrap(), Submitted::New);
                let again = NewRun { uid: "another".to_owned(), input: json("2"), ..run.clone() };
                let exists = Submitted::Exists { flow: run.flow, input: run.input };
                assert_eq!(store.queue().submit(&again).await.unwrap(), exists);
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        })
    });
    for submitted in submitting.collect::<Vec<_>>() {
        submitted.await.unwrap();
    }
    assert!(cutting.await.unwrap() > 0, "no connection was cut");
}

/// The first attempt at a batch was written, and its answer lost; the second one fails for one of the batch. So each is tried alone.
#[tokio::test]
async fn submissions_that_are_tried_alone_behind_a_lost_answer_are_new() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let (store, other, pool) = (schema.store().await, schema.store().await, schema.pool(1));
    let runs = ["a", "b"].map(|run_id| NewRun { uid: format!("uid-{run_id}"), ..new_run(run_id) });
    for run in &runs {
        assert_eq!(other.queue().submit(run).await.unwrap(), Submitted::New);
    }
    let failing = "create sequence attempts; create function fail() returns trigger language plpgsql as $$ begin \
            case nextval('attempts') \
                when 1 then raise sqlstate '08006' using message = 'its answer is lost'; \
                when 2 then raise sqlstate '22023' using message = 'one of them cannot be written'; \
                else null; \
            end case; \
            return null; \
        end $$; \
        create trigger fail before insert on runs execute function fail()";
    let failing = failing.replace("'attempts'", &format!("'{}.attempts'", schema.name));
    sqlx::raw_sql(sqlx::AssertSqlSafe(failing)).execute(&pool).await.unwrap();
    let (a, b) = tokio::join!(store.queue().submit(&runs[0]), store.queue().submit(&runs[1]));
    assert_eq!((a.unwrap(), b.unwrap()), (Submitted::New, Submitted::New));
    let attempts: i64 = sqlx::query_scalar("select last_value from attempts").fetch_one(&pool).await.unwrap();
    assert_eq!(attempts, 4, "twice together, and then each alone");
}

/// Somebody has deleted what belongs to it; others have nothing to do with that.
#[tokio::test(flavor = "multi_thread")]
async fn a_submission_of_a_run_without_details_is_an_error_of_its_own() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let (store, pool) = (schema.store().await, schema.pool(1));
    store.queue().submit(&new_run("torn")).await.unwrap();
    sqlx::raw_sql("delete from details").execute(&pool).await.unwrap();
    let (torn, whole) = (new_run("torn"), new_run("whole"));
    let submitting = async { tokio::join!(store.queue().submit(&torn), store.queue().submit(&whole)) };
    let (torn, whole) = tokio::time::timeout(Duration::from_secs(20), submitting).await.expect("it is asked for ever");
    assert!(matches!(&torn, Err(StoreError::Corrupt { key, .. }) if key.run_id == "torn"), "{torn:?}");
    assert_eq!(whole.unwrap(), Submitted::New);
}

/// Whoever waits is told, and whoever comes later.
#[test]
fn a_store_whose_runtime_has_ended_says_so() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let store = first.block_on(schema.store());
    let lease = first.block_on(store.create(&new_run("a"), Commit::empty(1))).unwrap();
    let released = first.block_on(store.create(&new_run("b"), Commit::empty(1))).unwrap();
    first.shutdown_background();
    second.block_on(async {
        store.release(&released);
        for _ in 0..2 {
            let (run, told) = (new_run("c"), Duration::from_secs(20));
            let submitted = tokio::time::timeout(told, store.queue().submit(&run)).await.expect("it says nothing");
            let committed = tokio::time::timeout(told, store.commit(&lease, Commit::empty(2))).await;
            let created = tokio::time::timeout(told, store.create(&new_run("d"), Commit::empty(1))).await;
            created.expect("it says nothing").unwrap_err();
            for refused in [submitted.unwrap_err(), committed.expect("it says nothing").unwrap_err()] {
                assert!(refused.to_string().contains("the runtime on which it was opened"), "{refused}");
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn many_instances_may_start_at_once_on_an_empty_database() {
    let Some(url) = common::url() else { return };
    let schema = std::sync::Arc::new(Schema::new(url));
    let starting = (0..6).map(|_| {
        let schema = schema.clone();
        tokio::spawn(async move { schema.store().await })
    });
    let mut stores = Vec::new();
    for started in starting.collect::<Vec<_>>() {
        stores.push(started.await.unwrap());
    }
    let lease = stores[0].create(&new_run("a"), Commit::empty(1)).await.unwrap();
    stores[0].commit(&lease, Commit::empty(2)).await.unwrap();
    assert!(stores[5].load("a").await.unwrap().is_some());
    assert!(matches!(stores[5].delete("a").await, Err(StoreError::Busy(_))), "another instance holds it");
}

#[tokio::test(flavor = "multi_thread")]
async fn nul_characters_and_fifty_megabytes_just_work() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let heavy = serde_json::to_string(&"x".repeat(50 << 20)).unwrap();
    let run = NewRun { input: json(r#"{"a":"\u0000"}"#), ..new_run("nul \0 in its name") };
    let lease = store.create(&run, Commit::empty(1)).await.unwrap();
    store.commit(&lease, writing(2, "heavy", &heavy)).await.unwrap();
    let checkpoint = store.load("nul \0 in its name").await.unwrap().unwrap();
    assert_eq!(checkpoint.input.as_str(), r#"{"a":"\u0000"}"#);
    assert_eq!(checkpoint.state.get("heavy").unwrap().as_str().len(), heavy.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_says_what_to_do() {
    let Some(url) = common::url() else { return };
    let elsewhere = url.rsplit_once('/').unwrap().0.to_owned() + "/there_is_no_such_database";
    let missing = PostgresStore::connect(elsewhere).await.unwrap_err().to_string();
    assert!(missing.contains("does not have that database") && missing.contains("createdb"), "{missing}");
    let with_password = url.replacen("//postgres@", "//postgres:secret-of-the-test@", 1);
    let schema_of_it = Schema::new(url.clone());
    let store = PostgresStore::builder(with_password).schema(&schema_of_it.name).connect().await.unwrap();
    assert!(!format!("{store:?}").contains("secret-of-the-test"));
    let separator = if url.contains('?') { '&' } else { '?' };
    let read_only = format!("{url}{separator}options=-c%20default_transaction_read_only%3Don");
    let schema = Schema::new(url);
    let refused = PostgresStore::builder(read_only).schema(&schema.name).connect().await.unwrap_err().to_string();
    assert!(refused.contains("read-only"), "{refused}");
}

struct Deps {
    db: PostgresDatabase,
}

#[flow]
async fn through_an_outage(ctx: Ctx<Deps>, run: u64) -> Result<(), sqlx::Error> {
    for number in 0..10_u64 {
        #[transaction(tx = ctx.deps.db, retry(max_attempts = 20, delay = "200ms", backoff = 1.0))]
        'insert: {
            sqlx::query("insert into orders values ($1)").bind(format!("{run} {number}")).execute(&mut **tx).await?;
        }
        #[step]
        'pause: {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

/// Killed, as a crash would, and started again ten seconds later, in the middle of a hundred runs.
#[tokio::test(flavor = "multi_thread")]
async fn runs_and_their_transactions_go_on_when_the_server_is_back() {
    let Some(server) = prose_test_servers::private_postgres() else { return };
    let schema = Schema::new(server.url().to_owned());
    let store = schema.store().await;
    let db = schema.database().await;
    let deps = Arc::new(Deps { db: db.clone() });
    let calls = (0..100).map(|run| {
        let (store, deps) = (store.clone(), deps.clone());
        tokio::spawn(async move { through_an_outage(run).deps(deps).durable(&store, format!("run-{run}")).await })
    });
    let calls: Vec<_> = calls.collect();
    while common::orders(&db).await.len() < 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.kill();
    tokio::time::sleep(Duration::from_secs(10)).await;
    server.start();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let mut expected: Vec<_> = (0..100).flat_map(|run| (0..10).map(move |number| format!("{run} {number}"))).collect();
    expected.sort();
    let mut found = common::orders(&db).await;
    found.sort();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_on_a_read_only_server_and_a_heavy_one() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let (store, db) = (schema.store().await, schema.database().await);
    let read_only = schema.options().options([("default_transaction_read_only", "on")]);
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect_lazy_with(read_only);
    let deps = Arc::new(Deps { db: PostgresDatabase::new(pool) });
    let refused = through_an_outage(1).deps(deps).durable(&store, "a").await.unwrap_err();
    assert!(format!("{refused:?}").contains("read-only"), "{refused:?}");
    let lease = store.create(&new_run("heavy"), Commit::empty(1)).await.unwrap();
    let heavy = writing(2, "heavy", &serde_json::to_string(&format!("\0{}", "x".repeat(50 << 20))).unwrap());
    let step = Some(TransactionStep { store: &store, uid: "u", name: "s" });
    let Begun::Open(open) = db.begin(Beginning { step, isolation: None }).await.unwrap() else { panic!() };
    db.commit(open, Some(Record::Commit { lease: &lease, commit: &heavy })).await.unwrap();
    let checkpoint = store.load("heavy").await.unwrap().unwrap();
    assert_eq!(checkpoint.state.get("heavy"), Some(&heavy.writes[0].value));
}

/// On a server that asks for passwords, and by a user who may do nothing yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_missing_rights_say_what_to_do() {
    let Some(server) = prose_test_servers::private_postgres() else { return };
    let mut admin = PgConnection::connect(server.url()).await.unwrap();
    let file: String = sqlx::query_scalar("show hba_file").fetch_one(&mut admin).await.unwrap();
    let rules = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("host all shop 127.0.0.1/32 scram-sha-256\n{rules}")).unwrap();
    sqlx::raw_sql("create role shop login password 'right'; select pg_reload_conf()")
        .execute(&mut admin)
        .await
        .unwrap();
    let of = |password: &str| server.url().replace("postgres@", &format!("shop:{password}@"));

    let refused = async {
        loop {
            match PostgresStore::connect(of("wr%2Fong")).await {
                Err(error) if error.to_string().contains("refuses this user") => break error.to_string(),
                // The rules are not read again yet: this user may come in, and do nothing.
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let refused = tokio::time::timeout(Duration::from_secs(60), refused).await.unwrap();
    assert!(refused.contains("password") && !refused.contains("ong"), "{refused}");

    let refused = PostgresStore::connect(of("right")).await.unwrap_err().to_string();
    assert!(
        refused.contains("refuses what a store needs") && refused.contains("grant create on database"),
        "{refused}"
    );
    sqlx::raw_sql("grant create on database postgres to shop").execute(&mut admin).await.unwrap();
    let store = PostgresStore::connect(of("right")).await.unwrap();
    store.create(&new_run("a"), Commit::empty(1)).await.unwrap();
}
