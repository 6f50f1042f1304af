//! Files and disks that are not as they should be: a clear error that names the file, and nothing lost.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(unix)]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use common::*;
use prose::StoreError;
use prose::store::{Claim, Commit, Store, Write};
use prose_sqlite::SqliteStore;
use prose_store_tests::process::{Other, listen, part, say};
use rusqlite::Connection;

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((part, file)) = part() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        match part.as_str() {
            "locks the file" => locks_the_file(&file),
            "fills the disk" => fills_the_disk(&file).await,
            "may not write" => may_not_write(&file).await,
            other => panic!("nobody knows how to play `{other}`"),
        }
    });
}

/// Opening must fail, with a message that names the file; the message.
async fn refused(path: &Path) -> String {
    let name = path.file_name().unwrap().to_str().unwrap();
    match SqliteStore::builder(path).busy_timeout(Duration::from_millis(100)).open().await {
        Err(StoreError::Unavailable { message, .. }) => {
            assert!(message.contains(name), "the message names the file: {message}");
            message
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_of_a_newer_schema_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let lease = store.create(&new_run("a"), at(1)).await.unwrap();
    store.commit(&lease, writing(2)).await.unwrap();
    drop(store);
    let sql = Connection::open(&file).unwrap();
    let known: i64 = sql.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    sql.pragma_update(None, "user_version", 1_000).unwrap();
    let message = refused(&file).await;
    assert!(message.contains("newer") && message.contains("1000") && message.contains("upgrade"), "{message}");
    sql.pragma_update(None, "user_version", known).unwrap();
    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(last_written(&store, "a").await, 2);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    let text = "Dear diary, ".repeat(1_000);
    std::fs::write(&file, &text).unwrap();
    let message = refused(&file).await;
    assert!(message.contains("not an SQLite database"), "{message}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_file_of_another_application_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for (pragma, says) in [("application_id", "another application"), ("user_version", "user_version")] {
        let file = folder.path().join(format!("{pragma}.db"));
        let sql = Connection::open(&file).unwrap();
        sql.execute_batch("create table theirs (x)").unwrap();
        sql.pragma_update(None, pragma, 77).unwrap();
        let message = refused(&file).await;
        assert!(message.contains(says) && message.contains("77"), "{message}");
        let tables: i64 = sql.query_row("select count(*) from sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }
}

#[tokio::test]
async fn a_file_with_the_applications_own_tables_is_fine() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let sql = Connection::open(&file).unwrap();
    sql.execute_batch("create table runs (mine); insert into runs values (1); create table commits (mine)").unwrap();
    let store = SqliteStore::open(&file).await.unwrap();
    store.create(&new_run("a"), at(1)).await.unwrap();
    assert_eq!(sql.query_row("select mine from runs", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[tokio::test]
async fn a_place_that_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = refused(&folder.path().join("missing/runs.db")).await;
    assert!(missing.contains("does not exist") && missing.contains("create it"), "{missing}");
    std::fs::create_dir(folder.path().join("directory.db")).unwrap();
    let directory = refused(&folder.path().join("directory.db")).await;
    assert!(directory.contains("cannot be opened"), "{directory}");
    for nowhere in [":memory:", ""] {
        let error = SqliteStore::open(nowhere).await.unwrap_err().to_string();
        assert!(error.contains("MemoryStore"), "{error}");
    }
    // Names that SQLite would take apart are only names.
    let store = SqliteStore::open(folder.path().join("file:odd?mode=memory#'name.db")).await.unwrap();
    store.create(&new_run("a"), at(1)).await.unwrap();
    assert!(folder.path().join("file:odd?mode=memory#'name.db").exists());
}

fn locks_the_file(file: &str) {
    let sql = Connection::open(file).unwrap();
    sql.execute_batch("begin immediate").unwrap();
    say("locked");
    listen();
    sql.execute_batch("commit").unwrap();
    say("unlocked");
    listen();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_file_is_said_to_be_locked_and_works_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::builder(&file).busy_timeout(Duration::from_millis(100)).open().await.unwrap();
    let lease = store.create(&new_run("a"), at(1)).await.unwrap();
    store.commit(&lease, writing(2)).await.unwrap();
    let idle = store.create(&new_run("idle"), at(1)).await.unwrap();
    store.release(&idle);
    let mut other = Other::plays("locks the file", &file);
    other.expect("locked");
    let failures = [
        store.commit(&lease, writing(3)).await.unwrap_err(),
        store.create(&new_run("b"), at(1)).await.map(drop).unwrap_err(),
        store.claim(&request("idle")).await.map(drop).unwrap_err(),
        store.prune(Duration::ZERO).await.map(drop).unwrap_err(),
    ];
    for error in failures {
        let message = error.to_string();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{message}");
        assert!(
            message.contains("runs.db") && message.contains("locked") && message.contains("call again"),
            "{message}"
        );
    }
    assert!(refused(&file).await.contains("locked"));
    // Reading goes on, and nothing of the failed writes is there.
    assert_eq!(last_written(&store, "a").await, 2);
    assert!(store.load("b").await.unwrap().is_none());
    other.tell("unlock");
    other.expect("unlocked");
    store.commit(&lease, writing(3)).await.unwrap();
    store.create(&new_run("b"), at(1)).await.unwrap();
    claimed(&store, "idle").await;
    assert_eq!(last_written(&store, "a").await, 3);
}

/// A write waits for another process that writes, as long as it was told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_waits_for_a_short_lock() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::builder(&file).busy_timeout(Duration::from_secs(60)).open().await.unwrap();
    let lease = store.create(&new_run("a"), at(1)).await.unwrap();
    let mut other = Other::plays("locks the file", &file);
    other.expect("locked");
    let commit = tokio::spawn(async move { store.commit(&lease, writing(2)).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!commit.is_finished());
    other.tell("unlock");
    commit.await.unwrap().unwrap();
}

/// On a disk of 32 MB of its own, most of it taken: writes until it is full, makes room, and goes on.
async fn fills_the_disk(file: &str) {
    let filler = Path::new(file).with_file_name("filler");
    std::fs::write(&filler, vec![0; 24 << 20]).unwrap();
    let store = SqliteStore::open(file).await.unwrap();
    let lease = store.create(&new_run("a"), at(1)).await.unwrap();
    let big = |seq: u64| {
        let value = json(&format!("\"{}\"", "x".repeat(100_000)));
        let mut commit = writing(seq);
        commit.writes.push(Write { name: format!("v{seq}"), value });
        commit
    };
    let mut seq = 2;
    let error = loop {
        match store.commit(&lease, big(seq)).await {
            Ok(()) => seq += 1,
            Err(error) => break error,
        }
        assert!(seq < 1_000, "the disk is not full yet?");
    };
    say(&error.to_string());
    for _ in 0..3 {
        store.commit(&lease, big(seq)).await.expect_err("it is still full");
    }
    assert_eq!(last_written(&store, "a").await, seq - 1, "what was acknowledged is there, and nothing else");
    std::fs::remove_file(filler).unwrap();
    store.commit(&lease, big(seq)).await.unwrap();
    store.commit(&lease, completed(seq + 1)).await.unwrap();
    drop(store);
    let again = SqliteStore::open(file).await.unwrap();
    assert_eq!(last_written(&again, "a").await, seq);
    assert!(seq > 5);
    say("all there");
}

#[test]
fn a_full_disk_loses_nothing_and_room_helps() {
    let folder = tempfile::tempdir().unwrap();
    let mut alone = Command::new("unshare");
    let script = "mount -t tmpfs -o size=32m none \"$0\" && exec \"$@\"";
    alone.args(["--mount", "--map-root-user", "sh", "-c", script]).arg(folder.path());
    let mut probe = Command::new("unshare");
    probe.args(["--mount", "--map-root-user", "sh", "-c", script]).arg(folder.path()).arg("true");
    if !probe.output().is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: this machine lets nobody mount a small disk of his own (unshare --mount --map-root-user)");
        return;
    }
    alone.arg(std::env::current_exe().unwrap());
    let said = Other::plays_in(alone, "fills the disk", folder.path().join("runs.db")).ends();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("runs.db") && said[0].contains("full") && said[0].contains("Free some space"), "{said:?}");
    assert_eq!(said[1], "all there");
}

/// As a user who may read, and write neither to the file nor to its directory.
async fn may_not_write(file: &str) {
    say(&refused(Path::new(file)).await);
}

#[tokio::test]
async fn a_read_only_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let lease = store.create(&new_run("a"), completed(1)).await.unwrap();
    assert_eq!(lease.epoch, 1);
    drop(store);
    let set = |mode: u32, what: &Path| std::fs::set_permissions(what, PermissionsExt::from_mode(mode)).unwrap();
    set(0o444, &file);
    set(0o555, folder.path());
    let me = rustix::process::geteuid();
    // A superuser may write to what is read-only, so somebody else has to try; with a copy of the tests that he can reach.
    let binary = tempfile::Builder::new().prefix("prose-tests").tempdir().unwrap();
    let copy = binary.path().join("faults");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    set(0o755, &copy);
    set(0o755, binary.path());
    let mut command = Command::new(copy);
    if me.is_root() {
        command.uid(65_534).gid(65_534);
    }
    let said = Other::plays_in(command, "may not write", &file).ends();
    set(0o755, folder.path());
    set(0o644, &file);
    assert!(said[0].contains("read-only") || said[0].contains("may write"), "{said:?}");
    let store = SqliteStore::open(&file).await.unwrap();
    assert!(store.load("a").await.unwrap().is_some());
}

/// One run that cannot be read is no harm to the others, and is nobody's afterwards.
#[tokio::test]
async fn a_run_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    for run_id in ["good", "bad"] {
        let lease = store.create(&new_run(run_id), writing(1)).await.unwrap();
        store.release(&lease);
    }
    let sql = Connection::open(&file).unwrap();
    let damage = [
        "update prose_commits set writes = '{\"last\": oops' where run = 2",
        "update prose_commits set phase = 'sideways' where run = 2",
        "update prose_runs set fingerprint = 'none' where run = 2",
        "update prose_runs set status = 'dreaming' where run = 2",
        "update prose_runs set version = -1 where run = 2",
    ];
    let mend = "update prose_commits set writes = null, phase = 'entered' where run = 2; \
        update prose_runs set fingerprint = '0', status = 'running', version = 1 where run = 2";
    for statement in damage {
        sql.execute_batch(statement).unwrap();
        for error in
            [store.load("bad").await.map(drop).unwrap_err(), store.claim(&request("bad")).await.map(drop).unwrap_err()]
        {
            assert!(matches!(&error, StoreError::Corrupt { key, .. } if key.run_id == "bad"), "{error:?}");
            assert!(error.to_string().contains("runs.db"), "{error}");
        }
        assert_eq!(last_written(&store, "good").await, 1);
        sql.execute_batch(mend).unwrap();
        let run = claimed(&store, "bad").await;
        store.release(&run.lease);
    }
}

/// A value that SQLite cannot hold fails alone; the others of its batch are written.
#[tokio::test]
async fn a_damaged_file_is_said_to_be_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    for number in 0..200 {
        store.create(&new_run(&format!("run-{number}")), completed(1)).await.unwrap();
    }
    drop(store);
    // The writer's thread closes the file a moment after the last handle is gone.
    let sql = Connection::open(&file).unwrap();
    sql.pragma_update(None, "wal_checkpoint", "truncate").unwrap_or_default();
    drop(sql);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.iter_mut().skip(8_192).for_each(|byte| *byte = 0xa5);
    std::fs::write(&file, bytes).unwrap();
    let error = match SqliteStore::open(&file).await {
        Err(error) => error,
        Ok(store) => {
            let mut error = None;
            for number in 0..200 {
                error = error.or(store.load(&format!("run-{number}")).await.err());
            }
            error.expect("the damage is noticed")
        }
    };
    assert!(matches!(error, StoreError::Unavailable { .. } | StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("runs.db"), "{error}");
}

/// The tables are what `schema.sql` says they are: with the words of the docs.
#[tokio::test]
async fn the_shell_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let lease = store.create(&new_run("ord_abc123"), at(1)).await.unwrap();
    let total = Write { name: "total".to_owned(), value: json("118.77") };
    let commit = Commit { writes: vec![total], completed: vec!["calculate_total".to_owned()], ..at(2) };
    store.commit(&lease, commit).await.unwrap();
    store.commit(&lease, completed(3)).await.unwrap();
    let queries = [
        ("select run_id, flow, status from prose_runs", "ord_abc123|process-order|completed"),
        (
            "select seq, point, phase, completed, writes ->> '$.total' from prose_commits join prose_runs using (run) \
             where run_id = 'ord_abc123' and seq = 2",
            "2|step2|entered|[\"calculate_total\"]|118.77",
        ),
        ("select input, output from prose_details", "{\"order\":1}|\"done\""),
        ("pragma integrity_check", "ok"),
    ];
    for (query, expected) in queries {
        let shell = Command::new("sqlite3").arg(&file).arg(query).output();
        let Ok(output) = shell else {
            println!("SKIPPED: there is no sqlite3 shell here");
            return;
        };
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), expected, "{query}");
    }
}

