//! Runs that are steps of others: executed by their parent's execution, woken with it, deleted and pruned with it.

use std::time::Duration;

use prose::store::queue::{Asked, ListRuns};
use prose::store::{Claim, Commit, Lease, NewRun, RunKey};
use prose::{Status, StoreError};

use super::outbox::outgoing;
use crate::due::*;
use crate::kit::*;

fn child_of(parent: &str, run_id: &str) -> NewRun {
    NewRun { parent: Some(RunKey::new(parent)), ..new_run(run_id) }
}

async fn create_child(store: &Shared, parent: &str, run_id: &str) -> Lease {
    create_with(store, &child_of(parent, run_id), at(1, "first")).await
}

/// A child, a parent and its parent: all held.
async fn three(store: &Shared) -> [Lease; 3] {
    let top = create(store, "top").await;
    let middle = create_child(store, "top", "middle").await;
    let bottom = create_child(store, "middle", "bottom").await;
    [bottom, middle, top]
}

/// Parks a child that waits for a signal, and those above it that wait for it.
async fn park_all(store: &Shared, [bottom, middle, top]: &[Lease; 3]) {
    commit(store, bottom, parking(2, None, Some("approval"))).await;
    commit(store, middle, parking(2, None, None)).await;
    commit(store, top, parking(2, None, None)).await;
    assert_eq!(next_due(store).await, None);
}

/// Which runs have an instant at which they are due.
async fn woken(store: &Shared) -> Vec<String> {
    let runs = store.queue().list(&ListRuns::default()).await.expect("runs are listed");
    runs.into_iter().filter(|run| run.wake_at.is_some()).map(|run| run.key.run_id).collect()
}

/// Whoever claims it goes on with it as with any run.
pub async fn a_child_knows_its_parent(store: Shared) {
    let [bottom, ..] = three(&store).await;
    store.release(&bottom);
    let run = claimed(&store, "bottom").await;
    assert_eq!(run.state.run.parent, Some(RunKey::new("middle")));
    commit(&store, &run.lease, completed(3)).await;
    assert_eq!(ended(&store, &request("bottom")).await.run.parent, Some(RunKey::new("middle")));
    assert_eq!(load(&store, "bottom").await.status, Status::Completed);
}

/// Released, submitted, waiting or blocked: its parent's execution executes it.
pub async fn a_child_is_never_due(store: Shared) {
    let top = create(&store, "top").await;
    let released = create_child(&store, "top", "released").await;
    store.release(&released);
    submit_run(&store, &child_of("top", "submitted")).await;
    let until = ago(&store, HOUR).await;
    let waiting = create_child(&store, "top", "waiting").await;
    commit(&store, &waiting, parking(2, Some(until), None)).await;
    assert_eq!(next_due(&store).await, None, "the parent is held");
    store.release(&top);
    assert_eq!(due_ids(&store).await, ["top"]);
    assert_eq!(next_due(&store).await, None);
    assert!(matches!(claim(&store, &request("submitted")).await, Claim::Claimed(_)), "by its name it is claimed");
}

/// All that are above it, and nothing else.
pub async fn a_signal_for_a_child_wakes_all_above_it(store: Shared) {
    let runs = three(&store).await;
    let other = create_child(&store, "top", "other").await;
    commit(&store, &other, parking(2, None, Some("approval"))).await;
    park_all(&store, &runs).await;
    tell(&store, "bottom", "approval").await;
    assert_eq!(woken(&store).await, ["bottom", "middle", "top"]);
    assert_eq!(due_ids(&store).await, ["top"]);
    assert_eq!(claimed(&store, "middle").await.lease.epoch, 2);
}

/// A signal that the child does not wait for wakes nobody.
pub async fn a_signal_that_nobody_waits_for_wakes_no_parent(store: Shared) {
    park_all(&store, &three(&store).await).await;
    for run_id in ["bottom", "middle", "top"] {
        tell(&store, run_id, "refusal").await;
    }
    assert_eq!(next_due(&store).await, None);
}

/// As a signal does.
pub async fn cancelling_a_child_wakes_all_above_it(store: Shared) {
    park_all(&store, &three(&store).await).await;
    ask_to_cancel(&store, "bottom").await;
    assert_eq!(woken(&store).await, ["bottom", "middle", "top"]);
    let run = the_due_run(&store).await;
    assert_eq!((run.lease.key.run_id.as_str(), run.state.cancel_asked), ("top", false));
    assert_eq!(load(&store, "bottom").await.status, Status::Cancelling);
}

/// Whoever was called with its name has gone; what it left is for the parent.
pub async fn a_child_that_is_given_back_wakes_all_above_it(store: Shared) {
    park_all(&store, &three(&store).await).await;
    let run = claimed(&store, "bottom").await;
    assert_eq!(next_due(&store).await, None);
    store.release(&run.lease);
    assert_eq!(due_ids(&store).await, ["top"]);
}

