//! A long run stays short on the disk: what a resume reads is bounded by the state, not by the history.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::path::Path;

use common::*;
use prose::store::{Commit, Store};
use prose_sqlite::SqliteStore;
use rusqlite::Connection;

fn number(file: &Path, query: &str) -> i64 {
    Connection::open(file).unwrap().query_row(query, [], |row| row.get(0)).unwrap()
}

/// The rows that a claim of any run would read.
fn rows(file: &Path) -> i64 {
    number(file, "select coalesce(max(n), 0) from (select count(*) n from prose_commits group by run)")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_run_is_read_in_a_bounded_number_of_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let lease = store.create(&new_run("long"), at(1)).await.unwrap();
    let mut most = 0;
    for seq in 2..=6_000 {
        store.commit(&lease, Commit { completed: Vec::new(), ..writing(seq) }).await.unwrap();
        if seq % 50 == 0 {
            most = most.max(rows(&file));
        }
    }
    assert!(most <= 65, "{most} rows");
    assert!(number(&file, "select length(folded) from prose_snapshots") < 300, "the live state is small");
    store.release(&lease);
    let run = claimed(&store, "long").await;
    assert_eq!(run.state.folded.seq, 6_001);
    assert_eq!(run.state.folded.state.get("last").unwrap().as_str(), "6000");
}

/// Folding what is long costs no more than writing it did: the log may grow to the length of its fold, and to 1,024 rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_big_state_is_folded_seldom() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let big = prose::store::Write { name: "big".to_owned(), value: json(&format!("\"{}\"", "x".repeat(100_000))) };
    let first = Commit { writes: vec![big], ..at(1) };
    let lease = store.create(&new_run("big"), first).await.unwrap();
    let (mut most, mut folds, mut folded) = (0, 0, 0);
    for seq in 2..=3_000 {
        store.commit(&lease, writing(seq)).await.unwrap();
        if seq % 20 == 0 {
            most = most.max(rows(&file));
            let now = number(&file, "select coalesce(max(seq), 0) from prose_snapshots");
            folds += i32::from(now != folded);
            folded = now;
        }
    }
    assert!(most <= 1_025, "{most} rows");
    assert!((2..=4).contains(&folds), "{folds} folds");
}

/// Each owner goes on where the log of the one before was: many short lives fold as one long one.
#[tokio::test]
async fn a_run_that_is_taken_over_again_and_again_is_folded_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let mut last = SqliteStore::open(&file).await.unwrap();
    let lease = last.create(&new_run("a"), at(1)).await.unwrap();
    last.commit(&lease, writing(2)).await.unwrap();
    for _ in 0..60 {
        // It dies with its run.
        drop(last);
        last = SqliteStore::open(&file).await.unwrap();
        let run = claimed(&last, "a").await;
        for next in 1..=3 {
            last.commit(&run.lease, writing(run.state.folded.seq + next)).await.unwrap();
        }
        assert!(rows(&file) <= 70);
    }
    assert_eq!(last.load("a").await.unwrap().unwrap().completed_steps.len(), 181);
    assert_eq!(number(&file, "select count(*) from prose_instances"), 1, "the dead are forgotten");
}

/// A run that crashes at the same step for a week, and is claimed each time, writes nothing but claims.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_only_claimed_is_read_in_a_bounded_number_of_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let lease = store.create(&new_run("crashing"), writing(1)).await.unwrap();
    store.release(&lease);
    for _ in 0..2_100 {
        let run = claimed(&store, "crashing").await;
        store.release(&run.lease);
    }
    assert!(rows(&file) <= 1_025, "{} rows", rows(&file));
    let run = claimed(&store, "crashing").await;
    assert_eq!((run.state.folded.seq, run.lease.epoch), (2_102, 2_102));
    assert_eq!(run.state.folded.completed, ["step1"]);
    store.commit(&run.lease, writing(2_103)).await.unwrap();
    assert_eq!(last_written(&store, "crashing").await, 2_103);
}
