//! How a store counts the executions that die: what every store must do whose runs outlive their processes.

use std::time::Duration;

use prose::store::{ClaimedRun, Commit, Ending};

use crate::due::{ago, due_runs, parking, submit};
use crate::kit::{LONG, Shared, at};

/// What an execution does before it is over.
#[derive(Clone, Copy, Debug)]
enum Does {
    Nothing,
    /// It gets further.
    Writes,
    /// It writes, and claims the run once more for itself.
    WritesAndReclaims,
    /// It waits at its step.
    Waits,
    /// It waits as it stands, for something to come back that lies beneath it.
    IsPutOff,
}

/// How it is over.
#[derive(Clone, Copy, Debug)]
enum End {
    /// With its process.
    Dies,
    /// In good order.
    GivesBack,
    /// What it has done has ended its claim.
    Over,
}

/// What happens to a run, and how many deaths are counted when it is claimed behind that.
const STORY: [(Does, End, u32); 14] = [
    (Does::Nothing, End::Dies, 1),
    (Does::Nothing, End::Dies, 2),
    // In between its processes are drained. That says nothing of what kills them.
    (Does::Nothing, End::GivesBack, 2),
    (Does::Nothing, End::Dies, 3),
    (Does::IsPutOff, End::Over, 3),
    (Does::Nothing, End::Dies, 4),
    // It gets further: what has died before had another cause.
    (Does::Writes, End::GivesBack, 0),
    (Does::Nothing, End::Dies, 1),
    (Does::Writes, End::Dies, 1),
    (Does::Nothing, End::Dies, 2),
    (Does::WritesAndReclaims, End::Dies, 1),
    (Does::Nothing, End::Dies, 2),
    (Does::Waits, End::Over, 0),
    (Does::Nothing, End::GivesBack, 0),
];

/// A death counts if the execution had written nothing of the run, and the count begins anew when one has. `open` opens the store once more, as
/// another process would: dropping it is that process' death.
///
/// # Panics
/// If the store counts otherwise.
pub async fn deaths_are_counted_until_a_run_gets_further(open: impl AsyncFn() -> Shared) {
    let watcher = open().await;
    submit(&watcher, "a").await;
    let mut expected = 0;
    for (place, (does, end, then)) in STORY.into_iter().enumerate() {
        let store = open().await;
        let run = claimed(&store, expected, &format!("in front of {place}")).await;
        act(&store, &run, does).await;
        match end {
            End::Dies => {
                drop(store);
                recovered(&watcher).await;
            }
            End::GivesBack => {
                store.release(&run.lease);
                store.queue().released().await.expect("it is given back");
            }
            End::Over => {}
        }
        expected = then;
    }
    claimed(&watcher, expected, "in the end").await;
}

async fn claimed(store: &Shared, expected: u32, when: &str) -> ClaimedRun {
    let run = due_runs(store).await.pop().unwrap_or_else(|| panic!("it is due, {when}"));
    assert_eq!(run.crashes, expected, "deaths, {when}");
    run
}

async fn act(store: &Shared, run: &ClaimedRun, does: Does) {
    let (lease, next) = (&run.lease, run.state.folded.seq + 1);
    let until = Some(ago(store, Duration::from_secs(1)).await);
    let commit = match does {
        Does::Nothing => return,
        Does::Writes | Does::WritesAndReclaims => at(next, "next"),
        Does::Waits => parking(next, until, None),
        Does::IsPutOff => {
            Commit { ending: Some(Ending::Waiting { until, signal: None, children: 0 }), ..Commit::empty(next) }
        }
    };
    store.commit(lease, commit).await.expect("it is written");
    if matches!(does, Does::WritesAndReclaims) {
        assert!(store.reclaim(lease, next).await.expect("it is its own").committed);
    }
}

async fn recovered(store: &Shared) {
    let recovering = async {
        while store.queue().recover().await.expect("it is told") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, recovering).await.expect("its owner is dead");
}
