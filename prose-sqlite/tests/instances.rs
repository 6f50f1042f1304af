//! Several instances that execute the runs of one file: here each is a store of its own in this process; `recovery.rs` has processes.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use common::*;
use prose::Status;
use prose::store::queue::{Attendance, ClaimDue, DueRuns, Fit, Fits};
use prose::store::{Claim, Commit, Ending, NewRun, Queue, RunKey, Store};
use prose_sqlite::SqliteStore;
use rusqlite::Connection;

struct Place {
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { file: folder.path().join("runs.db"), _folder: folder }
    }

    async fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.file).await.unwrap()
    }

    fn execute(&self, sql: &str) {
        assert!(Connection::open(&self.file).unwrap().execute(sql, []).unwrap() > 0, "{sql}");
    }
}

fn asking(blocked: bool) -> ClaimDue {
    ClaimDue { flows: vec![new_run("").flow], limit: 100, blocked }
}

async fn claim_due(store: &SqliteStore, fits: Fits) -> DueRuns {
    store.claim_due(&asking(true), fits).await.unwrap()
}

async fn due(store: &SqliteStore) -> Vec<String> {
    ids(&claim_due(store, Arc::new(|_| Fit::Yes)).await)
}

fn ids(due: &DueRuns) -> Vec<String> {
    due.runs.iter().map(|run| run.lease.key.run_id.clone()).collect()
}

fn refusing() -> Fits {
    Arc::new(|_| Fit::No("too old".to_owned()))
}

/// Until somebody can go on with it; when it has waited since, all are asked again.
#[tokio::test]
async fn a_blocked_run_is_given_to_each_who_has_not_refused_it() {
    let place = Place::new();
    let (one, two, three) = (place.open().await, place.open().await, place.open().await);
    one.submit(&new_run("a")).await.unwrap();
    assert_eq!(claim_due(&one, refusing()).await.blocked, 1);
    assert_eq!(one.load("a").await.unwrap().unwrap().status, Status::Blocked);
    assert_eq!(one.claim_due(&asking(false), Arc::new(|_| Fit::Yes)).await.unwrap().runs.len(), 0);
    assert_eq!(claim_due(&two, refusing()).await.blocked, 1);
    assert_eq!((due(&one).await.len(), due(&two).await.len()), (0, 0));
    let run = claim_due(&three, Arc::new(|_| Fit::Yes)).await.runs.remove(0);
    let refusal = Ending::Blocked { step: None, reason: "me neither".to_owned() };
    three
        .commit(&run.lease, Commit { ending: Some(refusal), ..Commit::empty(run.state.folded.seq + 1) })
        .await
        .unwrap();
    assert_eq!(due(&three).await.len(), 0);
    let four = place.open().await;
    let run = claim_due(&four, Arc::new(|_| Fit::Yes)).await.runs.remove(0);
    let waiting = Ending::Waiting { until: Some(std::time::SystemTime::UNIX_EPOCH), signal: None, children: 0 };
    four.commit(&run.lease, Commit { ending: Some(waiting), ..Commit::empty(run.state.folded.seq + 1) }).await.unwrap();
    assert_eq!(due(&one).await, ["a"]);
}

/// It is told in words, and keeps nobody from the others.
#[tokio::test]
async fn a_due_run_that_cannot_be_read_becomes_blocked() {
    for damage in [
        "update prose_commits set phase = 'left' where run = 1",
        "update prose_commits set writes = '{' where run = 1",
        "update prose_runs set fingerprint = 'none' where run = 1",
        "update prose_details set input = '{' where run = 1",
        "delete from prose_commits where run = 1",
    ] {
        let place = Place::new();
        let store = place.open().await;
        for run_id in ["a", "b"] {
            let lease = store.create(&new_run(run_id), writing(1)).await.unwrap();
            store.release(&lease);
        }
        store.released().await.unwrap();
        place.execute(damage);
        let due = claim_due(&store, Arc::new(|_| Fit::Yes)).await;
        assert_eq!((ids(&due), due.blocked), (vec!["b".to_owned()], 1), "{damage}");
        let sql = Connection::open(&place.file).unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?));
        let query = "select status, error, owner from prose_runs join prose_details using (run) where run = 1";
        let (status, error, owner): (String, String, _) = sql.query_row(query, [], row).unwrap();
        assert_eq!((status.as_str(), owner), ("blocked", None), "{damage}");
        assert!(error.contains("read"), "{error}");
        assert_eq!(claim_due(&store, Arc::new(|_| Fit::Yes)).await.blocked, 0, "it is not tried again");
    }
}

