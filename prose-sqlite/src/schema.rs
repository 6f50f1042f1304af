//! The version of the tables, and the way from one version to the next. `schema.sql` and those behind it
//! have the tables.

use std::path::Path;

use prose::StoreError;
use rusqlite::{Connection, TransactionBehavior};

use crate::error::{refused, unavailable};

/// Stands in the file's header, where `file orders.db` and other programs see whose it is: "pros".
const APPLICATION_ID: i64 = 0x7072_6f73;

/// What leads from each version to the next. Steps are only ever added: files of every version exist.
const STEPS: [&str; 6] = [
    include_str!("schema.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
];

/// Makes sure that the file has the tables of this version: creates or migrates them, or says why not.
pub(crate) fn prepare(sql: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error| unavailable(path, error);
    if version(sql, path)? == STEPS.len() {
        return Ok(());
    }
    // Others may start at the same moment: who comes second finds the work done.
    let transaction = sql.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let done = version(&transaction, path)?;
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.pragma_update(None, "user_version", STEPS.len() as i64).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// How many steps the file has behind it; 0 for a file without our tables.
fn version(sql: &Connection, path: &Path) -> Result<usize, StoreError> {
    let number = |name| sql.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = number("application_id").map_err(|error| unavailable(path, error))?;
    let version = number("user_version").map_err(|error| unavailable(path, error))?;
    check(application, version, path)
}

fn check(application: i64, version: i64, path: &Path) -> Result<usize, StoreError> {
    let file = path.display();
    match (application, usize::try_from(version)) {
        (0, Ok(0)) => Ok(0),
        (APPLICATION_ID, Ok(version)) if version <= STEPS.len() => Ok(version),
        (APPLICATION_ID, _) => Err(refused(format!(
            "{file} was written by a newer prose-sqlite (schema version {version}; this one knows up to {}); upgrade \
             prose-sqlite here. Nothing was changed",
            STEPS.len()
        ))),
        (0, _) => Err(refused(format!(
            "{file} counts its own tables' version in `PRAGMA user_version` ({version}), which a store needs; keep the \
             store in a file of its own. Nothing was changed"
        ))),
        _ => Err(refused(format!(
            "{file} belongs to another application (`PRAGMA application_id` is {application}); choose another file for \
             the store. Nothing was changed"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_file(application: i64, version: i64) -> Result<usize, String> {
        check(application, version, Path::new("a.db")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_is_ours_new_or_refused() {
        assert_eq!(check_file(0, 0), Ok(0));
        assert_eq!(check_file(APPLICATION_ID, 1), Ok(1));
        assert!(check_file(APPLICATION_ID, 1 + STEPS.len() as i64).unwrap_err().contains("newer"));
        assert!(check_file(APPLICATION_ID, -1).is_err());
        assert!(check_file(0, 3).unwrap_err().contains("user_version"));
        assert!(check_file(7, 0).unwrap_err().contains("another application"));
    }

    #[test]
    fn a_failing_step_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut sql = Connection::open(&path).unwrap();
        sql.execute_batch("create table prose_snapshots (mine)").unwrap();
        assert!(prepare(&mut sql, &path).is_err());
        let tables: i64 = sql.query_row("select count(*) from sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!((tables, version(&sql, &path).unwrap()), (1, 0));
        sql.execute_batch("drop table prose_snapshots").unwrap();
        prepare(&mut sql, &path).unwrap();
        prepare(&mut sql, &path).unwrap();
        assert_eq!(version(&sql, &path).unwrap(), STEPS.len());
    }

    #[test]
    fn a_file_of_the_first_version_keeps_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut sql = Connection::open(&path).unwrap();
        sql.execute_batch(STEPS[0]).unwrap();
        sql.execute_batch("insert into prose_commits (run, seq, epoch, at, point) values (1, 1, 1, 1, 'a')").unwrap();
        sql.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        sql.pragma_update(None, "user_version", 1).unwrap();
        prepare(&mut sql, &path).unwrap();
        assert_eq!(version(&sql, &path).unwrap(), STEPS.len());
        let read = |row: &rusqlite::Row<'_>| Ok((row.get("point")?, row.get("iterations")?));
        let kept: (String, Option<String>) = sql.query_row("select * from prose_commits", [], read).unwrap();
        assert_eq!(kept, ("a".to_owned(), None));
    }

    /// Engines ask for nothing but what is due.
    #[test]
    fn what_older_versions_have_left_is_due() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut sql = Connection::open(&path).unwrap();
        STEPS[..4].iter().for_each(|step| sql.execute_batch(step).unwrap());
        for (run_id, status, owner) in [
            ("idle", "running", None),
            ("undone", "compensating", None),
            ("held", "running", Some("one")),
            ("blocked", "blocked", None),
            ("done", "completed", None),
        ] {
            sql.execute(
                "insert into prose_runs (namespace, run_id, uid, flow, version, fingerprint, status, epoch, owner, \
                 created_at, updated_at) values ('', ?1, 'u', 'f', 1, '0', ?2, 1, ?3, 1, 1)",
                (run_id, status, owner),
            )
            .unwrap();
        }
        sql.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        sql.pragma_update(None, "user_version", 4).unwrap();
        let before = crate::clock::now();
        prepare(&mut sql, &path).unwrap();
        let mut due = sql.prepare("select run_id, wake_at from prose_runs where wake_at is not null").unwrap();
        let due = due.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let due: Vec<(String, i64)> = due.collect::<Result<_, _>>().unwrap();
        assert_eq!(due.iter().map(|(run_id, _)| run_id.as_str()).collect::<Vec<_>>(), ["idle", "undone"]);
        assert!(due.iter().all(|(_, at)| (before - 1_000..=crate::clock::now()).contains(at)), "{due:?}");
    }
}
