//! Real processes that execute due runs, and are killed, stopped and in each other's way.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(unix)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::*;
use prose::StoreError;
use prose::store::queue::{ClaimDue, DueRuns, Fit, Submitted};
use prose::store::{Queue, Store};
use prose_sqlite::SqliteStore;
use prose_store_tests::process::{Other, Signal, listen, part, say};

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((part, file)) = part() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        match part.as_str() {
            "holds all" => holds_all(&file).await,
            "claims in turn" => claims_in_turn(&file).await,
            other => panic!("nobody knows how to play `{other}`"),
        }
    });
}

const LEASE: Duration = Duration::from_millis(500);

async fn claim_due(store: &SqliteStore, limit: usize) -> DueRuns {
    let request = ClaimDue { flows: vec![new_run("").flow], limit, blocked: false };
    store.claim_due(&request, Arc::new(|_| Fit::Yes)).await.unwrap()
}

async fn submit(store: &SqliteStore, run_ids: &[&str]) {
    for run_id in run_ids {
        assert_eq!(store.submit(&new_run(run_id)).await.unwrap(), Submitted::New);
    }
}

/// Claims what is due, and commits to one of them when it is told to.
async fn holds_all(file: &str) {
    let store = SqliteStore::builder(file).lease(LEASE).open().await.unwrap();
    let due = claim_due(&store, 100).await;
    say(&format!("holds {}", due.runs.len()));
    loop {
        let run_id = listen();
        let run = due.runs.iter().find(|run| run.lease.key.run_id == run_id).unwrap();
        match store.commit(&run.lease, writing(run.state.folded.seq + 1)).await {
            Ok(()) => say("committed"),
            Err(StoreError::Fenced(_)) => say("fenced"),
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn the_runs_of_a_killed_process_are_due_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    submit(&store, &["a", "b", "c"]).await;
    for round in 1..=3 {
        let mut other = Other::plays("holds all", &file);
        other.expect("holds 3");
        assert_eq!(store.recover().await.unwrap(), 0, "it lives");
        assert_eq!(claim_due(&store, 100).await.runs.len(), 0);
        if round == 2 {
            other.tell("b");
            other.expect("committed");
        }
        other.kill();
        assert_eq!(store.recover().await.unwrap(), 3);
        assert_eq!(store.recover().await.unwrap(), 0, "each is counted once");
    }
    let due = claim_due(&store, 100).await;
    let mut crashes: Vec<_> = due.runs.iter().map(|run| (run.lease.key.run_id.as_str(), run.crashes)).collect();
    crashes.sort_unstable();
    assert_eq!(crashes, [("a", 3), ("b", 2), ("c", 3)]);
    assert!(due.runs.iter().all(|run| run.lease.epoch == 4));
    assert_eq!(last_written(&store, "b").await, 3);
}

/// It keeps its lock; its lease runs out. When it goes on, whoever was given its runs is their owner.
#[tokio::test]
async fn the_runs_of_a_stopped_process_are_due_after_its_lease() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::builder(&file).busy_timeout(Duration::from_millis(200)).open().await.unwrap();
    submit(&store, &["a"]).await;
    let mut other = Other::plays("holds all", &file);
    other.expect("holds 1");
    loop {
        other.signal(Signal::STOP);
        let asked = Instant::now();
        let recovered = loop {
            match store.recover().await {
                Ok(0) if asked.elapsed() < Duration::from_secs(20) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                answer => break answer,
            }
        };
        match recovered {
            Ok(runs) => break assert_eq!(runs, 1),
            // It was stopped within its heartbeat, and holds the file: that is documented. Another try.
            Err(StoreError::Unavailable { .. }) => other.signal(Signal::CONT),
            Err(other) => panic!("{other}"),
        }
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    let run = claim_due(&store, 100).await.runs.remove(0);
    assert_eq!((run.lease.epoch, run.crashes), (2, 1));
    other.signal(Signal::CONT);
    other.tell("a");
    other.expect("fenced");
    store.commit(&run.lease, writing(run.state.folded.seq + 1)).await.unwrap();
}

/// Claims a few runs at a time, ends them, and says which.
async fn claims_in_turn(file: &str) {
    let store = SqliteStore::open(file).await.unwrap();
    say("ready");
    listen();
    loop {
        let due = claim_due(&store, 3).await;
        if due.runs.is_empty() {
            return;
        }
        for run in due.runs {
            store.commit(&run.lease, completed(run.state.folded.seq + 1)).await.unwrap();
            say(&run.lease.key.run_id);
        }
    }
}

#[tokio::test]
async fn two_processes_get_each_due_run_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let run_ids: Vec<_> = (0..300).map(|number| format!("run-{number:03}")).collect();
    submit(&store, &run_ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut others = [Other::plays("claims in turn", &file), Other::plays("claims in turn", &file)];
    others.iter_mut().for_each(|other| other.expect("ready"));
    others.iter_mut().for_each(|other| other.tell("go"));
    let mut all = others.map(Other::ends).concat();
    all.sort_unstable();
    assert_eq!(all, run_ids);
}
