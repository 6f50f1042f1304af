//! Real processes that are killed, stopped and in each other's way.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(unix)]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::*;
use prose::StoreError;
use prose::store::{Claim, Lease, RunKey, Store};
use prose_sqlite::SqliteStore;
use prose_store_tests::process::{Other, Signal, listen, part, say};
use tokio::task::JoinSet;

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((part, file)) = part() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        match part.as_str() {
            "commits alone" => commits_for_ever(&file, 1).await,
            "commits at once" => commits_for_ever(&file, 16).await,
            "takes turns" => takes_turns(&file).await,
            "holds a run" => holds_a_run(&file).await,
            "dies in a transaction" => dies_in_a_transaction(&file).await,
            other => panic!("nobody knows how to play `{other}`"),
        }
    });
}

/// Goes on with its runs, and says each commit that was acknowledged.
async fn commits_for_ever(file: &str, runs: usize) {
    let store = SqliteStore::open(file).await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..runs {
        let store = store.clone();
        tasks.spawn(async move {
            let run_id = format!("run-{number}");
            let (lease, mut seq) = take(&store, &run_id).await;
            loop {
                seq += 1;
                store.commit(&lease, writing(seq)).await.unwrap();
                say(&format!("{run_id} {seq}"));
            }
        });
    }
    tasks.join_all().await;
}

/// The run, which must be free, and its last seq.
async fn take(store: &SqliteStore, run_id: &str) -> (Lease, u64) {
    match store.claim(&request(run_id)).await.unwrap() {
        Claim::Missing => (store.create(&new_run(run_id), at(1)).await.unwrap(), 1),
        Claim::Claimed(run) => (run.lease, run.state.folded.seq),
        other => panic!("`{run_id}` should be free: {other:?}"),
    }
}

/// Each acknowledged commit is there, and the run is free at the first call, both for a store that was open all along and
/// for one that is opened then. The number of commits before each kill is another in each round.
async fn survives_kills(plays: &str, runs: usize) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let open_all_along = SqliteStore::open(&file).await.unwrap();
    for round in 0..12 {
        let mut other = Other::plays(plays, &file);
        let mut acknowledged = vec![0; runs];
        let mut note = |line: String| {
            let (run_id, seq) = line.split_once(' ').unwrap();
            let number: usize = run_id.strip_prefix("run-").unwrap().parse().unwrap();
            acknowledged[number] = acknowledged[number].max(seq.parse().unwrap());
        };
        for _ in 0..(round * round * 7) % 200 + 1 {
            note(other.heard().unwrap());
        }
        other.kill().into_iter().for_each(&mut note);
        let opened_then = SqliteStore::open(&file).await.unwrap();
        let store = if round % 2 == 0 { &open_all_along } else { &opened_then };
        for (number, seq) in acknowledged.into_iter().enumerate().filter(|(_, seq)| *seq > 0) {
            let run_id = format!("run-{number}");
            assert!(last_written(store, &run_id).await >= seq, "{run_id} has lost commit {seq}");
            let (lease, _) = take(store, &run_id).await;
            store.release(&lease);
            // Other processes learn of it a moment later; the next child wants to find it free.
            store.prune(Duration::MAX).await.unwrap();
        }
    }
}

#[tokio::test]
async fn acknowledged_commits_of_one_run_survive_sigkill() {
    survives_kills("commits alone", 1).await;
}

#[tokio::test]
async fn acknowledged_commits_of_many_runs_survive_sigkill() {
    survives_kills("commits at once", 16).await;
}

const TURNS: u64 = 40;

/// Claims, commits once and releases, over and over.
async fn takes_turns(file: &str) {
    let store = SqliteStore::open(file).await.unwrap();
    for _ in 0..TURNS {
        loop {
            match store.claim(&request("shared")).await.unwrap() {
                Claim::Claimed(run) => {
                    store.commit(&run.lease, writing(run.state.folded.seq + 1)).await.unwrap();
                    store.release(&run.lease);
                    break;
                }
                Claim::Held { epoch } => store.changed(&RunKey::new("shared"), epoch).await,
                other => panic!("{other:?}"),
            }
        }
        say("had a turn");
    }
}

#[tokio::test]
async fn two_processes_share_a_run_in_turn() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let lease = store.create(&new_run("shared"), at(1)).await.unwrap();
    store.release(&lease);
    let others = [Other::plays("takes turns", &file), Other::plays("takes turns", &file)];
    let said: usize = others.into_iter().map(|other| other.ends().len()).sum();
    assert_eq!(said as u64, 2 * TURNS);
    let run = claimed(&store, "shared").await;
    assert_eq!(run.state.folded.completed.len() as u64, 2 * TURNS, "each turn is a commit");
    assert_eq!(run.lease.epoch, 2 * TURNS + 2, "each turn was a claim");
}

