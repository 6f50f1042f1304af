//! Tests that what is asked again and again is found by indices, however many runs the file has.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::job::plans::{BLOCKED, CLAIM_RUN, DUE, INSERT_RUN, NEXT_DUE, NEXT_OWNER, OLD_ROOTS, SAME_SIGNAL, TREE};
use crate::queue::ASKED_TO_CANCEL;
use crate::signals::NEXT_SIGNAL;
use crate::statement::{APPEND, APPEND_KNOWN, END_RUN, PARK_RUN, WAKE, WAKE_ABOVE};
use crate::{list, schema, standing};

/// A file with runs in every status, of some flows: as SQLite would see it after an `analyze`.
fn filled() -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut sql = Connection::open(&path).unwrap();
    schema::prepare(&mut sql, Path::new(&path)).unwrap();
    sql.execute_batch(
        "insert into prose_runs (namespace, run_id, uid, flow, version, fingerprint, status, epoch, owner, created_at, updated_at, wake_at) \
         with recursive n (n) as (select 1 union all select n + 1 from n where n < 2000) \
         select '', 'run-' || n, 'u', 'flow-' || (n % 5), 1, '0', \
         case when n % 10 = 0 then 'failed' when n % 11 = 0 then 'waiting' when n % 50 < 2 then 'running' else 'completed' end, \
         1, case when n % 50 = 1 then 'one' end, n, n, n from n",
    )
    .unwrap();
    (folder, sql)
}

/// What SQLite does for a statement, line by line.
fn plan(sql: &Connection, statement: &str) -> Vec<String> {
    let mut explained = sql.prepare(&format!("explain query plan {statement}")).unwrap();
    let values = vec![Value::Integer(1); explained.parameter_count()];
    let lines = explained.query_map(rusqlite::params_from_iter(values), |row| row.get("detail")).unwrap();
    lines.collect::<Result<_, _>>().unwrap()
}

/// Nothing reads a table from its one end to the other, and nothing is sorted.
#[track_caller]
fn assert_searches(sql: &Connection, statement: &str, index: &str) {
    for analyzed in [false, true] {
        if analyzed {
            sql.execute_batch("analyze").unwrap();
        }
        let plan = plan(sql, statement);
        assert!(plan.iter().any(|line| line.contains(index)), "{index} is not used: {plan:#?}");
        let is_slow = |line: &String| {
            line.contains("SCAN prose_") || line.starts_with("SCAN run") || line.contains("TEMP B-TREE")
        };
        assert!(!plan.iter().any(is_slow), "{plan:#?}");
    }
    sql.execute_batch("drop table sqlite_stat1; analyze sqlite_schema").unwrap();
}

#[test]
fn due_runs_are_found_by_indices() {
    let (_folder, sql) = filled();
    assert_searches(&sql, DUE, "prose_runs_due (flow=? AND wake_at>? AND wake_at<?)");
    assert_searches(&sql, NEXT_DUE, "prose_runs_due (flow=? AND wake_at>?)");
    assert_searches(&sql, BLOCKED, "prose_runs_listed (flow=? AND status=?)");
    assert_searches(&sql, standing::UNFINISHED, "prose_runs_listed (flow=? AND status=?)");
}

