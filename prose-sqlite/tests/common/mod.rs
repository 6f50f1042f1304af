//! Runs and commits for the tests of this crate.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(dead_code, unused_imports, reason = "each test file uses some of it")]

use prose::store::{Claim, ClaimedRun, Commit, Ending, Phase, Position, Store, Write};

pub(crate) use prose_store_tests::{json, new_run, request};

pub(crate) fn at(seq: u64) -> Commit {
    let position = Position { step: format!("step{seq}"), phase: Phase::Entered, at: Vec::new() };
    Commit { position: Some(position), ..Commit::empty(seq) }
}

/// A commit that writes its own seq.
pub(crate) fn writing(seq: u64) -> Commit {
    let write = Write { name: "last".to_owned(), value: json(&seq.to_string()) };
    Commit { writes: vec![write], completed: vec![format!("step{seq}")], ..at(seq) }
}

pub(crate) fn completed(seq: u64) -> Commit {
    Commit { ending: Some(Ending::Completed { output: json(r#""done""#) }), ..Commit::empty(seq) }
}

pub(crate) async fn claimed(store: &impl Store, run_id: &str) -> ClaimedRun {
    match store.claim(&request(run_id)).await.unwrap() {
        Claim::Claimed(run) => *run,
        other => panic!("`{run_id}` should be free: {other:?}"),
    }
}

/// The last seq that the run has written itself.
pub(crate) async fn last_written(store: &impl Store, run_id: &str) -> u64 {
    let checkpoint = store.load(run_id).await.unwrap().unwrap();
    checkpoint.state.get("last").map_or(0, |value| value.decode().unwrap())
}