/// Whoever was called with its name has taken the signal, and has come to its end.
pub async fn a_child_that_has_ended_wakes_all_above_it(store: Shared) {
    park_all(&store, &three(&store).await).await;
    let run = claimed(&store, "bottom").await;
    tell(&store, "bottom", "approval").await;
    assert_eq!(next_due(&store).await, None);
    commit(&store, &run.lease, completed(4)).await;
    assert_eq!(woken(&store).await, ["middle", "top"]);
    assert_eq!(due_ids(&store).await, ["top"]);
}

/// A failed one that is to go on.
pub async fn restarting_a_child_wakes_all_above_it(store: Shared) {
    let [bottom, middle, top] = three(&store).await;
    commit(&store, &bottom, failed(2)).await;
    commit(&store, &middle, parking(2, None, None)).await;
    commit(&store, &top, parking(2, None, None)).await;
    assert_eq!(next_due(&store).await, None);
    restart(&store, "bottom").await;
    assert_eq!(due_ids(&store).await, ["top"]);
}

/// Nobody would execute it. The error names the topmost, which can be started again if it has failed itself.
pub async fn restarting_below_a_run_that_has_ended_is_refused(store: Shared) {
    let leases = three(&store).await;
    for lease in &leases {
        commit(&store, lease, failed(2)).await;
    }
    for below in ["bottom", "middle"] {
        let before = snapshot(&store, below).await;
        assert_eq!(restart(&store, below).await, Asked::Above(RunKey::new("top"), Status::Failed));
        assert_eq!(snapshot(&store, below).await, before);
    }
    assert_eq!(restart(&store, "top").await, Asked::Done);
    assert_eq!(restart(&store, "bottom").await, Asked::Above(RunKey::new("middle"), Status::Failed));
    assert_eq!(restart(&store, "middle").await, Asked::Done);
    assert_eq!(restart(&store, "bottom").await, Asked::Done);
    assert_eq!(due_ids(&store).await, ["top"]);
}

/// What the child waited for came between the last look and the parent's commit.
pub async fn a_parent_that_parks_above_a_due_child_is_due(store: Shared) {
    let [bottom, middle, top] = three(&store).await;
    commit(&store, &bottom, parking(2, None, Some("approval"))).await;
    tell(&store, "bottom", "approval").await;
    commit(&store, &middle, parking(2, None, None)).await;
    commit(&store, &top, parking(2, None, None)).await;
    assert_eq!(woken(&store).await, ["bottom", "middle", "top"]);
    assert_eq!(due_ids(&store).await, ["top"]);
}

/// Whoever was called with the child's name has come to its end, between its own parking and its parent's.
pub async fn a_parent_that_parks_above_a_child_that_has_ended_meanwhile_is_due(store: Shared) {
    let [bottom, middle, top] = three(&store).await;
    commit(&store, &bottom, parking(2, None, Some("approval"))).await;
    commit(&store, &claimed(&store, "bottom").await.lease, completed(4)).await;
    commit(&store, &middle, parking_above(2, 1)).await;
    commit(&store, &top, parking_above(2, 1)).await;
    assert_eq!(woken(&store).await, ["middle", "top"]);
    assert_eq!(due_ids(&store).await, ["top"]);
    // What has ended before, it knows of.
    let run = claimed(&store, "middle").await;
    commit(&store, &run.lease, parking_above(run.state.folded.seq + 1, 0)).await;
    assert_eq!(woken(&store).await, [""; 0]);
}

/// Whoever holds them, whatever they wait for; not those further below.
pub async fn the_unfinished_runs_right_below_one_are_told(store: Shared) {
    let top = create(&store, "top").await;
    let ended = create_child(&store, "top", "ended").await;
    commit(&store, &ended, completed(2)).await;
    let held = create_child(&store, "top", "held").await;
    let until = from_now(&store, HOUR).await;
    for (run_id, wait) in [("timer", parking(2, Some(until), None)), ("signal", parking(2, None, Some("approval")))] {
        let lease = create_child(&store, "top", run_id).await;
        create_child(&store, run_id, &format!("below {run_id}")).await;
        commit(&store, &lease, wait).await;
    }
    let cancelled = create_child(&store, "top", "cancelled").await;
    ask_to_cancel(&store, "cancelled").await;
    let below = store.queue().below(&top.key).await.unwrap();
    let told: Vec<_> = below.iter().map(|run| (run.key.run_id.as_str(), run.status, run.wake_at)).collect();
    let expected = [
        ("held", Status::Running, None),
        ("timer", Status::Waiting, Some(until)),
        ("signal", Status::Waiting, None),
        ("cancelled", Status::Cancelling, None),
    ];
    assert_eq!(told, expected);
    [&held, &cancelled].into_iter().for_each(|lease| store.release(lease));
    assert!(store.queue().below(&RunKey::new("nobody")).await.unwrap().is_empty());
}

