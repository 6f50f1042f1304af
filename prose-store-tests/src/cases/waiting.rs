//! Runs that wait out of memory: for an instant, or for a signal.

use std::time::Duration;

use prose::Status;
use prose::store::{Claim, ClaimRequest, Commit};

use crate::due::*;
use crate::kit::*;

const SOON: Duration = Duration::from_millis(50);

/// And says what it waits for.
pub async fn a_parked_run_waits_and_is_held_by_nobody(store: Shared) {
    let lease = create_with(&store, &new_run("a"), writing(1, "x", json("1"))).await;
    let until = from_now(&store, HOUR).await;
    commit(&store, &lease, parking(2, Some(until), Some("approval"))).await;
    let checkpoint = load(&store, "a").await;
    assert_eq!(checkpoint.status, Status::Waiting);
    let waiting = checkpoint.waiting.expect("a waiting run says for what");
    assert_eq!(
        (waiting.step.as_deref(), waiting.signal.as_deref(), waiting.until),
        (Some("nap"), Some("approval"), Some(until))
    );
    assert_eq!((checkpoint.failed_step, checkpoint.blocked, checkpoint.output), (None, None, None));
    assert_eq!(checkpoint.state.get("x").unwrap().as_str(), "1");
    soon("nobody holds it", store.changed(&lease.key, lease.epoch)).await;
    assert!(store.delete("a").await.unwrap());
}

/// For an instant alone, and for a signal alone.
pub async fn a_waiting_run_says_no_more_than_it_waits_for(store: Shared) {
    let (timer, signalled) = (create(&store, "timer").await, create(&store, "signalled").await);
    let until = from_now(&store, HOUR).await;
    commit(&store, &timer, parking(2, Some(until), None)).await;
    commit(&store, &signalled, parking(2, None, Some("approval"))).await;
    let waiting = load(&store, "timer").await.waiting.unwrap();
    assert_eq!((waiting.signal, waiting.until), (None, Some(until)));
    let waiting = load(&store, "signalled").await.waiting.unwrap();
    assert_eq!((waiting.signal.as_deref(), waiting.until), (Some("approval"), None));
}

/// Not before.
pub async fn a_waiting_run_is_due_when_its_time_has_come(store: Shared) {
    let lease = create(&store, "a").await;
    let until = from_now(&store, 4 * SOON).await;
    commit(&store, &lease, parking(2, Some(until), None)).await;
    let run = soon_due(&store).await;
    let claimed_at = now(&store).await;
    assert!(claimed_at >= until, "claimed too early");
    assert_eq!((run.lease.key, run.lease.epoch), (lease.key, lease.epoch + 1));
}

/// And how long that will be is told.
pub async fn a_waiting_run_is_not_due_before_its_time(store: Shared) {
    let (one, other) = (create(&store, "one").await, create(&store, "other").await);
    let until = from_now(&store, 2 * HOUR).await;
    commit(&store, &one, parking(2, Some(until), None)).await;
    let until = from_now(&store, HOUR).await;
    commit(&store, &other, parking(2, Some(until), Some("approval"))).await;
    let next = next_due(&store).await.expect("a run will be due");
    assert!(next <= HOUR && next > HOUR / 2, "{next:?}");
}

/// A time that has passed is no reason to wait.
pub async fn a_run_that_waits_for_the_past_is_due_at_once(store: Shared) {
    let lease = create(&store, "a").await;
    let until = ago(&store, HOUR).await;
    commit(&store, &lease, parking(2, Some(until), None)).await;
    assert_eq!(due_ids(&store).await, ["a"]);
}

/// Something else must happen.
pub async fn a_run_that_waits_without_end_is_not_due(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, parking(2, None, Some("approval"))).await;
    assert_eq!(next_due(&store).await, None);
    assert_eq!(load(&store, "a").await.status, Status::Waiting);
}

/// It is running then, and waits for nothing; the commit before stands.
pub async fn a_waiting_run_that_is_claimed_goes_on(store: Shared) {
    let lease = create_with(&store, &new_run("a"), writing(1, "x", json("1"))).await;
    let until = ago(&store, SOON).await;
    commit(&store, &lease, parking(2, Some(until), Some("approval"))).await;
    let run = the_due_run(&store).await;
    assert_eq!((run.lease.epoch, run.state.folded.seq, &run.state.folded.ending), (2, 3, &None));
    assert_eq!(run.state.folded.position.as_ref().unwrap().step, "nap");
    let checkpoint = load(&store, "a").await;
    assert_eq!((checkpoint.status, checkpoint.waiting), (Status::Running, None));
    assert_eq!(next_due(&store).await, None);
    commit(&store, &run.lease, writing(4, "x", json("2"))).await;
    store.release(&run.lease);
    // It waits for nothing any more: neither the signal nor the old instant means anything.
    let run = the_due_run(&store).await;
    commit(&store, &run.lease, completed(6)).await;
    assert_eq!(load(&store, "a").await.status, Status::Completed);
}