/// Killing a run's file handle, or closing the store, is an end like any other: whoever still has a lease is told.
#[tokio::test]
async fn a_claim_of_a_closed_store_is_free_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let first = SqliteStore::open(&file).await.unwrap();
    let second = SqliteStore::open(&file).await.unwrap();
    let lease = first.create(&new_run("a"), at(1)).await.unwrap();
    assert!(matches!(second.claim(&request("a")).await.unwrap(), Claim::Held { epoch: 1 }));
    let clone = first.clone();
    drop(first);
    assert!(matches!(second.claim(&request("a")).await.unwrap(), Claim::Held { epoch: 1 }), "a clone is open");
    clone.commit(&lease, writing(2)).await.unwrap();
    drop(clone);
    let run = claimed(&second, "a").await;
    assert_eq!((run.lease.epoch, run.state.folded.seq), (2, 3));
}

#[tokio::test]
async fn a_run_that_is_held_through_one_name_of_the_file_is_held_through_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("runs.db"), folder.path().join("link.db"));
    let store = SqliteStore::open(&file).await.unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let lease = store.create(&new_run("a"), at(1)).await.unwrap();
    let other = SqliteStore::open(&link).await.unwrap();
    let claim = other.claim(&request("a")).await.unwrap();
    assert!(matches!(claim, Claim::Held { epoch: 1 }), "{claim:?}");
    store.commit(&lease, writing(2)).await.unwrap();
}

