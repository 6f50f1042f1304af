//! A run from its creation to its end, and what is left of it then.

use std::time::{Duration, SystemTime};

use prose::Status;
use prose::StoreError;
use prose::store::{Claim, ClaimRequest, Ending, FailedStep, NewRun, RunKey, Write};

use crate::kit::*;

/// Claiming or reading a run that does not exist makes none.
pub async fn a_run_that_was_never_created_is_missing(store: Shared) {
    assert!(store.load("nobody").await.unwrap().is_none());
    assert!(matches!(claim(&store, &request("nobody")).await, Claim::Missing));
    assert!(store.load("nobody").await.unwrap().is_none(), "a claim makes no run");
    assert!(!store.delete("nobody").await.unwrap());
}

/// What was given at the creation comes back, in the checkpoint and in the claim.
pub async fn creating_writes_every_field(store: Shared) {
    let run = NewRun {
        key: RunKey::new("ord_abc123"),
        uid: "u1".to_owned(),
        flow: FLOW.to_owned(),
        version: 42,
        fingerprint: u64::MAX,
        input: json(r#"{ "items": [1, 2] }"#),
        correlation_id: "corr-1".to_owned(),
        created_at: prose::store::from_millis(1_700_000_000_123),
        parent: None,
    };
    let before = SystemTime::now() - Duration::from_millis(1);
    let mut first = writing(1, "total", json("118.77"));
    first.writes.push(Write { name: "tax".to_owned(), value: json("8.80") });
    let lease = create_with(&store, &run, first).await;
    assert_eq!((&lease.key, lease.uid.as_str(), lease.epoch), (&run.key, "u1", 1));

    let checkpoint = load(&store, "ord_abc123").await;
    assert_eq!(checkpoint.flow_name, FLOW);
    assert_eq!(checkpoint.run_id, "ord_abc123");
    assert_eq!(checkpoint.version, 42);
    assert_eq!(checkpoint.input.as_str(), r#"{ "items": [1, 2] }"#);
    let state: Vec<_> = checkpoint.state.iter().map(|(name, value)| (name, value.as_str())).collect();
    assert_eq!(state, [("total", "118.77"), ("tax", "8.80")]);
    assert_eq!(checkpoint.completed_steps, ["step1"]);
    assert_eq!(checkpoint.status, Status::Running);
    assert_eq!(checkpoint.failed_step, None);
    assert!(checkpoint.output.is_none());
    assert_eq!(checkpoint.correlation_id, "corr-1");
    assert_eq!(checkpoint.created_at, run.created_at);
    assert!(checkpoint.updated_at >= before);
}

/// The first creator's run stands.
pub async fn creating_twice_says_exists_and_writes_nothing(store: Shared) {
    let lease = create(&store, "a").await;
    let before = snapshot(&store, "a").await;
    let second = NewRun { uid: "another".to_owned(), input: json("2"), ..new_run("a") };
    match store.create(&second, writing(1, "x", json("1"))).await {
        Err(StoreError::Exists(key)) => assert_eq!(key, RunKey::new("a")),
        other => panic!("the run exists already: {other:?}"),
    }
    assert_eq!(snapshot(&store, "a").await, before);
    commit(&store, &lease, at(2, "second")).await;
}

/// A flow without steps has one commit.
pub async fn a_run_may_end_with_its_first_commit(store: Shared) {
    let lease = create_with(&store, &new_run("a"), completed(1)).await;
    let checkpoint = load(&store, "a").await;
    assert_eq!(checkpoint.status, Status::Completed);
    assert_eq!(checkpoint.output.unwrap().as_str(), r#""done""#);
    assert_fenced(&store, &lease, at(2, "second")).await;
    assert!(store.delete("a").await.unwrap(), "nobody holds it");
}

/// A completed run gives its output to every later claim.
pub async fn completing_saves_the_output(store: Shared) {
    let lease = create(&store, "a").await;
    let output = json(r#"{"receipt":"r1","total":118.770}"#);
    commit(&store, &lease, ending(2, Ending::Completed { output: output.clone() })).await;
    let checkpoint = load(&store, "a").await;
    assert_eq!(checkpoint.status, Status::Completed);
    assert_eq!(checkpoint.output, Some(output.clone()));
    assert_eq!(checkpoint.failed_step, None);
    let state = ended(&store, &request("a")).await;
    assert_eq!(state.folded.ending, Some(Ending::Completed { output }));
}

/// A failed run says where and why.
pub async fn failing_saves_the_step_and_the_error(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, failed(2)).await;
    let checkpoint = load(&store, "a").await;
    assert_eq!(checkpoint.status, Status::Failed);
    let FailedStep { name, error, .. } = checkpoint.failed_step.expect("a failed run says where");
    assert_eq!((name.as_deref(), error.as_str()), (Some("charge"), "card declined"));
    assert!(checkpoint.output.is_none());
}

/// A failure in front of the first step has no step's name.
pub async fn failing_in_plain_code_saves_no_step(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, ending(2, Ending::Failed { step: None, error: String::new() })).await;
    let request = ClaimRequest { restart_failed: false, ..request("a") };
    let state = ended(&store, &request).await;
    assert_eq!(state.folded.ending, Some(Ending::Failed { step: None, error: String::new() }));
}

/// A cancelled run is not claimed again, and remembers the step.
pub async fn cancelling_is_final(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, cancelled(2)).await;
    assert_eq!(load(&store, "a").await.status, Status::Cancelled);
    let before = snapshot(&store, "a").await;
    let state = ended(&store, &request("a")).await;
    assert_eq!(state.folded.ending, Some(Ending::Cancelled { step: Some("charge".to_owned()) }));
    assert_eq!(snapshot(&store, "a").await, before, "nothing was written");
}

/// A completed run is not claimed again.
pub async fn completed_is_final(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, completed(2)).await;
    let before = snapshot(&store, "a").await;
    for _ in 0..3 {
        assert_eq!(ended(&store, &request("a")).await.folded.seq, 2);
    }
    assert_eq!(snapshot(&store, "a").await, before, "nothing was written");
}