/// Whoever calls a run by its name waits with it, or goes on.
pub async fn a_waiting_run_is_claimed_by_name_at_any_time(store: Shared) {
    let lease = create(&store, "a").await;
    let until = from_now(&store, HOUR).await;
    commit(&store, &lease, parking(2, Some(until), Some("approval"))).await;
    let asked = ClaimRequest { restart_failed: false, ..request("a") };
    let Claim::Claimed(run) = claim(&store, &asked).await else { panic!("a waiting run is free") };
    assert_eq!((run.lease.epoch, run.state.folded.ending), (2, None));
    assert_eq!(load(&store, "a").await.status, Status::Running);
    commit(&store, &run.lease, at(4, "next")).await;
    tell(&store, "a", "approval").await;
    assert_eq!(next_due(&store).await, None, "it is held");
}

/// The run goes on being the new owner's.
pub async fn a_stale_owner_cannot_park(store: Shared) {
    let old = create(&store, "a").await;
    store.release(&old);
    let new = claimed(&store, "a").await;
    assert_fenced(&store, &old, parking(2, None, None)).await;
    assert_fenced(&store, &old, parking(3, None, None)).await;
    commit(&store, &new.lease, completed(3)).await;
    assert_fenced(&store, &new.lease, parking(4, None, None)).await;
}

/// The claim has ended with it.
pub async fn a_commit_behind_parking_is_fenced(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, parking(2, None, Some("approval"))).await;
    assert_fenced(&store, &lease, at(3, "next")).await;
    assert_fenced(&store, &lease, completed(3)).await;
    assert!(store.reclaim(&lease, 3).await.is_err(), "nor is it claimed once more");
    store.release(&lease);
    assert_eq!(next_due(&store).await, None, "a late release wakes nothing");
    assert_eq!(load(&store, "a").await.status, Status::Waiting);
}

/// A flow that begins with `#[sleep]`.
pub async fn a_run_may_wait_from_its_first_commit_on(store: Shared) {
    let until = from_now(&store, HOUR).await;
    create_with(&store, &new_run("later"), parking(1, Some(until), None)).await;
    let until = ago(&store, SOON).await;
    create_with(&store, &new_run("now"), parking(1, Some(until), None)).await;
    assert_eq!(load(&store, "later").await.waiting.unwrap().step.as_deref(), Some("nap"));
    assert_eq!(due_ids(&store).await, ["now"]);
    assert_eq!(claimed(&store, "later").await.state.folded.seq, 2);
}

/// It came between the last look and the commit.
pub async fn a_run_is_due_if_its_signal_came_before_it_parked(store: Shared) {
    let lease = create(&store, "a").await;
    tell(&store, "a", "approval").await;
    let until = from_now(&store, HOUR).await;
    commit(&store, &lease, parking(2, Some(until), Some("approval"))).await;
    assert_eq!(due_ids(&store).await, ["a"]);
}

/// Nor one that was taken, or that a run waits for no more.
pub async fn a_signal_of_another_name_keeps_no_run_from_waiting(store: Shared) {
    let lease = create(&store, "a").await;
    for name in ["other", "taken"] {
        tell(&store, "a", name).await;
    }
    let taken = next_signal(&store, "a", "taken").await.unwrap();
    let until = from_now(&store, HOUR).await;
    commit(&store, &lease, taking(parking(2, Some(until), Some("taken")), taken.id)).await;
    let next = next_due(&store).await.expect("it will be due");
    assert!(next > HOUR / 2, "{next:?}");
    let run = claimed(&store, "a").await;
    commit(&store, &run.lease, parking(4, None, None)).await;
    assert_eq!(next_due(&store).await, None);
}

/// The request came between the last look and the commit.
pub async fn a_run_is_due_if_it_was_cancelled_before_it_parked(store: Shared) {
    let lease = create(&store, "a").await;
    ask_to_cancel(&store, "a").await;
    commit(&store, &lease, parking(2, None, Some("approval"))).await;
    assert_eq!(load(&store, "a").await.status, Status::Cancelling);
    let run = the_due_run(&store).await;
    assert!(run.state.cancel_asked);
}

/// As often as it likes.
pub async fn a_long_log_waits_like_a_short_one(store: Shared) {
    let mut lease = create(&store, "a").await;
    let mut seq = 1;
    for nap in 0..150 {
        let until = ago(&store, SOON).await;
        commit(&store, &lease, Commit { writes: vec![write("naps", nap)], ..parking(seq + 1, Some(until), None) })
            .await;
        let run = the_due_run(&store).await;
        assert_eq!(run.state.folded.seq, seq + 2, "nap {nap}");
        (lease, seq) = (run.lease, seq + 2);
    }
    let until = from_now(&store, HOUR).await;
    commit(&store, &lease, parking(seq + 1, Some(until), None)).await;
    let checkpoint = load(&store, "a").await;
    assert_eq!((checkpoint.status, checkpoint.waiting.unwrap().until), (Status::Waiting, Some(until)));
    assert_eq!(checkpoint.state.get("naps").unwrap().as_str(), "149");
}

/// They have not ended.
pub async fn pruning_leaves_waiting_runs(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, parking(2, None, Some("approval"))).await;
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 0);
    assert_eq!(load(&store, "a").await.status, Status::Waiting);
}

/// Not in that in which they parked.
pub async fn waiting_runs_wake_in_the_order_of_their_time(store: Shared) {
    for (run_id, minutes) in [("second", 20), ("third", 10), ("first", 30)] {
        let lease = create(&store, run_id).await;
        let until = ago(&store, Duration::from_secs(60 * minutes)).await;
        commit(&store, &lease, parking(2, Some(until), None)).await;
    }
    assert_eq!(due_ids(&store).await, ["first", "second", "third"]);
}
