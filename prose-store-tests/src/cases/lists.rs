//! Lists of runs, for people.

use prose::Status;
use prose::store::queue::{ListRuns, RunSummary};
use prose::store::{Ending, NewRun, RunKey};

use crate::due::*;
use crate::kit::*;

const OTHER: &str = "ship-order";

async fn list(store: &Shared, request: ListRuns) -> Vec<RunSummary> {
    store.queue().list(&request).await.expect("runs are listed")
}

async fn listed(store: &Shared, request: ListRuns) -> Vec<String> {
    list(store, request).await.into_iter().map(|run| run.key.run_id).collect()
}

fn by_status(status: Status) -> ListRuns {
    ListRuns { status: Some(status), ..ListRuns::default() }
}

fn by_flow(flow: &str) -> ListRuns {
    ListRuns { flow: Some(flow.to_owned()), ..ListRuns::default() }
}

/// A run in each status, the oldest first.
const ONE_OF_EACH: [(&str, Status); 8] = [
    ("due", Status::Running),
    ("completed", Status::Completed),
    ("failed", Status::Failed),
    ("cancelled", Status::Cancelled),
    ("blocked", Status::Blocked),
    ("waiting", Status::Waiting),
    ("cancelling", Status::Cancelling),
    ("compensating", Status::Compensating),
];

async fn one_of_each(store: &Shared) {
    submit(store, "due").await;
    let blocked = Ending::Blocked { step: None, reason: "no".to_owned() };
    let cause = Ending::Failed { step: None, error: "no".to_owned() };
    for (run_id, last) in [
        ("completed", completed(2)),
        ("failed", failed(2)),
        ("cancelled", cancelled(2)),
        ("blocked", ending(2, blocked)),
        ("waiting", parking(2, None, Some("approval"))),
        ("cancelling", parking(2, None, Some("approval"))),
        ("compensating", prose::store::Commit { undoing: Some(prose::store::Undoing::Begun(cause)), ..at(2, "next") }),
    ] {
        let lease = create(store, run_id).await;
        commit(store, &lease, last).await;
    }
    ask_to_cancel(store, "cancelling").await;
}

/// With what a person wants to see first.
pub async fn runs_are_listed_newest_first(store: Shared) {
    assert_eq!(listed(&store, ListRuns::default()).await, [""; 0]);
    one_of_each(&store).await;
    let runs = list(&store, ListRuns::default()).await;
    let found: Vec<_> = runs.iter().rev().map(|run| (run.key.run_id.as_str(), run.status)).collect();
    assert_eq!(found, ONE_OF_EACH);
    assert!(runs.is_sorted_by(|newer, older| newer.place > older.place));
    for run in &runs {
        let checkpoint = load(&store, &run.key.run_id).await;
        assert_eq!((run.flow.as_str(), run.version, run.created_at), (FLOW, 1, checkpoint.created_at));
        assert_eq!(run.status, checkpoint.status);
        assert!(run.updated_at >= run.created_at - HOUR);
    }
}

/// Of one that is executed, or has ended, none.
pub async fn a_list_says_when_a_run_is_due(store: Shared) {
    let before = ago(&store, HOUR).await;
    submit(&store, "submitted").await;
    create(&store, "held").await;
    let released = create(&store, "released").await;
    store.release(&released);
    store.queue().released().await.unwrap();
    let until = from_now(&store, HOUR).await;
    let done = completed(2);
    for (run_id, last) in
        [("timer", parking(2, Some(until), None)), ("patient", parking(2, None, Some("approval"))), ("done", done)]
    {
        let lease = create(&store, run_id).await;
        commit(&store, &lease, last).await;
    }
    let now = now(&store).await;
    for run in list(&store, ListRuns::default()).await {
        match run.key.run_id.as_str() {
            "submitted" | "released" => assert!(run.wake_at.is_some_and(|at| at > before && at <= now), "{run:?}"),
            "timer" => assert_eq!(run.wake_at, Some(until)),
            _ => assert_eq!(run.wake_at, None, "{run:?}"),
        }
    }
}

/// One that was asked to end is in the list of those, and in no other.
pub async fn runs_are_listed_by_status(store: Shared) {
    one_of_each(&store).await;
    for (run_id, status) in ONE_OF_EACH {
        assert_eq!(listed(&store, by_status(status)).await, [run_id]);
    }
}

/// Alone, and together with a status.
pub async fn runs_are_listed_by_flow(store: Shared) {
    for number in 0..6 {
        let flow = if number % 2 == 0 { FLOW } else { OTHER };
        let run = NewRun { flow: flow.to_owned(), ..new_run(&numbered(number)) };
        let lease = create_with(&store, &run, at(1, "first")).await;
        if number < 4 {
            commit(&store, &lease, completed(2)).await;
        }
    }
    assert_eq!(listed(&store, by_flow(FLOW)).await, ["run-4", "run-2", "run-0"]);
    assert_eq!(listed(&store, by_flow(OTHER)).await, ["run-5", "run-3", "run-1"]);
    assert_eq!(listed(&store, by_flow("unknown")).await, [""; 0]);
    let done = ListRuns { status: Some(Status::Completed), ..by_flow(FLOW) };
    assert_eq!(listed(&store, done).await, ["run-2", "run-0"]);
    let running = ListRuns { status: Some(Status::Running), ..by_flow(OTHER) };
    assert_eq!(listed(&store, running).await, ["run-5"]);
}

/// Without a gap and without a repeat, whatever is created meanwhile.
pub async fn lists_are_read_page_by_page(store: Shared) {
    for number in 0..25 {
        let flow = if number % 3 == 0 { OTHER } else { FLOW };
        submit_run(&store, &of_flow(&numbered(number), flow)).await;
    }
    let all: Vec<_> = (0..25).rev().collect();
    let of_flow: Vec<_> = all.iter().copied().filter(|number| number % 3 != 0).collect();
    for (request, expected) in
        [(ListRuns::default(), &all), (by_flow(FLOW), &of_flow), (by_status(Status::Running), &all)]
    {
        let mut request = ListRuns { limit: 4, ..request };
        let mut found = Vec::new();
        loop {
            let page = list(&store, request.clone()).await;
            assert!(page.len() <= 4);
            let Some(last) = page.last() else { break };
            request.behind = Some(last.place);
            found.extend(page.into_iter().map(|run| run.key.run_id));
        }
        assert_eq!(found, expected.iter().map(|number| numbered(*number)).collect::<Vec<_>>());
    }
    let page = list(&store, ListRuns { limit: 3, ..ListRuns::default() }).await;
    submit(&store, "newer").await;
    let behind = ListRuns { behind: page.last().map(|run| run.place), limit: 1, ..ListRuns::default() };
    assert_eq!(listed(&store, behind).await, ["run-21"]);
}

/// Each namespace has its own.
pub async fn namespaces_keep_lists_apart(store: Shared) {
    let other = RunKey { namespace: "other".to_owned(), run_id: "b".to_owned() };
    submit(&store, "a").await;
    submit_run(&store, &new_run_at(other)).await;
    for request in [ListRuns::default(), by_flow(FLOW), by_status(Status::Running)] {
        assert_eq!(listed(&store, request.clone()).await, ["a"]);
        assert_eq!(listed(&store, ListRuns { namespace: "other".to_owned(), ..request }).await, ["b"]);
    }
    // An engine executes the runs of all of them.
    assert_eq!(due_ids(&store).await, ["a", "b"]);
}
