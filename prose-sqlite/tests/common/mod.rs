//! Runs and commits for the tests of this crate.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(dead_code, reason = "each test file uses some of it")]

pub(crate) mod child;

use std::time::SystemTime;

use prose::Json;
use prose::store::{Claim, ClaimRequest, ClaimedRun, Commit, Ending, NewRun, Phase, Position, RunKey, Store, Write};

pub(crate) fn json(text: &str) -> Json {
    Json::parse(text.to_owned()).unwrap()
}

pub(crate) fn new_run(run_id: &str) -> NewRun {
    NewRun {
        key: RunKey::new(run_id),
        uid: format!("uid of {run_id}"),
        flow: "process-order".to_owned(),
        version: 1,
        fingerprint: 7,
        input: json(r#"{"order":1}"#),
        correlation_id: "corr".to_owned(),
        created_at: SystemTime::now(),
    }
}

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

pub(crate) fn request(run_id: &str) -> ClaimRequest {
    ClaimRequest { key: RunKey::new(run_id), flow: "process-order".to_owned(), restart_failed: true }
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
