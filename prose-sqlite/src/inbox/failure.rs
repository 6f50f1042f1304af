//! What an error of SQLite means to somebody who opens or prunes an inbox.

use prose::inbox::InboxError;
use rusqlite::ffi;
use sqlx::SqlitePool;

use crate::error::{describe, primary_code};

/// Any error: what happened, in which file, and what to do.
pub(super) fn failed(pool: &SqlitePool, error: sqlx::Error) -> InboxError {
    let options = pool.connect_options();
    let file = options.get_filename();
    let message = match (&error, primary_code(&error)) {
        (sqlx::Error::PoolTimedOut, _) => {
            format!("the pool on {} gives no connection in time; raise its `max_connections` ({error})", file.display())
        }
        (sqlx::Error::PoolClosed, _) => format!("the pool on {} is closed; open another one ({error})", file.display()),
        (_, Some(ffi::SQLITE_READONLY)) => {
            format!("{} is read-only for this pool, and an inbox writes; open it for writing ({error})", file.display())
        }
        (_, Some(ffi::SQLITE_CANTOPEN)) => format!(
            "{} cannot be opened; create it (`create_if_missing(true)`), and see that its directory exists and that this \
             user may write to both ({error})",
            file.display()
        ),
        (_, code) => describe(file, code, &error.to_string()),
    };
    InboxError::with_source(message, error)
}

/// An error of a table that is there: SQLite knows but one code for it.
pub(super) fn unusable(pool: &SqlitePool, error: sqlx::Error) -> InboxError {
    if primary_code(&error) != Some(ffi::SQLITE_ERROR) {
        return failed(pool, error);
    }
    let message = format!(
        "{} has something else by the name `prose_inbox`, which an inbox needs; rename that, or keep the inbox in another \
         file. Nothing was changed ({error})",
        pool.connect_options().get_filename().display()
    );
    InboxError::with_source(message, error)
}