/// Giving a run back is a write as any other: it may find the file locked. Then others must not wait for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_could_not_be_given_back_is_given_back_later() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let (busy, lease) = (Duration::from_millis(50), Duration::from_secs(1));
    let store = SqliteStore::builder(&file).busy_timeout(busy).lease(lease).open().await.unwrap();
    let other = SqliteStore::open(&file).await.unwrap();
    let held = store.create(&new_run("a"), at(1)).await.unwrap();
    let mut locker = Connection::open(&file).unwrap();
    let lock = locker.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    store.release(&held);
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(lock);
    for _ in 0..100 {
        if matches!(other.claim(&request("a")).await.unwrap(), Claim::Claimed(_)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody executes the run, and nobody can");
}

#[tokio::test]
async fn a_log_with_a_gap_is_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    for (run, spoil) in [("gap", "seq = 2"), ("empty", "true")] {
        let lease = store.create(&new_run(run), at(1)).await.unwrap();
        store.commit(&lease, writing(2)).await.unwrap();
        store.commit(&lease, writing(3)).await.unwrap();
        store.release(&lease);
        let which = format!("run = {} and {spoil}", lease.row);
        Connection::open(&file).unwrap().execute(&format!("delete from prose_commits where {which}"), []).unwrap();
        let error = store.claim(&request(run)).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains("missing"), "{error}");
    }
}

#[tokio::test]
async fn odd_settings_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    // First the one that waits for nobody: beside a heart that beats all the time it might not even be opened.
    let builder = SqliteStore::builder(folder.path().join("runs.db"));
    let other = builder.lease(Duration::MAX).busy_timeout(Duration::ZERO).open().await.unwrap();
    let builder = SqliteStore::builder(folder.path().join("runs.db"));
    let store = builder.lease(Duration::ZERO).busy_timeout(Duration::MAX).open().await.unwrap();
    store.create(&new_run("a"), at(1)).await.unwrap();
    assert!(other.load("a").await.unwrap().is_some());
}

/// A thousand runs that are called at once, after a crash say, must not use up the files that a process may open.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_read_at_once_share_a_few_connections() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    store.create(&new_run("a"), at(1)).await.unwrap();
    let reads = (0..1_000).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.load("a").await.unwrap().unwrap() })
    });
    for read in reads.collect::<Vec<_>>() {
        read.await.unwrap();
    }
    let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let ours = open.filter(|fd| std::fs::read_link(fd.path()).is_ok_and(|path| path == file)).count();
    assert!(ours <= 10, "{ours} connections are open");
}