/// Processes that have opened the file before it was migrated go on beside newer ones.
#[test]
fn what_version_5_asks_for_is_due_to_it_still() {
    let (_folder, sql) = filled();
    let due = "\
        select run, wake_at from prose_runs indexed by prose_runs_due where flow = ?1 and owner is null and parent is null \
        and wake_at is not null and status in ('running', 'waiting', 'compensating') \
        and wake_at <= ?2 and (wake_at, run) > (?3, ?4) order by wake_at, run limit 1";
    let next = "\
        select min(wake_at) from prose_runs indexed by prose_runs_due where flow = ?1 and owner is null and parent is null \
        and wake_at is not null and status in ('running', 'waiting', 'compensating') and wake_at > ?2";
    for (old, new) in [(due, DUE), (next, NEXT_DUE)] {
        let first = |statement| {
            let mut query = sql.prepare(statement).unwrap();
            let values =
                [Value::Text("flow-1".to_owned()), Value::Integer(1_000), Value::Integer(0), Value::Integer(0)];
            let values = values.into_iter().take(query.parameter_count());
            query.query_row(rusqlite::params_from_iter(values), |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!(first(old), first(new), "{old}");
    }
    // An older `prune` takes its time.
    sql.prepare("select run from prose_runs where parent is null and status in ('completed', 'failed', 'cancelled')")
        .unwrap();
}

#[test]
fn what_an_instance_holds_is_found_by_indices() {
    let (_folder, sql) = filled();
    assert_searches(&sql, ASKED_TO_CANCEL, "prose_runs_cancelled (owner=?)");
    assert_searches(&sql, NEXT_OWNER, "prose_runs_held (owner>?)");
}

#[test]
fn lists_are_read_from_an_index() {
    let (_folder, sql) = filled();
    assert_searches(&sql, list::PAGE, "prose_runs_listed (flow=? AND status=? AND namespace=? AND rowid<?)");
    assert_searches(&sql, list::NEXT_FLOW, "prose_runs_listed (flow>?)");
}

#[test]
fn trees_are_found_by_indices() {
    let (_folder, sql) = filled();
    assert_searches(&sql, OLD_ROOTS, "prose_runs_ended");
    assert_searches(&sql, TREE, "prose_runs_children (parent=?)");
    assert_searches(&sql, WAKE_ABOVE, "INTEGER PRIMARY KEY (rowid=?)");
    assert_searches(&sql, PARK_RUN, "prose_runs_children (parent=?)");
    assert_searches(&sql, list::BELOW, "prose_runs_children (parent=?)");
}

#[test]
fn signals_are_found_by_indices() {
    let (_folder, sql) = filled();
    assert_searches(&sql, NEXT_SIGNAL, "prose_signals_waiting (namespace=? AND run_id=? AND name=?)");
    assert_searches(&sql, SAME_SIGNAL, "prose_signals_sent (namespace=? AND run_id=? AND name=? AND id=?)");
    assert_searches(&sql, "delete from prose_signals where expires_at <= ?1", "prose_signals_expiring");
}

/// What SQLite does for a statement, step by step.
fn steps(sql: &Connection, statement: &str) -> Vec<String> {
    let mut explained = sql.prepare(&format!("explain {statement}")).unwrap();
    let values = vec![Value::Integer(1); explained.parameter_count()];
    let steps = explained.query_map(rusqlite::params_from_iter(values), |row| row.get("opcode")).unwrap();
    steps.collect::<Result<_, _>>().unwrap()
}

fn count(steps: &[String], names: &[&str]) -> usize {
    steps.iter().filter(|step| names.contains(&step.as_str())).count()
}

/// Making and throwing away a table of its own would cost more than all the rest.
#[test]
fn what_each_run_and_each_commit_writes_needs_no_table_of_its_own() {
    let (_folder, sql) = filled();
    let hot = [APPEND, APPEND_KNOWN, INSERT_RUN, CLAIM_RUN, END_RUN, PARK_RUN, WAKE, DUE, NEXT_DUE];
    // The way up has a table, the one of those that it is still to go on from, what it leads to, and what is updated.
    for (statement, tables) in hot.map(|statement| (statement, 0)).into_iter().chain([(WAKE_ABOVE, 4)]) {
        let steps = steps(&sql, statement);
        let made = count(&steps, &["OpenEphemeral", "OpenAutoindex", "SorterOpen"]);
        assert_eq!(made, tables, "{statement}: {steps:?}");
    }
}

#[test]
fn a_commit_is_appended_by_two_searches() {
    let (_folder, sql) = filled();
    let steps = steps(&sql, APPEND);
    assert_eq!((count(&steps, &["Rewind"]), count(&steps, &["SeekRowid", "SeekGE"])), (0, 2), "{steps:?}");
}
