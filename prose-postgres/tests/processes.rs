//! Real processes that are killed and stopped.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]
#![cfg(unix)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::Schema;
use prose::store::queue::{Attendance, ClaimDue, Fit};
use prose::store::{Claim, ClaimedRun, Commit, DueRequest, Lease, RunKey};
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
        "holds a run" => runtime.block_on(holds_a_run(schema, url)),
        "claims all" => runtime.block_on(claims_all(schema, url)),
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

/// Claims what is due, and holds it until the process is killed.
async fn holds_a_run(schema: &str, url: &str) {
    let store = PostgresStore::builder(url).schema(schema).lease(LEASE).max_connections(4).connect().await.unwrap();
    loop {
        if let Some(run) = due(&store, 1).await.pop() {
            say(&format!("{} {}", run.lease.epoch, run.crashes));
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    std::future::pending().await
}

/// Claims runs, three at a time, until there are none; says each.
async fn claims_all(schema: &str, url: &str) {
    let store = PostgresStore::builder(url).schema(schema).max_connections(4).connect().await.unwrap();
    say("ready");
    prose_store_tests::process::listen();
    loop {
        let runs = due(&store, 3).await;
        if runs.is_empty() {
            break;
        }
        runs.iter().for_each(|run| say(&run.lease.key.run_id));
    }
    say("none is left");
    prose_store_tests::process::listen();
}

/// Claims due runs. Where others have just locked some, looks again.
async fn due(store: &PostgresStore, limit: usize) -> Vec<ClaimedRun> {
    let request = ClaimDue { flows: vec![new_run("").flow], limit, blocked: false };
    store.queue().claim_due(&request, Arc::new(|_| Fit::Yes)).await.unwrap().runs
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

async fn recovered(store: &PostgresStore) -> ClaimedRun {
    let recovering = async {
        while store.queue().recover().await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), recovering).await.expect("its owner is dead");
    due(store, 1).await.pop().unwrap()
}

/// Again and again, as by code that kills its process, until an execution writes something.
#[tokio::test(flavor = "multi_thread")]
async fn runs_of_killed_processes_are_due_and_their_deaths_are_counted() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let place = format!("{} {}", schema.name, schema.url);
    store.queue().submit(&new_run("a")).await.unwrap();
    assert_eq!(store.queue().recover().await.unwrap(), 0);
    for deaths in 0..3 {
        let mut other = Other::plays("holds a run", &place);
        // Two claims a round: this process' and the other one's.
        other.expect(&format!("{} {deaths}", 2 * deaths + 1));
        assert_eq!(store.queue().recover().await.unwrap(), 0, "it lives");
        other.kill();
        let run = recovered(&store).await;
        assert_eq!((run.lease.epoch, run.crashes), (2 * deaths + 2, u32::try_from(deaths).unwrap() + 1));
        store.release(&run.lease);
        store.queue().released().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_a_stopped_process_is_due_after_its_lease() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    store.queue().submit(&new_run("a")).await.unwrap();
    let mut other = Other::plays("holds a run", format!("{} {}", schema.name, schema.url));
    other.expect("1 0");
    other.signal(Signal::STOP);
    assert_eq!(recovered(&store).await.crashes, 1);
    other.signal(Signal::CONT);
}

#[tokio::test(flavor = "multi_thread")]
async fn deaths_are_counted_until_a_run_gets_further() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let open = async || Arc::new(schema.store().await) as Arc<dyn Store>;
    prose_store_tests::deaths::deaths_are_counted_until_a_run_gets_further(open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_processes_that_claim_what_is_due_each_run_goes_to_one() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let mut submitted: Vec<_> = (0..120).map(|number| format!("run-{number}")).collect();
    for run_id in &submitted {
        store.queue().submit(&new_run(run_id)).await.unwrap();
    }
    let place = format!("{} {}", schema.name, schema.url);
    let mut others: Vec<_> = (0..3).map(|_| Other::plays("claims all", &place)).collect();
    others.iter_mut().for_each(|other| other.expect("ready"));
    others.iter_mut().for_each(|other| other.tell("begin"));
    let mut claimed = Vec::new();
    for other in &mut others {
        claimed.extend(std::iter::from_fn(|| other.heard().filter(|line| line != "none is left")));
    }
    // What was locked by the others just then is left.
    claimed.extend(due(&store, 1_000).await.into_iter().map(|run| run.lease.key.run_id));
    claimed.sort();
    submitted.sort();
    assert_eq!(claimed, submitted);
}

/// The lease that an engine asks for is that of its instance, and its heart beats accordingly.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_attends_has_a_name_and_its_own_lease() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let attendance = Attendance { name: "worker 1".to_owned(), lease: Some(Duration::from_millis(400)) };
    store.queue().attend(&attendance).await.unwrap();
    let pool = schema.pool(1);
    let ask = "select name, extract(epoch from lease)::float8, heartbeat::text from instances";
    let (name, lease, first): (Option<String>, f64, String) = sqlx::query_as(ask).fetch_one(&pool).await.unwrap();
    assert_eq!((name.as_deref(), lease), (Some("worker 1"), 0.4));
    let beating = async {
        loop {
            let (_, _, now): (Option<String>, f64, String) = sqlx::query_as(ask).fetch_one(&pool).await.unwrap();
            if now != first {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // The usual pace is a beat in seven seconds.
    tokio::time::timeout(Duration::from_secs(5), beating).await.expect("it beats faster");
}