/// `restart_failed` decides; without it the failed run is reported as it is.
pub async fn a_failed_run_restarts_only_if_asked(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, failed(2)).await;
    let before = snapshot(&store, "a").await;
    let only_look = ClaimRequest { restart_failed: false, ..request("a") };
    let state = ended(&store, &only_look).await;
    assert!(matches!(state.folded.ending, Some(Ending::Failed { .. })));
    assert_eq!(snapshot(&store, "a").await, before, "nothing was written");
    let again = claimed(&store, "a").await;
    assert_eq!(again.lease.epoch, lease.epoch + 1);
}

/// A restart forgets the failure and goes on from the position in front of it.
pub async fn a_restarted_run_is_running_again(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, writing(2, "x", json("1"))).await;
    commit(&store, &lease, failed(3)).await;
    let again = claimed(&store, "a").await;
    assert_eq!(again.state.folded.ending, None);
    assert_eq!(again.state.folded.position.as_ref().unwrap().step, "step3");
    let checkpoint = load(&store, "a").await;
    assert_eq!((checkpoint.status, checkpoint.failed_step), (Status::Running, None));
    commit(&store, &again.lease, completed(again.state.folded.seq + 1)).await;
    let checkpoint = load(&store, "a").await;
    assert_eq!((checkpoint.status, checkpoint.failed_step), (Status::Completed, None));
    assert_eq!(checkpoint.state.get("x").unwrap().as_str(), "1");
}

/// Also when it has ended: its output is not this flow's.
pub async fn the_run_id_of_another_flow_is_refused(store: Shared) {
    let lease = create(&store, "a").await;
    let other = ClaimRequest { flow: "ship-order".to_owned(), ..request("a") };
    for _ in 0..2 {
        match claim(&store, &other).await {
            Claim::OtherFlow(flow) => assert_eq!(flow, FLOW),
            answer => panic!("the run belongs to another flow: {answer:?}"),
        }
        // The second time it has ended.
        let _fenced_then = store.commit(&lease, completed(2)).await;
    }
    assert_eq!(load(&store, "a").await.status, Status::Completed);
}

/// With all that belongs to it.
pub async fn deleting_makes_the_run_missing(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, completed(2)).await;
    create(&store, "b").await;
    assert!(store.delete("a").await.unwrap());
    assert!(store.load("a").await.unwrap().is_none());
    assert!(matches!(claim(&store, &request("a")).await, Claim::Missing));
    assert!(!store.delete("a").await.unwrap(), "there is nothing to delete any more");
    load(&store, "b").await;
}

