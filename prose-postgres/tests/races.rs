//! No wake-up is lost, whichever of two writes comes first: a park, and what it waits for. Between two instances, as between machines.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::Schema;
use prose::Store;
use prose::store::queue::{Asked, ClaimDue, Fit};
use prose::store::signals::{NewSignal, Sent};
use prose::store::{Commit, Ending, Lease, NewRun, RunKey};
use prose_postgres::PostgresStore;
use prose_store_tests::{json, new_run};

const ROUNDS: usize = 120;

/// Two instances of one schema.
struct Two {
    here: PostgresStore,
    there: PostgresStore,
    _schema: Schema,
}

async fn two() -> Option<Two> {
    let schema = Schema::new(common::url()?);
    let (here, there) = (schema.store().await, schema.store().await);
    Some(Two { here, there, _schema: schema })
}

fn waiting(seq: u64, signal: Option<&str>) -> Commit {
    let ending = Ending::Waiting { until: None, signal: signal.map(str::to_owned), children: 0 };
    Commit { ending: Some(ending), ..Commit::empty(seq) }
}

fn approval(run_id: &str) -> NewSignal {
    NewSignal {
        key: RunKey::new(run_id),
        flow: new_run(run_id).flow,
        name: "approval".to_owned(),
        id: None,
        payload: json("true"),
        keep_for: None,
    }
}

/// The ids of all runs that are due.
async fn due(store: &PostgresStore) -> Vec<String> {
    let request = ClaimDue { flows: vec![new_run("").flow], limit: 100, blocked: false };
    let due = store.queue().claim_due(&request, Arc::new(|_| Fit::Yes)).await.unwrap();
    due.runs.iter().map(|run| run.lease.key.run_id.clone()).collect()
}

/// Both at once; the one or the other some time later, from round to round.
async fn meet<A, B>(round: usize, one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let pause = Duration::from_micros(150 * (round as u64 % 16));
    let (first, second) = if round % 32 < 16 { (Duration::ZERO, pause) } else { (pause, Duration::ZERO) };
    let one = async {
        tokio::time::sleep(first).await;
        one.await
    };
    let other = async {
        tokio::time::sleep(second).await;
        other.await
    };
    tokio::join!(one, other)
}