/// For people who look at the table, and for those who wait for its end.
#[tokio::test]
async fn an_instance_that_attends_has_a_name_and_its_own_lease() {
    let place = Place::new();
    let store = place.open().await;
    let read = || {
        let sql = Connection::open(&place.file).unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        sql.query_row("select name, lease from prose_instances", [], row).unwrap()
    };
    assert_eq!(read(), (None::<String>, 30_000));
    for (lease, expected) in [(None, 30_000), (Some(Duration::from_secs(7)), 7_000), (None, 7_000)] {
        store.attend(&Attendance { name: "web-1".to_owned(), lease }).await.unwrap();
        assert_eq!(read(), (Some("web-1".to_owned()), expected));
    }
}

/// What the dead leave is for all: also a child, whose parent waits.
#[tokio::test]
async fn a_child_of_a_dead_instance_wakes_all_above_it() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    let top = one.create(&new_run("top"), at(1)).await.unwrap();
    let child = NewRun { parent: Some(RunKey::new("top")), ..new_run("child") };
    two.create(&child, at(1)).await.unwrap();
    let waiting = Ending::Waiting { until: None, signal: None, children: 0 };
    one.commit(&top, Commit { ending: Some(waiting), ..at(2) }).await.unwrap();
    assert_eq!((one.recover().await.unwrap(), due(&one).await.len()), (0, 0));
    drop(two);
    assert_eq!(one.recover().await.unwrap(), 1);
    assert_eq!(due(&one).await, ["top"]);
    assert!(matches!(one.claim(&request("child")).await.unwrap(), Claim::Claimed(_)));
}

/// Each instance hears of its own runs.
#[tokio::test]
async fn only_who_executes_a_run_is_told_to_cancel_it() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    for (store, run_id) in [(&one, "a"), (&two, "b")] {
        store.create(&new_run(run_id), at(1)).await.unwrap();
    }
    for run_id in ["a", "b"] {
        one.cancel(&RunKey::new(run_id)).await.unwrap();
    }
    assert_eq!(one.asked_to_cancel().await.unwrap(), [RunKey::new("a")]);
    assert_eq!(two.asked_to_cancel().await.unwrap(), [RunKey::new("b")]);
}

#[tokio::test]
async fn deaths_are_counted_until_a_run_gets_further() {
    let place = Place::new();
    let open = async || Arc::new(place.open().await) as Arc<dyn Store>;
    prose_store_tests::deaths::deaths_are_counted_until_a_run_gets_further(open).await;
}

/// A long log is folded, and its last commit may be all that is left of what the execution wrote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_execution_whose_log_was_folded_has_written() {
    let place = Place::new();
    let watcher = place.open().await;
    watcher.submit(&new_run("a")).await.unwrap();
    for expected in [0, 1, 1] {
        let store = place.open().await;
        let run = claim_due(&store, Arc::new(|_| Fit::Yes)).await.runs.remove(0);
        assert_eq!(run.crashes, expected);
        for next in 1..200 {
            store.commit(&run.lease, writing(run.state.folded.seq + next)).await.unwrap();
        }
        drop(store);
        assert_eq!(watcher.recover().await.unwrap(), 1);
    }
    assert!(rows(&place.file) < 200, "it was folded");
}

fn rows(file: &Path) -> i64 {
    let sql = Connection::open(file).unwrap();
    sql.query_row("select count(*) from prose_commits", [], |row| row.get(0)).unwrap()
}