const LEASE: Duration = Duration::from_millis(500);

async fn holds_a_run(file: &str) {
    let store = SqliteStore::builder(file).lease(LEASE).open().await.unwrap();
    let (lease, seq) = take(&store, "held").await;
    say("held");
    loop {
        assert_eq!(listen(), "commit");
        match store.commit(&lease, writing(seq + 1)).await {
            Ok(()) => say("committed"),
            Err(StoreError::Fenced(_)) => say("fenced"),
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_killed_owner_is_replaced_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let mut other = Other::plays("holds a run", &file);
    other.expect("held");
    other.tell("commit");
    other.expect("committed");
    assert!(matches!(store.delete("held").await, Err(StoreError::Busy(_))));
    // Whoever waits already is told as well.
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.changed(&RunKey::new("held"), 1).await }
    });
    other.kill();
    assert_eq!(claimed(&store, "held").await.lease.epoch, 2);
    waiting.await.unwrap();
    assert_eq!(files_of_instances(&file).await, 1, "nothing is left of the dead when the next one has started");
}

/// Files in the directory of locks, after the sweep of one who starts and goes.
async fn files_of_instances(file: &Path) -> usize {
    drop(SqliteStore::open(file).await.unwrap());
    let mut name = file.as_os_str().to_owned();
    name.push("-instances");
    std::fs::read_dir(name).unwrap().count()
}

/// A process that is stopped keeps its lock; its lease runs out. When it goes on, it is fenced.
#[tokio::test]
async fn a_stopped_owner_is_replaced_after_its_lease_and_fenced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::builder(&file).busy_timeout(Duration::from_millis(200)).open().await.unwrap();
    let mut other = Other::plays("holds a run", &file);
    other.expect("held");
    let run = loop {
        other.signal(Signal::STOP);
        let asked = Instant::now();
        let answer = loop {
            match store.claim(&request("held")).await {
                Ok(Claim::Held { .. }) if asked.elapsed() < Duration::from_secs(20) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                answer => break answer,
            }
        };
        match answer {
            Ok(Claim::Claimed(run)) => break *run,
            // It was stopped within its heartbeat, and holds the file: that is documented. Another try.
            Err(StoreError::Unavailable { .. }) => other.signal(Signal::CONT),
            other => panic!("its lease should have run out: {other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(7)).await;
    };
    assert_eq!(run.lease.epoch, 2);
    other.signal(Signal::CONT);
    other.tell("commit");
    other.expect("fenced");
    store.commit(&run.lease, writing(run.state.folded.seq + 1)).await.unwrap();
}

/// A living owner's heart goes on beating while it holds a run, whatever it does meanwhile.
#[tokio::test]
async fn the_heart_beats_while_a_run_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::builder(&file).lease(Duration::from_millis(100)).open().await.unwrap();
    let beat = || {
        let sql = rusqlite::Connection::open(&file).unwrap();
        sql.query_row("select heartbeat from prose_instances", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let lease = store.create(&new_run("held"), at(1)).await.unwrap();
    for _ in 0..3 {
        let before = beat();
        while beat() == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    store.release(&lease);
    // The release itself is a write, which may bring one more.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = beat();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(beat(), before, "nothing is held, so nothing is written");
}

#[cfg(feature = "sqlx")]
async fn dies_in_a_transaction(file: &str) {
    use prose::Database;
    let store = SqliteStore::open(file).await.unwrap();
    let db = store.database().await.unwrap();
    sqlx::query("create table if not exists orders (id text)").execute(db.pool()).await.unwrap();
    take(&store, "held").await;
    let begun = db.begin(prose::Beginning::default()).await.unwrap();
    let prose::Begun::Open(mut open) = begun else { panic!("{begun:?}") };
    let tx = prose_sqlite::SqliteDatabase::tx(&mut open);
    sqlx::query("insert into orders values ('o1')").execute(&mut **tx).await.unwrap();
    say("in the transaction");
    listen();
}

#[cfg(not(feature = "sqlx"))]
async fn dies_in_a_transaction(_: &str) {}

#[cfg(feature = "sqlx")]
#[tokio::test]
async fn a_process_killed_in_a_transaction_leaves_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let mut other = Other::plays("dies in a transaction", &file);
    other.expect("in the transaction");
    other.kill();
    let store = SqliteStore::open(&file).await.unwrap();
    let run = claimed(&store, "held").await;
    store.commit(&run.lease, writing(3)).await.unwrap();
    let sql = rusqlite::Connection::open(&file).unwrap();
    let orders: i64 = sql.query_row("select count(*) from orders", [], |row| row.get(0)).unwrap();
    assert_eq!(orders, 0);
}
