//! Short words for the cases of the queue and of signals: what is due, what waits, what is sent.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use prose::Json;
use prose::store::queue::{Asked, ClaimDue, DueRuns, Fit, Fits, Submitted};
use prose::store::signals::{NewSignal, Sent, StoredSignal};
use prose::store::{ClaimedRun, Commit, Ending, NewRun, RunKey, SignalUse, Write, from_millis, to_millis};

use crate::kit::{FLOW, LONG, Shared, at, json, new_run};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// Code that can go on with every run.
pub(crate) fn all_fit() -> Fits {
    Arc::new(|_| Fit::Yes)
}

/// Asks for runs of [`FLOW`].
pub(crate) fn asking(limit: usize) -> ClaimDue {
    ClaimDue { flows: vec![FLOW.to_owned()], limit, blocked: false }
}

pub(crate) async fn claim_due(store: &Shared, request: &ClaimDue, fits: Fits) -> DueRuns {
    store.queue().claim_due(request, fits).await.expect("due runs are claimed")
}

/// The runs of [`FLOW`] that are due.
pub(crate) async fn due_runs(store: &Shared) -> Vec<ClaimedRun> {
    claim_due(store, &asking(100), all_fit()).await.runs
}

/// Their ids.
pub(crate) async fn due_ids(store: &Shared) -> Vec<String> {
    ids(&due_runs(store).await)
}

pub(crate) fn ids(runs: &[ClaimedRun]) -> Vec<String> {
    runs.iter().map(|run| run.lease.key.run_id.clone()).collect()
}

/// The one run that is due.
pub(crate) async fn the_due_run(store: &Shared) -> ClaimedRun {
    let mut runs = due_runs(store).await;
    assert_eq!(runs.len(), 1, "{:?}", ids(&runs));
    runs.remove(0)
}

/// The one run that will be due, however slow the machine.
pub(crate) async fn soon_due(store: &Shared) -> ClaimedRun {
    let waiting = async {
        loop {
            let mut due = claim_due(store, &asking(1), all_fit()).await;
            if let Some(run) = due.runs.pop() {
                return run;
            }
            tokio::time::sleep(due.next.expect("a run will be due")).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.expect("a run is due in time")
}

/// How long until a run of [`FLOW`] is due; none must be now.
pub(crate) async fn next_due(store: &Shared) -> Option<Duration> {
    let due = claim_due(store, &asking(100), all_fit()).await;
    assert_eq!(ids(&due.runs), [""; 0], "nothing is due");
    due.next
}

pub(crate) async fn submit(store: &Shared, run_id: &str) {
    submit_run(store, &new_run(run_id)).await;
}

pub(crate) async fn submit_run(store: &Shared, run: &NewRun) {
    assert_eq!(store.queue().submit(run).await.expect("it is submitted"), Submitted::New);
}

pub(crate) fn of_flow(run_id: &str, flow: &str) -> NewRun {
    NewRun { flow: flow.to_owned(), ..new_run(run_id) }
}

pub(crate) async fn ask_to_cancel(store: &Shared, run_id: &str) -> Asked {
    store.queue().cancel(&RunKey::new(run_id)).await.expect("it is asked")
}

pub(crate) async fn restart(store: &Shared, run_id: &str) -> Asked {
    store.queue().restart(&RunKey::new(run_id)).await.expect("it is asked")
}

/// So long from now on, by the store's clock, to the millisecond.
pub(crate) async fn from_now(store: &Shared, pause: Duration) -> SystemTime {
    to_the_millisecond(now(store).await + pause)
}

/// The other way.
pub(crate) async fn ago(store: &Shared, pause: Duration) -> SystemTime {
    to_the_millisecond(now(store).await - pause)
}

pub(crate) async fn now(store: &Shared) -> SystemTime {
    store.queue().now().await.expect("the store has a clock")
}

fn to_the_millisecond(instant: SystemTime) -> SystemTime {
    from_millis(to_millis(instant))
}

/// A commit at the entrance of `nap`, with which the run waits.
pub(crate) fn parking(seq: u64, until: Option<SystemTime>, signal: Option<&str>) -> Commit {
    let signal = signal.map(str::to_owned);
    Commit { ending: Some(Ending::Waiting { until, signal, children: 0 }), ..at(seq, "nap") }
}

/// The same, for one of so many children.
pub(crate) fn parking_above(seq: u64, children: u64) -> Commit {
    Commit { ending: Some(Ending::Waiting { until: None, signal: None, children }), ..at(seq, "nap") }
}

pub(crate) fn signal(run_id: &str, name: &str, payload: Json) -> NewSignal {
    NewSignal {
        key: RunKey::new(run_id),
        flow: FLOW.to_owned(),
        name: name.to_owned(),
        id: None,
        payload,
        keep_for: None,
    }
}

pub(crate) async fn send(store: &Shared, signal: &NewSignal) -> Sent {
    store.signals().send(signal).await.expect("the signal is sent")
}

/// Sends `true` to a run that is there.
pub(crate) async fn tell(store: &Shared, run_id: &str, name: &str) {
    assert_eq!(send(store, &signal(run_id, name, json("true"))).await, Sent::Kept);
}

/// The next signal for a run of [`new_run`].
pub(crate) async fn next_signal(store: &Shared, run_id: &str, name: &str) -> Option<StoredSignal> {
    let run = new_run(run_id);
    store.signals().next(&run.key, &run.uid, name).await.expect("signals are read")
}

/// A commit that takes a signal as well.
pub(crate) fn taking(commit: Commit, signal: i64) -> Commit {
    Commit { signals: vec![SignalUse { id: signal, refused: None }], ..commit }
}

/// A number as a variable.
pub(crate) fn write(name: &str, number: u64) -> Write {
    Write { name: name.to_owned(), value: json(&number.to_string()) }
}
