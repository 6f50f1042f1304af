//! Changed code: what is kept of it, runs that it cannot go on with, and runs that are moved over to it.

use std::time::Duration;

use futures_util::future::poll_immediate;
use prose::store::fold::Folded;
use prose::store::{Blocked, Claim, ClaimRequest, ClaimedRun, Code, Commit, Ending, Lease, Migrated, Phase, Position};
use prose::{Status, StoreError};

use crate::kit::*;

fn code(fingerprint: u64) -> Code {
    let shape = json(r#"{ "points": [{"name": "a"}], "variables": {"n": "Vec < u8 >"} }"#);
    Code { fingerprint, flow: FLOW.to_owned(), shape }
}

fn blocked(seq: u64) -> Commit {
    ending(seq, Ending::Blocked { step: Some("charge".to_owned()), reason: "variable `tax` is missing".to_owned() })
}

/// As version 2, with another input, one variable, and a step that is done.
fn migrated(run: &ClaimedRun) -> Migrated {
    let mut folded = Folded { seq: run.state.folded.seq + 1, completed: vec!["new".to_owned()], ..Folded::default() };
    folded.position = Some(Position { step: "next".to_owned(), phase: Phase::Done, at: Vec::new() });
    folded.fingerprint = Some(u64::MAX);
    folded.state.set("total".to_owned(), json("7"));
    Migrated { version: 2, input: json(r#"{ "order": 2 }"#), folded }
}

/// A run with some commits, claimed anew.
async fn old_run(store: &Shared, run_id: &str) -> ClaimedRun {
    let lease = create(store, run_id).await;
    for seq in 2..10 {
        commit(store, &lease, writing(seq, "x", json("1"))).await;
    }
    store.release(&lease);
    claimed(store, run_id).await
}

/// And under no other.
pub async fn code_is_kept_under_its_fingerprint(store: Shared) {
    assert_eq!(store.code(1).await.unwrap(), None);
    for fingerprint in [1, u64::MAX] {
        store.keep_code(&code(fingerprint)).await.unwrap();
    }
    for fingerprint in [1, u64::MAX] {
        assert_eq!(store.code(fingerprint).await.unwrap(), Some(code(fingerprint)));
    }
    assert_eq!(store.code(2).await.unwrap(), None);
}

/// Each execution says what its code is.
pub async fn code_that_is_kept_again_stays_as_it_was(store: Shared) {
    for _ in 0..3 {
        store.keep_code(&code(1)).await.unwrap();
    }
    store.keep_code(&Code { shape: json("{}"), ..code(1) }).await.unwrap();
    assert_eq!(store.code(1).await.unwrap(), Some(code(1)));
}

/// The claim has ended with it, and all else is as it was.
pub async fn a_blocked_run_says_why_and_is_held_by_nobody(store: Shared) {
    let lease = create_with(&store, &new_run("a"), writing(1, "x", json("1"))).await;
    commit(&store, &lease, blocked(2)).await;
    let checkpoint = load(&store, "a").await;
    assert_eq!(checkpoint.status, Status::Blocked);
    let Blocked { step, reason, .. } = checkpoint.blocked.expect("a blocked run says why");
    assert_eq!((step.as_deref(), reason.as_str()), (Some("charge"), "variable `tax` is missing"));
    assert_eq!((checkpoint.failed_step, checkpoint.output), (None, None));
    assert_eq!(checkpoint.state.get("x").unwrap().as_str(), "1");
    assert_fenced(&store, &lease, at(3, "third")).await;
    soon("nobody holds it", store.changed(&lease.key, lease.epoch)).await;
    assert!(store.delete("a").await.unwrap());
}

/// Also by whoever does not restart failed runs: nothing has failed.
pub async fn a_blocked_run_is_claimed_like_an_idle_one(store: Shared) {
    let lease = create_with(&store, &new_run("a"), writing(1, "x", json("1"))).await;
    commit(&store, &lease, blocked(2)).await;
    let request = ClaimRequest { restart_failed: false, ..request("a") };
    let Claim::Claimed(again) = claim(&store, &request).await else { panic!("a blocked run is free") };
    assert_eq!((again.lease.epoch, again.state.folded.ending.clone()), (lease.epoch + 1, None));
    assert_eq!(again.state.folded.position.as_ref().unwrap().step, "step2");
    let checkpoint = load(&store, "a").await;
    assert_eq!((checkpoint.status, checkpoint.blocked), (Status::Running, None));
    commit(&store, &again.lease, completed(again.state.folded.seq + 1)).await;
    assert_eq!(load(&store, "a").await.status, Status::Completed);
}

/// They have not ended.
pub async fn pruning_leaves_blocked_runs(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, blocked(2)).await;
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 0);
    assert_eq!(load(&store, "a").await.status, Status::Blocked);
}

/// What is left is what was given, and who the run is.
pub async fn migrating_replaces_a_run_and_keeps_its_claim(store: Shared) {
    let run = old_run(&store, "a").await;
    let before = load(&store, "a").await;
    store.migrate(&run.lease, &migrated(&run)).await.expect("the run is moved over");
    let after = load(&store, "a").await;
    assert_eq!((after.version, after.input.as_str()), (2, r#"{ "order": 2 }"#));
    let state: Vec<_> = after.state.iter().map(|(name, value)| (name, value.as_str())).collect();
    assert_eq!(
        (state.as_slice(), after.completed_steps.as_slice()),
        ([("total", "7")].as_slice(), ["new".to_owned()].as_slice())
    );
    assert_eq!(
        (after.status, after.flow_name, after.correlation_id),
        (before.status, before.flow_name, before.correlation_id)
    );
    assert!(after.created_at == before.created_at && after.updated_at >= before.updated_at);
    assert!(matches!(claim(&store, &request("a")).await, Claim::Held { .. }));
}

/// Its log goes on, and gives the same to the next owner.
pub async fn a_migrated_run_goes_on_behind_its_migration(store: Shared) {
    let run = old_run(&store, "a").await;
    let moved = migrated(&run);
    store.migrate(&run.lease, &moved).await.expect("the run is moved over");
    let seq = moved.folded.seq;
    assert_fenced(&store, &run.lease, writing(seq, "x", json("2"))).await;
    for next in 1..100 {
        commit(&store, &run.lease, writing(seq + next, "y", json(&next.to_string()))).await;
    }
    store.release(&run.lease);
    let again = claimed(&store, "a").await.state;
    assert_eq!((again.run.version, again.run.uid, again.run.fingerprint), (2, run.lease.uid, 7));
    assert_eq!((again.folded.fingerprint, again.folded.seq), (Some(u64::MAX), seq + 100));
    assert_eq!(again.folded.state.get("total").unwrap().as_str(), "7");
    assert_eq!(again.folded.state.get("y").unwrap().as_str(), "99");
    assert!(again.folded.state.get("x").is_none());
    assert_eq!(again.folded.completed.first().unwrap(), "new");
}

async fn assert_migration_fenced(store: &Shared, lease: &Lease, run: &Migrated) {
    let before = snapshot(store, "a").await;
    match store.migrate(lease, run).await {
        Err(StoreError::Fenced(key)) => assert_eq!(key, lease.key, "the error names the run"),
        other => panic!("the migration should be fenced: {other:?}"),
    }
    assert_eq!(snapshot(store, "a").await, before, "a fenced migration writes nothing");
}

/// Nor does one that has the wrong number, or comes behind the end.
pub async fn a_stale_owner_migrates_nothing(store: Shared) {
    let old = old_run(&store, "a").await;
    store.release(&old.lease);
    let new = claimed(&store, "a").await;
    assert_migration_fenced(&store, &old.lease, &migrated(&old)).await;
    assert_migration_fenced(&store, &old.lease, &migrated(&new)).await;
    assert_migration_fenced(&store, &Lease { uid: "another".to_owned(), ..new.lease.clone() }, &migrated(&new)).await;
    for off in [0, 2] {
        let mut wrong = migrated(&new);
        wrong.folded.seq = new.state.folded.seq + off;
        assert_migration_fenced(&store, &new.lease, &wrong).await;
    }
    commit(&store, &new.lease, completed(new.state.folded.seq + 1)).await;
    let mut behind = migrated(&new);
    behind.folded.seq += 1;
    assert_migration_fenced(&store, &new.lease, &behind).await;
}

/// The other one is refused, whichever comes first.
pub async fn of_two_owners_one_migrates(store: Shared) {
    for round in 0..20 {
        let run_id = numbered(round);
        let first = old_run(&store, &run_id).await;
        let moved = migrated(&first);
        let migrating = store.migrate(&first.lease, &moved);
        store.release(&first.lease);
        let (migrating, second) = tokio::join!(migrating, claimed(&store, &run_id));
        let version = second.state.run.version;
        assert_eq!(version, if migrating.is_ok() { 2 } else { 1 }, "round {round}");
        store.migrate(&second.lease, &migrated(&second)).await.expect("the second one owns it");
        let checkpoint = load(&store, &run_id).await;
        assert_eq!((checkpoint.version, checkpoint.completed_steps.len()), (2, 1));
    }
}

/// Never a new version with an old state, nor the other way round.
pub async fn dropped_migrations_are_whole_or_not_at_all(store: Shared) {
    for round in 0..40_u64 {
        let run_id = numbered(round as usize);
        let run = old_run(&store, &run_id).await;
        let moved = migrated(&run);
        let migrating = store.migrate(&run.lease, &moved);
        if round % 2 == 0 {
            let _given_up = poll_immediate(migrating).await;
        } else {
            let _given_up = tokio::time::timeout(Duration::from_micros(round * 10), migrating).await;
        }
        store.release(&run.lease);
        let state = claimed(&store, &run_id).await.state;
        let (done, is_new) = (state.run.version == 2, state.folded.state.get("total").is_some());
        assert_eq!((is_new, state.run.input == moved.input), (done, done), "round {round}");
        assert_eq!(state.folded.completed.len(), if done { 1 } else { 8 }, "round {round}");
        assert_eq!(state.folded.seq, run.state.folded.seq + 1 + u64::from(done), "round {round}");
    }
}
