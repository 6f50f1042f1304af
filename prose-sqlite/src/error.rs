//! What an error of SQLite means to somebody who runs a flow: what happened, in which file, and what to do.

use std::path::Path;

use prose::StoreError;
use rusqlite::ffi;

/// The error as a store reports it.
pub(crate) fn unavailable(path: &Path, error: rusqlite::Error) -> StoreError {
    let message = describe(path, result_code(&error), &error.to_string());
    StoreError::unavailable(message, error)
}

/// The same for what the operating system says of the file, or of what lies beside it.
pub(crate) fn io_failed(path: &Path, doing: &str, error: std::io::Error) -> StoreError {
    let message = format!(
        "{doing} {} failed; see that this user may write to its directory, and that the disk is not full ({error})",
        path.display()
    );
    StoreError::unavailable(message, error)
}

/// An error that is not SQLite's own: no source, the message says it all.
pub(crate) fn refused(message: String) -> StoreError {
    StoreError::Unavailable { message, source: None }
}

/// The primary result code, if it is an error of SQLite and not of the binding.
pub(crate) fn result_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code & 0xff)
}

/// The same of an error of sqlx.
#[cfg(feature = "sqlx")]
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

/// Says what happened, names the file and says what to do. `said` is what SQLite said.
pub(crate) fn describe(path: &Path, code: Option<i32>, said: &str) -> String {
    let file = path.display();
    match code {
        Some(ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED) => format!(
            "{file} is locked by another process, and nothing was written; end what writes to it (an open transaction in \
             a shell or a tool?) and call again ({said})"
        ),
        Some(ffi::SQLITE_FULL) => format!(
            "the disk that holds {file} is full, and nothing was written; what was committed before is safe. Free some \
             space and call again ({said})"
        ),
        Some(ffi::SQLITE_NOTADB) => {
            format!("{file} is not an SQLite database; choose another file, or restore it from a backup ({said})")
        }
        Some(ffi::SQLITE_CANTOPEN) => format!(
            "{file} cannot be opened; see that its directory exists and that this user may write to both ({said})"
        ),
        Some(ffi::SQLITE_READONLY | ffi::SQLITE_PERM) => format!(
            "{file} is read-only for this user, and nothing was written; a store needs to write to the file and to its \
             directory ({said})"
        ),
        Some(ffi::SQLITE_CORRUPT) => {
            format!("{file} is damaged; restore it from a backup, or save what is left with `.recover` ({said})")
        }
        Some(ffi::SQLITE_IOERR) => format!(
            "reading or writing {file} failed, and nothing was acknowledged; look at the disk and call again ({said})"
        ),
        Some(ffi::SQLITE_TOOBIG) => {
            format!("a value is too big for {file}: SQLite holds up to 1 GB in a row; nothing was written ({said})")
        }
        _ => format!("{file} failed, and nothing was acknowledged ({said})"),
    }
}

/// Whether an error is of the file or disk, so that trying the other writes of a batch alone would be in vain.
pub(crate) fn concerns_all(error: &rusqlite::Error) -> bool {
    let of_one = [ffi::SQLITE_TOOBIG, ffi::SQLITE_CONSTRAINT, ffi::SQLITE_MISMATCH, ffi::SQLITE_RANGE];
    result_code(error).is_some_and(|code| !of_one.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_names_the_file() {
        for code in (0..=28).map(Some).chain([None]) {
            assert!(describe(Path::new("/data/orders.db"), code, "said").contains("/data/orders.db"), "{code:?}");
        }
    }
}
