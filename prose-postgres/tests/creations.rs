//! Runs that are created at once travel together, and each has an answer of its own.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use common::proxy::Proxy;
use common::{Schema, cut_off};
use prose::store::queue::{ClaimDue, Fit};
use prose::store::signals::NewSignal;
use prose::store::{Commit, Ending, Lease, NewRun, Write};
use prose::{Store, StoreError};
use prose_postgres::PostgresStore;
use prose_store_tests::{json, new_run};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinHandle;

const RUNS: usize = 60;

fn first(number: usize) -> Commit {
    Commit { writes: vec![Write { name: "number".to_owned(), value: json(&number.to_string()) }], ..Commit::empty(1) }
}

fn create(store: &PostgresStore, run: NewRun, first: Commit) -> JoinHandle<Result<Lease, StoreError>> {
    let store = store.clone();
    tokio::spawn(async move { store.create(&run, first).await })
}

fn named(number: usize) -> NewRun {
    NewRun {
        uid: uuid::Uuid::new_v4().to_string(),
        input: json(&number.to_string()),
        ..new_run(&format!("run-{number}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_created_at_once_travels_together() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let creating: Vec<_> = (0..RUNS).map(|number| create(&store, named(number), first(number))).collect();
    let mut leases = Vec::new();
    for creating in creating {
        leases.push(creating.await.unwrap().unwrap());
    }
    let counting = sqlx::query_scalar("select count(distinct xmin::text) from runs");
    let transactions: i64 = counting.fetch_one(&schema.pool(1)).await.unwrap();
    assert!(transactions < RUNS as i64 / 2, "{RUNS} runs by {transactions} transactions");
    for (number, lease) in leases.iter().enumerate() {
        let checkpoint = store.load(&lease.key.run_id).await.unwrap().unwrap();
        assert_eq!(checkpoint.run_id, format!("run-{number}"));
        assert_eq!(checkpoint.input.as_str(), number.to_string());
        assert_eq!(checkpoint.state.get("number").unwrap().as_str(), number.to_string());
        store.commit(lease, Commit::empty(2)).await.unwrap();
    }
}

/// Whichever way round their names come.
#[tokio::test(flavor = "multi_thread")]
async fn what_two_create_at_once_is_created_once() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let (here, there) = (schema.store().await, schema.store().await);
    for _ in 0..8 {
        let one: Vec<_> = (0..RUNS).map(|number| create(&here, named(number), first(number))).collect();
        let other: Vec<_> = (0..RUNS).rev().map(|number| create(&there, named(number), first(number))).collect();
        for (one, other) in one.into_iter().zip(other.into_iter().rev()) {
            let (one, other) = (one.await.unwrap(), other.await.unwrap());
            let (store, lease) = match (one, other) {
                (Ok(lease), Err(StoreError::Exists(key))) if key == lease.key => (&here, lease),
                (Err(StoreError::Exists(key)), Ok(lease)) if key == lease.key => (&there, lease),
                both => panic!("{both:?}"),
            };
            let ending = Some(Ending::Completed { output: json("1") });
            store.commit(&lease, Commit { ending, ..Commit::empty(2) }).await.unwrap();
            store.delete(&lease.key.run_id).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_written_fails_alone() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    // Behind the last instant that Postgres knows.
    let never = SystemTime::UNIX_EPOCH + Duration::from_secs(20_000_000_000_000);
    let creating: Vec<_> = (0..RUNS)
        .map(|number| match number % 20 {
            7 => create(&store, NewRun { created_at: never, ..named(number) }, first(number)),
            _ => create(&store, named(number), first(number)),
        })
        .collect();
    for (number, creating) in creating.into_iter().enumerate() {
        assert_eq!(creating.await.unwrap().is_err(), number % 20 == 7, "{number}");
    }
}

/// What was sent to them before, for a while, is theirs for good.
#[tokio::test(flavor = "multi_thread")]
async fn early_signals_become_those_of_the_runs() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let while_it_lasts = Duration::from_secs(3);
    for number in 0..RUNS {
        let run = named(number);
        let signal = NewSignal {
            key: run.key,
            flow: run.flow,
            name: "approval".to_owned(),
            id: None,
            payload: json("true"),
            keep_for: Some(while_it_lasts),
        };
        store.signals().send(&signal).await.unwrap();
    }
    let creating: Vec<_> = (0..RUNS).map(|number| create(&store, named(number), first(number))).collect();
    let mut leases = Vec::new();
    for creating in creating {
        leases.push(creating.await.unwrap().unwrap());
    }
    tokio::time::sleep(while_it_lasts).await;
    for lease in &leases {
        let ending = Ending::Waiting { until: None, signal: Some("approval".to_owned()), children: 0 };
        store.commit(lease, Commit { ending: Some(ending), ..Commit::empty(2) }).await.unwrap();
    }
    let request = ClaimDue { flows: vec![new_run("").flow], limit: 100, blocked: false };
    let due = store.queue().claim_due(&request, Arc::new(|_| Fit::Yes)).await.unwrap();
    assert_eq!(due.runs.len(), RUNS);
}

/// Each is told that it was created, once, although the server may have said so before to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn creations_whose_connections_are_cut_are_made_once() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url.clone());
    let (store, cutting) = cut_off(url, &schema).await;
    many_callers(&store).await;
    assert!(cutting.await.unwrap() > 0, "no connection was cut");
}

/// The server has created them, and it is found out whose they are.
#[tokio::test(flavor = "multi_thread")]
async fn creations_and_commits_whose_answers_are_lost_are_made_once() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let proxy = Proxy::before(&schema.options()).await;
    let options = proxy.through(PgConnectOptions::from_str(&schema.url).unwrap());
    let builder = PostgresStore::builder(options.to_url_lossy().to_string()).schema(&schema.name);
    let store = builder.max_connections(4).connect().await.unwrap();
    proxy.lose(20);
    many_callers(&store).await;
    assert_eq!(proxy.answers_left_to_lose(), 0);
}

/// Creates many runs at once, and each of them a second time.
async fn many_callers(store: &PostgresStore) {
    let creating = (0..16).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            for turn in 0..80 {
                let run = named(caller * 1_000 + turn);
                let lease = store.create(&run, first(turn)).await.unwrap();
                let again = store.create(&NewRun { uid: "another".to_owned(), ..run }, first(turn)).await;
                assert!(matches!(again, Err(StoreError::Exists(_))), "{again:?}");
                store.commit(&lease, Commit::empty(2)).await.unwrap();
            }
        })
    });
    for created in creating.collect::<Vec<_>>() {
        created.await.unwrap();
    }
    for caller in 0..16 {
        for turn in 0..80 {
            let run_id = format!("run-{}", caller * 1_000 + turn);
            assert!(store.load(&run_id).await.unwrap().is_some(), "{run_id}");
        }
    }
}
