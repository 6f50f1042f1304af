//! Short words for the cases: runs, commits and the answers that they expect.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use prose::store::{
    Checkpoint, Claim, ClaimRequest, ClaimedRun, Commit, Ending, Lease, NewRun, Phase, Position, RunKey, RunState,
    Write,
};
use prose::{Json, Store, StoreError};

pub(crate) type Shared = Arc<dyn Store>;

/// The flow of all runs that do not say otherwise.
pub(crate) const FLOW: &str = "process-order";

/// A value.
///
/// # Panics
/// If the text is not JSON.
pub fn json(text: &str) -> Json {
    Json::parse(text.to_owned()).expect("JSON")
}

pub(crate) fn text(value: &str) -> Json {
    json(&serde_json::to_string(value).expect("a string"))
}

/// A run of the default namespace; its uid is made from its id.
pub fn new_run(run_id: &str) -> NewRun {
    new_run_at(RunKey::new(run_id))
}

pub(crate) fn new_run_at(key: RunKey) -> NewRun {
    NewRun {
        uid: format!("uid of {key}"),
        key,
        flow: FLOW.to_owned(),
        version: 1,
        fingerprint: 7,
        input: json(r#"{"order":1}"#),
        correlation_id: "corr".to_owned(),
        created_at: SystemTime::now(),
        parent: None,
    }
}

/// Asks for a run of [`new_run`], also for one that has failed.
pub fn request(run_id: &str) -> ClaimRequest {
    request_at(RunKey::new(run_id))
}

pub(crate) fn request_at(key: RunKey) -> ClaimRequest {
    ClaimRequest { key, flow: FLOW.to_owned(), restart_failed: true }
}

pub(crate) fn position(step: &str, phase: Phase, at: &[u64]) -> Position {
    Position { step: step.to_owned(), phase, at: at.to_owned() }
}

/// A commit at the entrance of `step`.
pub(crate) fn at(seq: u64, step: &str) -> Commit {
    Commit { position: Some(position(step, Phase::Entered, &[])), ..Commit::empty(seq) }
}

/// A commit that writes one variable and completes one step.
pub(crate) fn writing(seq: u64, name: &str, value: Json) -> Commit {
    Commit {
        writes: vec![Write { name: name.to_owned(), value }],
        completed: vec![format!("step{seq}")],
        ..at(seq, &format!("step{}", seq + 1))
    }
}

pub(crate) fn ending(seq: u64, ending: Ending) -> Commit {
    Commit { ending: Some(ending), ..Commit::empty(seq) }
}

pub(crate) fn completed(seq: u64) -> Commit {
    ending(seq, Ending::Completed { output: json(r#""done""#) })
}

pub(crate) fn failed(seq: u64) -> Commit {
    ending(seq, Ending::Failed { step: Some("charge".to_owned()), error: "card declined".to_owned() })
}

pub(crate) fn cancelled(seq: u64) -> Commit {
    ending(seq, Ending::Cancelled { step: Some("charge".to_owned()) })
}

/// Creates a run that is held, with one commit.
pub(crate) async fn create(store: &Shared, run_id: &str) -> Lease {
    create_with(store, &new_run(run_id), at(1, "first")).await
}

pub(crate) async fn create_with(store: &Shared, run: &NewRun, first: Commit) -> Lease {
    store.create(run, first).await.expect("the run is created")
}

pub(crate) async fn commit(store: &Shared, lease: &Lease, commit: Commit) {
    store.commit(lease, commit).await.expect("the commit is written");
}

pub(crate) async fn claim(store: &Shared, request: &ClaimRequest) -> Claim {
    store.claim(request).await.expect("the claim is answered")
}

/// The run, which must be free.
pub(crate) async fn claimed(store: &Shared, run_id: &str) -> ClaimedRun {
    match claim(store, &request(run_id)).await {
        Claim::Claimed(run) => *run,
        other => panic!("`{run_id}` should be free: {other:?}"),
    }
}

/// The run, which must have ended.
pub(crate) async fn ended(store: &Shared, request: &ClaimRequest) -> RunState {
    match claim(store, request).await {
        Claim::Ended(state) => *state,
        other => panic!("`{}` should have ended: {other:?}", request.key),
    }
}

/// The checkpoint of a run that must exist.
pub(crate) async fn load(store: &Shared, run_id: &str) -> Checkpoint {
    load_at(store, &RunKey::new(run_id)).await
}

pub(crate) async fn load_at(store: &Shared, key: &RunKey) -> Checkpoint {
    store.load_run(key).await.expect("the run is read").unwrap_or_else(|| panic!("`{key}` should exist"))
}

/// A checkpoint as text, to see that nothing of it has changed.
pub(crate) async fn snapshot(store: &Shared, run_id: &str) -> String {
    serde_json::to_string(&load(store, run_id).await).expect("a checkpoint is JSON")
}

pub(crate) async fn assert_fenced(store: &Shared, lease: &Lease, commit: Commit) {
    let before = store.load_run(&lease.key).await.expect("the run is read").map(|it| serde_json::to_string(&it).ok());
    match store.commit(lease, commit).await {
        Err(StoreError::Fenced(key)) => assert_eq!(key, lease.key, "the error names the run"),
        other => panic!("the commit should be fenced: {other:?}"),
    }
    let after = store.load_run(&lease.key).await.expect("the run is read").map(|it| serde_json::to_string(&it).ok());
    assert_eq!(before, after, "a fenced commit writes nothing");
}

/// Long enough for anything that happens at all.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Waits for something that must happen, however slow the machine.
pub(crate) async fn soon<T>(what: &str, happening: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, happening).await.unwrap_or_else(|_| panic!("{what}: nothing happened"))
}

/// Another id for each of many.
pub(crate) fn numbered(number: usize) -> String {
    format!("run-{number}")
}
