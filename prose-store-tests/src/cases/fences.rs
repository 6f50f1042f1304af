//! Who must not write any more.

use prose::store::{Lease, NewRun, RunKey};

use crate::kit::*;

/// The new owner's commits count, before and behind the old owner's attempt.
pub async fn the_old_owner_is_fenced_after_a_takeover(store: Shared) {
    let old = create(&store, "a").await;
    store.release(&old);
    let new = claimed(&store, "a").await.lease;
    for seq in [2, 3, 4] {
        assert_fenced(&store, &old, writing(seq, "x", json("0"))).await;
    }
    commit(&store, &new, writing(3, "x", json("1"))).await;
    assert_fenced(&store, &old, completed(4)).await;
    commit(&store, &new, completed(4)).await;
    assert_eq!(load(&store, "a").await.state.get("x").unwrap().as_str(), "1");
}

/// One that is too low, and one that nobody has had yet.
pub async fn a_lease_of_another_epoch_is_fenced(store: Shared) {
    let lease = create(&store, "a").await;
    for epoch in [0, 2, u64::MAX] {
        assert_fenced(&store, &Lease { epoch, ..lease.clone() }, at(2, "second")).await;
    }
    commit(&store, &lease, at(2, "second")).await;
}

/// Also where all else is right.
pub async fn a_lease_of_another_uid_is_fenced(store: Shared) {
    let lease = create(&store, "a").await;
    assert_fenced(&store, &Lease { uid: "another".to_owned(), ..lease.clone() }, at(2, "second")).await;
    commit(&store, &lease, at(2, "second")).await;
}

/// The id may be in use again, with the same epoch and the same seq.
pub async fn a_lease_of_a_deleted_run_is_fenced(store: Shared) {
    let old = create(&store, "a").await;
    store.release(&old);
    assert!(store.delete("a").await.unwrap());
    assert_fenced(&store, &old, at(2, "second")).await;
    let second = NewRun { uid: "second life".to_owned(), ..new_run("a") };
    let new = create_with(&store, &second, at(1, "first")).await;
    assert_eq!(new.epoch, old.epoch);
    assert_fenced(&store, &old, completed(2)).await;
    store.release(&old);
    commit(&store, &new, at(2, "second")).await;
}

/// Nothing is made of it.
pub async fn a_lease_of_a_run_that_never_was_is_fenced(store: Shared) {
    let lease = Lease { key: RunKey::new("nobody"), uid: "u".to_owned(), row: 4_711, epoch: 1 };
    assert_fenced(&store, &lease, at(1, "first")).await;
    assert_fenced(&store, &lease, at(2, "second")).await;
    store.release(&lease);
    assert!(store.load("nobody").await.unwrap().is_none());
}

/// The first one stands.
pub async fn a_seq_that_was_written_is_fenced(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, writing(2, "x", json("1"))).await;
    for seq in [0, 1, 2] {
        assert_fenced(&store, &lease, writing(seq, "x", json("2"))).await;
    }
    commit(&store, &lease, at(3, "third")).await;
    assert_eq!(load(&store, "a").await.state.get("x").unwrap().as_str(), "1");
}

/// A commit that skips one is not the next.
pub async fn a_seq_that_leaves_a_gap_is_fenced(store: Shared) {
    let lease = create(&store, "a").await;
    for seq in [3, 1_000, u64::MAX] {
        assert_fenced(&store, &lease, at(seq, "far")).await;
    }
    commit(&store, &lease, at(2, "second")).await;
}

/// Being refused once is no takeover.
pub async fn a_fenced_commit_leaves_the_lease_as_it_was(store: Shared) {
    let lease = create(&store, "a").await;
    assert_fenced(&store, &lease, at(9, "far")).await;
    let answer = claim(&store, &request("a")).await;
    assert!(matches!(answer, prose::store::Claim::Held { epoch: 1 }), "{answer:?}");
    commit(&store, &lease, at(2, "second")).await;
}

/// Whichever way the run ended.
pub async fn a_commit_behind_the_end_is_fenced(store: Shared) {
    for (run_id, last) in [("done", completed(2)), ("failed", failed(2)), ("cancelled", cancelled(2))] {
        let lease = create(&store, run_id).await;
        commit(&store, &lease, last).await;
        assert_fenced(&store, &lease, writing(3, "x", json("1"))).await;
    }
}

/// The first result stands.
pub async fn a_second_ending_is_fenced(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, completed(2)).await;
    for again in [completed(2), completed(3), failed(3), cancelled(3)] {
        assert_fenced(&store, &lease, again).await;
    }
}