async fn child(store: &PostgresStore, parent: &str, run_id: &str) -> Lease {
    let run = NewRun { parent: Some(RunKey::new(parent)), ..new_run(run_id) };
    store.create(&run, Commit::empty(1)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_that_meets_a_park_wakes_the_run() {
    let Some(Two { here, there, _schema }) = two().await else { return };
    for round in 0..ROUNDS {
        let run_id = format!("run-{round}");
        let lease = here.create(&new_run(&run_id), Commit::empty(1)).await.unwrap();
        let (signal, signals) = (approval(&run_id), there.signals());
        let (parked, sent) =
            meet(round, here.commit(&lease, waiting(2, Some("approval"))), signals.send(&signal)).await;
        parked.unwrap();
        assert_eq!(sent.unwrap(), Sent::Kept);
        assert_eq!(due(&there).await, [run_id], "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_cancel_that_meets_a_park_wakes_the_run() {
    let Some(Two { here, there, _schema }) = two().await else { return };
    for round in 0..ROUNDS {
        let run_id = format!("run-{round}");
        let lease = here.create(&new_run(&run_id), Commit::empty(1)).await.unwrap();
        let (key, queue) = (RunKey::new(&run_id), there.queue());
        let (parked, asked) = meet(round, here.commit(&lease, waiting(2, Some("approval"))), queue.cancel(&key)).await;
        parked.unwrap();
        assert_eq!(asked.unwrap(), Asked::Done);
        assert_eq!(due(&there).await, [run_id], "round {round}");
    }
}

/// The child has parked already, the parent is about to.
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_for_a_child_that_meets_its_parents_park_wakes_the_parent() {
    let Some(Two { here, there, _schema }) = two().await else { return };
    for round in 0..ROUNDS {
        let (top, bottom) = (format!("top-{round}"), format!("bottom-{round}"));
        let above = here.create(&new_run(&top), Commit::empty(1)).await.unwrap();
        let below = child(&here, &top, &bottom).await;
        here.commit(&below, waiting(2, Some("approval"))).await.unwrap();
        let (signal, signals) = (approval(&bottom), there.signals());
        let (parked, sent) = meet(round, here.commit(&above, waiting(2, None)), signals.send(&signal)).await;
        parked.unwrap();
        assert_eq!(sent.unwrap(), Sent::Kept);
        assert_eq!(due(&there).await, [top], "round {round}");
    }
}

/// Executed by somebody else than its parent.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_child_that_meets_its_parents_wake_loses_neither() {
    let Some(Two { here, there, _schema }) = two().await else { return };
    for round in 0..ROUNDS / 4 {
        let (top, bottom) = (format!("top-{round}"), format!("bottom-{round}"));
        let above = here.create(&new_run(&top), Commit::empty(1)).await.unwrap();
        let below = child(&there, &top, &bottom).await;
        here.commit(&above, waiting(2, Some("approval"))).await.unwrap();
        let ending = Ending::Completed { output: json("1") };
        let completed = Commit { ending: Some(ending), ..Commit::empty(2) };
        let (signal, signals) = (approval(&top), here.signals());
        let (ended, sent) = meet(round, there.commit(&below, completed), signals.send(&signal)).await;
        ended.unwrap();
        assert_eq!(sent.unwrap(), Sent::Kept);
        assert_eq!(due(&there).await, [top], "round {round}");
    }
}

/// There is no row yet that both could lock.
#[tokio::test(flavor = "multi_thread")]
async fn an_early_signal_that_meets_a_run_that_waits_from_the_first_wakes_it() {
    let Some(Two { here, there, _schema }) = two().await else { return };
    for round in 0..ROUNDS {
        let run_id = format!("run-{round}");
        let signal = NewSignal { keep_for: Some(Duration::from_secs(3_600)), ..approval(&run_id) };
        let (run, signals) = (new_run(&run_id), there.signals());
        let (created, sent) = meet(round, here.create(&run, waiting(1, Some("approval"))), signals.send(&signal)).await;
        created.unwrap();
        assert!(matches!(sent.unwrap(), Sent::Kept | Sent::KeptForLater));
        assert_eq!(due(&there).await, [run_id], "round {round}");
    }
}

/// The creation does not lock the name; the park that follows sees what was sent.
#[tokio::test(flavor = "multi_thread")]
async fn an_early_signal_that_meets_a_creation_and_a_park_wakes_the_run() {
    let Some(Two { here, there, _schema }) = two().await else { return };
    for round in 0..ROUNDS {
        let run_id = format!("run-{round}");
        let signal = NewSignal { keep_for: Some(Duration::from_secs(3_600)), ..approval(&run_id) };
        let (run, signals) = (new_run(&run_id), there.signals());
        let parking = async {
            let lease = here.create(&run, Commit::empty(1)).await.unwrap();
            here.commit(&lease, waiting(2, Some("approval"))).await
        };
        let (parked, sent) = meet(round, parking, signals.send(&signal)).await;
        parked.unwrap();
        assert!(matches!(sent.unwrap(), Sent::Kept | Sent::KeptForLater));
        assert_eq!(due(&there).await, [run_id], "round {round}");
    }
}

/// Of two that are sent at once with one id, before their run is there and while it is created, one is kept.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_signals_with_one_id_one_is_kept() {
    let Some(Two { here, there, _schema }) = two().await else { return };
    for round in 0..ROUNDS {
        let run_id = format!("run-{round}");
        let (id, keep_for) = (Some("s1".to_owned()), Some(Duration::from_secs(3_600)));
        let signal = NewSignal { id, keep_for, ..approval(&run_id) };
        let (run, signals) = (new_run(&run_id), (here.signals(), there.signals()));
        let twice = async { tokio::join!(signals.0.send(&signal), signals.1.send(&signal)) };
        let (created, (one, two)) = meet(round, here.create(&run, Commit::empty(1)), twice).await;
        let repeated = [one.unwrap(), two.unwrap()].iter().filter(|sent| matches!(sent, Sent::Repeated { .. })).count();
        assert_eq!(repeated, 1, "round {round}");
        created.unwrap();
    }
}
