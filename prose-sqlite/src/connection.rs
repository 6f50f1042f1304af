//! Opening connections: what must be true of the library and of the file before anything is promised.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use prose::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{refused, unavailable};

/// 3.7.0 to 3.51.2 can damage a WAL file when several connections write and checkpoint.
const OLDEST: i32 = 3_051_003;

/// `PRAGMA synchronous` of a file on which what was acknowledged is on the disk.
const FULL: i64 = 2;

/// Statements in the cache of the connection: more than there are.
const STATEMENTS: usize = 64;

/// Opens the file for the writer, creating it if it is missing, and makes sure that a commit is on the disk.
pub(crate) fn open_writer(path: &Path, busy: Duration) -> Result<Connection, StoreError> {
    check_library(rusqlite::version_number())?;
    check_name(path)?;
    let sql = open(path, OpenFlags::SQLITE_OPEN_CREATE, busy)?;
    sql.busy_timeout(busy).map_err(|error| unavailable(path, error))?;
    use_wal(&sql, path, busy)?;
    use_full_sync(&sql, path)?;
    Ok(sql)
}

/// Opens the file once more, to read beside the writer.
pub(crate) fn open_reader(path: &Path, busy: Duration) -> Result<Connection, StoreError> {
    let sql = open(path, OpenFlags::empty(), busy)?;
    sql.pragma_update(None, "query_only", true).map_err(|error| unavailable(path, error))?;
    Ok(sql)
}

fn open(path: &Path, how: OpenFlags, busy: Duration) -> Result<Connection, StoreError> {
    // Neither names as URIs (`file:..?vfs=`) nor locks for sharing between threads: a connection has one owner.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | how;
    let sql = Connection::open_with_flags(path, flags).map_err(|error| unavailable(path, error))?;
    sql.set_prepared_statement_cache_capacity(STATEMENTS);
    sql.busy_timeout(busy).map_err(|error| unavailable(path, error))?;
    Ok(sql)
}

fn check_library(version: i32) -> Result<(), StoreError> {
    if version >= OLDEST {
        return Ok(());
    }
    Err(refused(format!(
        "SQLite {}.{}.{} can lose data in WAL mode; link 3.51.3 or newer (the feature `bundled` of rusqlite brings it)",
        version / 1_000_000,
        version / 1_000 % 1_000,
        version % 1_000,
    )))
}

fn check_name(path: &Path) -> Result<(), StoreError> {
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(refused(format!(
            "`{}` is no file, so nothing in it would survive; use `MemoryStore`, or name a file",
            path.display()
        )));
    }
    match path.parent() {
        Some(parent) if parent != Path::new("") && !parent.is_dir() => Err(refused(format!(
            "{} cannot be opened: the directory {} does not exist; create it, or choose another place",
            path.display(),
            parent.display()
        ))),
        _ => Ok(()),
    }
}

/// Changing to WAL does not wait for others as other statements do, so that has to be done here.
fn use_wal(sql: &Connection, path: &Path, busy: Duration) -> Result<(), StoreError> {
    let give_up = Instant::now() + busy;
    let mode = loop {
        let mode = sql.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
        match mode {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < give_up => {
                std::thread::sleep(Duration::from_millis(5));
            }
            mode => break mode.map_err(|error| unavailable(path, error))?,
        }
    };
    if mode.eq_ignore_ascii_case("wal") {
        return Ok(());
    }
    Err(refused(format!(
        "{} stays in journal mode `{mode}` where WAL is needed; keep it on a local disk that supports shared memory",
        path.display()
    )))
}

/// A value that SQLite does not know is accepted silently, so it is read back.
fn use_full_sync(sql: &Connection, path: &Path) -> Result<(), StoreError> {
    let set = sql
        .pragma_update(None, "synchronous", FULL)
        .and_then(|()| sql.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)));
    check_sync(set.map_err(|error| unavailable(path, error))?, path)
}

fn check_sync(found: i64, path: &Path) -> Result<(), StoreError> {
    if found == FULL {
        return Ok(());
    }
    Err(refused(format!(
        "{} would not sync at each commit (`PRAGMA synchronous` says {found}, not {FULL}), so a commit could be lost",
        path.display()
    )))
}

/// Connections that only read, kept for the next one who reads.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    busy: Duration,
    idle: std::sync::Mutex<Vec<Connection>>,
    turns: Arc<Semaphore>,
}

/// How many read at once. Thousands of runs may be called in one moment: each with a connection of its own, they would
/// use up the files that the process may open.
const READERS: usize = 8;

impl Readers {
    pub(crate) fn new(path: PathBuf, busy: Duration) -> Self {
        Self { path, busy, idle: std::sync::Mutex::default(), turns: Arc::new(Semaphore::new(READERS)) }
    }

    /// To be held while reading; `None` never happens, because nobody closes the semaphore.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    /// Reads in one transaction: everything is seen as it was at one moment.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut sql = self.connection()?;
        let transaction = sql.transaction().map_err(|error| unavailable(&self.path, error))?;
        let result = read(&transaction)?;
        transaction.commit().map_err(|error| unavailable(&self.path, error))?;
        self.idle().push(sql);
        Ok(result)
    }

    /// The same, if not too many read just now: it waits for nobody. What is read must be one statement, which sees one moment by itself.
    pub(crate) fn try_read<T>(&self, read: impl FnOnce(&Connection) -> T) -> Option<T> {
        let _until_it_is_read = Arc::clone(&self.turns).try_acquire_owned().ok()?;
        let sql = self.connection().ok()?;
        sql.busy_timeout(Duration::ZERO).ok()?;
        let result = read(&sql);
        sql.busy_timeout(self.busy).ok()?;
        self.idle().push(sql);
        Some(result)
    }

    fn connection(&self) -> Result<Connection, StoreError> {
        let idle = self.idle().pop();
        idle.map_or_else(|| open_reader(&self.path, self.busy), Ok)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_can_lose_data_is_refused() {
        assert!(check_library(3_051_003).is_ok());
        let error = check_library(3_051_002).unwrap_err().to_string();
        assert!(error.contains("3.51.2"), "{error}");
    }

    #[test]
    fn the_library_that_is_linked_is_new_enough() {
        check_library(rusqlite::version_number()).unwrap();
    }

    #[test]
    fn another_sync_mode_than_full_is_refused() {
        assert!(check_sync(FULL, Path::new("a.db")).is_ok());
        let error = check_sync(1, Path::new("a.db")).unwrap_err().to_string();
        assert!(error.contains("a.db") && error.contains("synchronous"), "{error}");
    }

    #[test]
    fn a_commit_syncs_and_the_journal_is_a_wal() {
        let folder = tempfile::tempdir().unwrap();
        let sql = open_writer(&folder.path().join("a.db"), Duration::from_secs(1)).unwrap();
        let word = |name| sql.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
        assert_eq!(word("synchronous"), rusqlite::types::Value::Integer(2));
        assert_eq!(word("journal_mode"), rusqlite::types::Value::Text("wal".into()));
    }
}