/// Until it is released; a run that is idle can be deleted unfinished.
pub async fn deleting_a_held_run_is_refused(store: Shared) {
    let lease = create(&store, "a").await;
    match store.delete("a").await {
        Err(StoreError::Busy(key)) => assert_eq!(key, RunKey::new("a")),
        other => panic!("the run is held: {other:?}"),
    }
    commit(&store, &lease, at(2, "second")).await;
    store.release(&lease);
    assert!(store.delete("a").await.unwrap());
    assert!(store.load("a").await.unwrap().is_none());
}

/// As another run, of which nothing is known.
pub async fn a_deleted_id_can_be_used_again(store: Shared) {
    let old = create(&store, "a").await;
    for seq in 2..100 {
        commit(&store, &old, writing(seq, "x", json("1"))).await;
    }
    commit(&store, &old, completed(100)).await;
    assert!(store.delete("a").await.unwrap());
    let again = NewRun { uid: "second life".to_owned(), ..new_run("a") };
    let new = create_with(&store, &again, at(1, "first")).await;
    assert_eq!((new.uid.as_str(), new.epoch), ("second life", 1));
    let checkpoint = load(&store, "a").await;
    assert_eq!(checkpoint.status, Status::Running);
    assert!(checkpoint.state.is_empty() && checkpoint.completed_steps.is_empty() && checkpoint.output.is_none());
    commit(&store, &new, at(2, "second")).await;
    assert_fenced(&store, &old, at(3, "third")).await;
}

/// Completed, failed and cancelled runs go; running ones stay, held or not.
pub async fn pruning_takes_only_what_has_ended(store: Shared) {
    for (run_id, last) in [("done", completed(2)), ("failed", failed(2)), ("cancelled", cancelled(2))] {
        let lease = create(&store, run_id).await;
        commit(&store, &lease, last).await;
    }
    create(&store, "held").await;
    let idle = create(&store, "idle").await;
    store.release(&idle);
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 3);
    for gone in ["done", "failed", "cancelled"] {
        assert!(store.load(gone).await.unwrap().is_none(), "{gone}");
    }
    load(&store, "held").await;
    load(&store, "idle").await;
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 0);
}

/// By when it was last written.
pub async fn pruning_leaves_what_is_young(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, completed(2)).await;
    assert_eq!(store.prune(Duration::from_secs(3_600)).await.unwrap(), 0);
    assert_eq!(store.prune(Duration::MAX).await.unwrap(), 0);
    assert_eq!(load(&store, "a").await.status, Status::Completed);
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 1);
}

/// One id in two namespaces is two runs.
pub async fn namespaces_keep_runs_apart(store: Shared) {
    let keys = ["", "a", "b"].map(|namespace| RunKey { namespace: namespace.to_owned(), run_id: "same".to_owned() });
    for (number, key) in keys.iter().enumerate() {
        let run = NewRun { input: json(&number.to_string()), ..new_run_at(key.clone()) };
        create_with(&store, &run, at(1, "first")).await;
    }
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(load_at(&store, key).await.input.as_str(), number.to_string());
        assert!(matches!(claim(&store, &request_at(key.clone())).await, Claim::Held { epoch: 1 }));
    }
    // A namespace and an id are not glued together.
    let glued = RunKey::new("a/same");
    assert!(store.load_run(&glued).await.unwrap().is_none());
    assert!(store.load_run(&RunKey { namespace: "c".to_owned(), run_id: "same".to_owned() }).await.unwrap().is_none());
}

/// `created_at` stays; `updated_at` grows with each write, or stays where the clock is too coarse.
pub async fn timestamps_never_go_back(store: Shared) {
    let lease = create(&store, "a").await;
    let created = load(&store, "a").await.created_at;
    let mut last = created;
    for seq in 2..200 {
        commit(&store, &lease, at(seq, "step")).await;
        if seq % 20 == 0 {
            let checkpoint = load(&store, "a").await;
            assert_eq!(checkpoint.created_at, created);
            assert!(checkpoint.updated_at >= last, "commit {seq}");
            last = checkpoint.updated_at;
        }
    }
    let before_the_end = SystemTime::now() - Duration::from_millis(1);
    commit(&store, &lease, failed(200)).await;
    let checkpoint = load(&store, "a").await;
    assert!(checkpoint.updated_at >= last && checkpoint.updated_at >= before_the_end, "an ending is a write");
    let again = claimed(&store, "a").await;
    assert!(again.state.updated_at >= checkpoint.updated_at, "a claim is a write");
    assert_eq!(again.state.run.created_at, created);
}