/// The earliest of its children counts, and its own time if that is earlier.
pub async fn a_parent_is_due_with_the_first_of_its_children(store: Shared) {
    let top = create(&store, "top").await;
    for (run_id, hours) in [("second", 3), ("first", 1), ("third", 4)] {
        let lease = create_child(&store, "top", run_id).await;
        let until = from_now(&store, hours * HOUR).await;
        commit(&store, &lease, parking(2, Some(until), None)).await;
    }
    let done = create_child(&store, "top", "done").await;
    commit(&store, &done, completed(2)).await;
    let until = from_now(&store, 2 * HOUR).await;
    commit(&store, &top, parking(2, Some(until), None)).await;
    let next = next_due(&store).await.expect("a run will be due");
    assert!(next <= HOUR && next > HOUR / 2, "{next:?}");
    let run = claimed(&store, "top").await;
    let until = from_now(&store, HOUR / 4).await;
    commit(&store, &run.lease, parking(4, Some(until), None)).await;
    let next = next_due(&store).await.expect("a run will be due");
    assert!(next <= HOUR / 4, "{next:?}");
}

/// At any depth.
pub async fn deleting_a_run_deletes_all_below_it(store: Shared) {
    let leases = three(&store).await;
    let other = create(&store, "other").await;
    leases.iter().chain([&other]).for_each(|lease| store.release(lease));
    tell(&store, "bottom", "approval").await;
    assert!(store.delete("top").await.unwrap());
    for run_id in ["top", "middle", "bottom"] {
        assert!(store.load(run_id).await.unwrap().is_none(), "{run_id}");
        assert!(matches!(claim(&store, &request(run_id)).await, Claim::Missing));
    }
    assert_eq!(next_signal(&store, "bottom", "approval").await, None);
    load(&store, "other").await;
}

/// The others of its tree stay.
pub async fn deleting_a_child_leaves_its_parent(store: Shared) {
    let leases = three(&store).await;
    leases.iter().for_each(|lease| store.release(lease));
    assert!(store.delete("middle").await.unwrap());
    assert!(store.load("bottom").await.unwrap().is_none());
    load(&store, "top").await;
    assert_eq!(due_ids(&store).await, ["top"]);
}

/// The error names it, and nothing is deleted.
pub async fn deleting_above_a_held_child_is_refused(store: Shared) {
    let [bottom, middle, top] = three(&store).await;
    [&middle, &top].into_iter().for_each(|lease| store.release(lease));
    match store.delete("top").await {
        Err(StoreError::Busy(key)) => assert_eq!(key, RunKey::new("bottom")),
        other => panic!("a child is held: {other:?}"),
    }
    for run_id in ["top", "middle", "bottom"] {
        load(&store, run_id).await;
    }
    store.release(&bottom);
    assert!(store.delete("top").await.unwrap());
}

/// And counts each run of them.
pub async fn pruning_takes_whole_trees(store: Shared) {
    for lease in three(&store).await {
        commit(&store, &lease, completed(2)).await;
    }
    assert_eq!(store.prune(HOUR).await.unwrap(), 0, "it is too young");
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 3);
    for run_id in ["top", "middle", "bottom"] {
        assert!(store.load(run_id).await.unwrap().is_none(), "{run_id}");
    }
}

/// Its parent may ask for its output again.
pub async fn pruning_takes_no_child_alone(store: Shared) {
    let [bottom, middle, top] = three(&store).await;
    commit(&store, &bottom, completed(2)).await;
    commit(&store, &middle, failed(2)).await;
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 0);
    commit(&store, &top, completed(2)).await;
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 3);
}

/// Waiting, running or blocked: what it is doing would be lost.
pub async fn pruning_leaves_trees_with_an_unfinished_child(store: Shared) {
    let [bottom, middle, top] = three(&store).await;
    commit(&store, &bottom, parking(2, None, Some("approval"))).await;
    commit(&store, &middle, failed(2)).await;
    commit(&store, &top, failed(2)).await;
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 0);
    let run = claimed(&store, "bottom").await;
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 0);
    commit(&store, &run.lease, completed(4)).await;
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 3);
}

/// Whoever listens to the channel may ask for the run.
pub async fn pruning_leaves_trees_with_an_unpublished_event(store: Shared) {
    let [bottom, middle, top] = three(&store).await;
    let publishing = Commit { events: vec![outgoing("orders", "e1")], ..completed(2) };
    commit(&store, &bottom, publishing).await;
    commit(&store, &middle, completed(2)).await;
    commit(&store, &top, completed(2)).await;
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 0);
    let request = prose::store::DueRequest { ordered: Vec::new(), without: Vec::new(), limit: 10 };
    let events = store.outbox().due(&request).await.unwrap().expect("nobody else publishes");
    store.outbox().published(&[events[0].id]).await.unwrap();
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 3);
}
