//! Who goes on with the runs of a process that dies, is stopped, or drains.

use std::sync::Arc;
use std::time::Duration;

use prose::{Engine, Status, Store};
use prose_store_tests::process::{Other, Signal};

use crate::flows::gated;
use crate::ground::{Ground, eventually, on_both_stores};

on_both_stores! {
    the_runs_of_a_killed_process_go_on_without_its_lease
    the_runs_of_a_drained_process_go_on_without_its_lease
    who_is_stopped_past_the_lease_writes_nothing_and_lives_on
}

/// Whoever waits for it, waits longer than any test.
const HOUR: Duration = Duration::from_secs(3_600);

/// A run in the midst of its second step, in an engine of another process.
fn executed_by_a(ground: &Ground, lease: Duration) -> (Arc<dyn Store>, Other) {
    let store = ground.store();
    let client = ground.runtime.block_on(Engine::builder(&store, ()).concurrency(0).start()).unwrap();
    ground.runtime.block_on(client.submit(gated("run".to_owned()).run_id("run"))).unwrap();
    let a = ground.engine("a", lease);
    ground.folder.until("run two by a");
    (store, a)
}

/// The run is done by `b`, from the step on in which it was taken over.
fn was_taken_over_by_b(ground: &Ground, store: &Arc<dyn Store>) {
    ground.until_status(store, "run", Status::Completed);
    let expected = ["run one by a", "run two by a", "run two by b", "run three by b"];
    assert_eq!(ground.folder.ledger(), expected);
}

fn the_runs_of_a_killed_process_go_on_without_its_lease(ground: &Ground) {
    let (store, a) = executed_by_a(ground, HOUR);
    let _b = ground.engine("b", HOUR);
    a.kill();
    ground.folder.until("run two by b");
    ground.folder.open("run");
    was_taken_over_by_b(ground, &store);
}

fn the_runs_of_a_drained_process_go_on_without_its_lease(ground: &Ground) {
    let (store, mut a) = executed_by_a(ground, HOUR);
    let _b = ground.engine("b", HOUR);
    a.tell("drain");
    a.expect("gave back 1");
    // The drained process lives: it is not its death that is noticed.
    ground.folder.until("run two by b");
    ground.folder.open("run");
    was_taken_over_by_b(ground, &store);
    a.tell("");
    a.ends();
}

fn who_is_stopped_past_the_lease_writes_nothing_and_lives_on(ground: &Ground) {
    let (store, mut a) = executed_by_a(ground, Duration::from_secs(2));
    let b = ground.engine("b", HOUR);
    eventually("it is stopped outside of a write", || {
        a.signal(Signal::STOP);
        let outside = ground.can_be_written();
        if !outside {
            a.signal(Signal::CONT);
        }
        outside
    });
    ground.folder.until("run two by b");
    ground.folder.open("run");
    was_taken_over_by_b(ground, &store);
    b.kill();
    let saved = || format!("{:?}", ground.runtime.block_on(store.load("run")).unwrap());
    let before = saved();
    ground.folder.open("next");
    a.signal(Signal::CONT);
    // Its step ends as well, and what it would write is refused. It takes new work.
    a.tell("next");
    a.expect("next is done");
    assert_eq!(saved(), before);
    assert_eq!(ground.folder.times("run three by a"), 0);
    assert_eq!(ground.folder.times("next three by a"), 1);
}
