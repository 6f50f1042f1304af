//! Real processes that are killed and stopped.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]
#![cfg(unix)]

mod common;

use std::time::Duration;

use common::Schema;
use prose::store::{Claim, Commit, DueRequest, Lease, RunKey};
use prose::{Store, StoreError};
use prose_postgres::PostgresStore;
use prose_store_tests::process::{Other, Signal, part, say};
use prose_store_tests::{new_run, request};

const LEASE: Duration = Duration::from_millis(1_500);

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((part, place)) = part() else { return };
    let (schema, url) = place.split_once(' ').unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match part.as_str() {
        "leads" => runtime.block_on(leads(schema, url)),
        _ => runtime.block_on(commits_for_ever(schema, url)),
    }
}

/// Publishes, until the process is killed.
async fn leads(schema: &str, url: &str) {
    let store = PostgresStore::builder(url).schema(schema).lease(LEASE).max_connections(4).connect().await.unwrap();
    while store.outbox().due(&DueRequest { limit: 10, ..DueRequest::default() }).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    say("leads");
    std::future::pending().await
}

/// Says each commit that was acknowledged, and that it was fenced.
async fn commits_for_ever(schema: &str, url: &str) {
    let builder = PostgresStore::builder(url).schema(schema);
    let store = builder.lease(LEASE).max_connections(4).connect().await.unwrap();
    let (lease, mut seq) = take(&store).await;
    loop {
        seq += 1;
        match store.commit(&lease, Commit::empty(seq)).await {
            Ok(()) => say(&seq.to_string()),
            Err(StoreError::Fenced(_)) => return say("fenced"),
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn another(schema: &Schema) -> Other {
    Other::plays("commits for ever", format!("{} {}", schema.name, schema.url))
}

/// The run, once it is free, and its last seq.
async fn take(store: &PostgresStore) -> (Lease, u64) {
    loop {
        match store.claim(&request("shared")).await.unwrap() {
            Claim::Missing => {
                return (store.create(&new_run("shared"), Commit::empty(1)).await.unwrap(), 1);
            }
            Claim::Claimed(run) => return (run.lease, run.state.folded.seq),
            Claim::Held { epoch } => store.changed(&RunKey::new("shared"), epoch).await,
            other => panic!("{other:?}"),
        }
    }
}

/// With a lease of half a minute, which nobody waits for.
#[tokio::test(flavor = "multi_thread")]
async fn runs_of_a_killed_process_are_free_at_once_with_all_that_was_acknowledged() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    for round in 0..4 {
        let mut other = another(&schema);
        let mut acknowledged = 0;
        for _ in 0..(3 + round * 11) {
            acknowledged = other.heard().unwrap().parse().unwrap();
        }
        acknowledged = other.kill().last().map_or(acknowledged, |seq| seq.parse::<u64>().unwrap());
        let free = tokio::time::timeout(Duration::from_secs(20), take(&store)).await;
        let (lease, seq) = free.expect("the server has noticed the end of the process");
        assert!(seq > acknowledged, "commit {acknowledged} was acknowledged, and the claim stands at {seq}");
        store.release(&lease);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_process_loses_its_run_after_the_lease_and_is_fenced_when_it_wakes() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let mut other = another(&schema);
    other.heard().unwrap();
    other.signal(Signal::STOP);
    let taken = tokio::time::timeout(Duration::from_secs(60), take(&store)).await;
    let (lease, mut seq) = taken.expect("the lease is over");
    other.signal(Signal::CONT);
    while let Some(line) = other.heard() {
        if line == "fenced" {
            seq += 1;
            store.commit(&lease, Commit::empty(seq)).await.unwrap();
            return;
        }
        // What it had sent, or had heard of, before it was stopped.
        assert!(line.parse::<u64>().unwrap() < seq, "commit {line} was written past the fence");
    }
    panic!("the process that was stopped has not been fenced");
}

/// One whose process is killed is replaced at once, one whose process is stopped after the lease.
#[tokio::test(flavor = "multi_thread")]
async fn another_instance_publishes_when_the_one_that_did_is_dead() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let place = format!("{} {}", schema.name, schema.url);
    for stopped in [false, true] {
        let mut other = Other::plays("leads", &place);
        other.expect("leads");
        assert!(store.outbox().due(&DueRequest { limit: 10, ..DueRequest::default() }).await.unwrap().is_none());
        if stopped {
            other.signal(Signal::STOP);
        } else {
            other.kill();
        }
        let taken = async {
            while store.outbox().due(&DueRequest { limit: 10, ..DueRequest::default() }).await.unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), taken).await.expect("it is dead");
        store.outbox().step_down();
    }
}
