//! What an error of Postgres means to somebody who runs a flow: what happened, on which server, and what to do.

use std::io;

use prose::StoreError;

/// The error as a store reports it. `place` is the server, the database and the schema, without a password.
pub(crate) fn unavailable(place: &str, error: sqlx::Error) -> StoreError {
    StoreError::unavailable(describe(place, &error), error)
}

/// An error that is not the driver's: no source, the message says it all.
pub(crate) fn refused(message: String) -> StoreError {
    StoreError::Unavailable { message, source: None }
}

/// The SQLSTATE, if the server has said anything.
pub(crate) fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// Whether the connection is lost, or the server is about to come or go: trying again may help, and what was sent may have been
/// done.
pub(crate) fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData),
        // The pool is busy, or the driver has found the end of a connection that was cut.
        sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_transient_code(&code)),
        _ => false,
    }
}

fn is_transient_code(code: &str) -> bool {
    // Connection exceptions; shutdown, crash, start; too many connections; deadlock, serialization.
    code.starts_with("08")
        || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "53300" | "40001" | "40P01")
}

/// Whether an error is of one commit of a batch, so that the others should be tried without it: a value that is too big, say.
pub(crate) fn concerns_one(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_) => true,
        error => code(error).is_some_and(|code| ["22", "23", "54"].contains(&&code[..2])),
    }
}

/// Says what happened, names the server and says what to do.
pub(crate) fn describe(place: &str, error: &sqlx::Error) -> String {
    // Not the line of the server's own source, which the driver shows as well.
    let said = error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    let what = match code(error).as_deref() {
        Some(code) => of_code(code),
        None => of_driver(error),
    };
    match what {
        Some((what, to_do)) => format!("{place} {what}; {to_do} ({said})"),
        None => format!("{place} failed, and nothing was acknowledged ({said})"),
    }
}

/// What happened, and what to do.
fn of_code(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "28P01" | "28000" => {
            ("refuses this user", "check the user and the password in the URL, and the server's pg_hba.conf")
        }
        "3D000" => ("does not have that database", "create it (`createdb`), or correct the URL"),
        "42501" => (
            "refuses what a store needs",
            "let this user create the schema (`grant create on database`), or create it for this user (`create schema .. \
             authorization ..`)",
        ),
        "25006" => (
            "is read-only, and nothing was written",
            "connect to the primary server, with a user whose `default_transaction_read_only` is off",
        ),
        "53300" => (
            "has no connection left",
            "lower `max_connections` of the stores and pools that use it, or raise that of the server",
        ),
        "53100" => ("has no disk space left, and nothing was acknowledged", "free some space and call again"),
        "57014" => (
            "has cancelled a statement that took too long",
            "look for what slows the server down, or raise `statement_timeout` of the store",
        ),
        "55P03" => (
            "has a row or table that others kept locked for too long",
            "look for an open transaction (`pg_stat_activity`), or raise `lock_timeout` of the store",
        ),
        "42P01" | "42703" | "3F000" => (
            "lacks a table of the store that was there when it was opened",
            "somebody has dropped or changed the schema; open the store again",
        ),
        "54000" | "54001" | "22001" | "53200" => (
            "cannot take a value so big, and nothing was written",
            "Postgres holds up to 1 GB in a value; keep it elsewhere, and its address in the flow",
        ),
        _ => return None,
    })
}

fn of_driver(error: &sqlx::Error) -> Option<(&'static str, &'static str)> {
    Some(match error {
        sqlx::Error::Io(_) => ("cannot be reached", "see that the server runs and that host and port are right"),
        sqlx::Error::Tls(_) => {
            ("does not speak the TLS that was asked for", "check `sslmode` and `sslrootcert` in the URL")
        }
        sqlx::Error::PoolTimedOut => {
            ("gives no connection in time", "raise `max_connections` of the store, or see what keeps the server busy")
        }
        sqlx::Error::PoolClosed => ("is closed", "open the store again"),
        sqlx::Error::Configuration(_) => {
            ("cannot be understood as an address", "write `postgres://user:password@host:5432/database`")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_names_the_server() {
        let errors = [
            sqlx::Error::Io(io::ErrorKind::ConnectionRefused.into()),
            sqlx::Error::PoolTimedOut,
            sqlx::Error::PoolClosed,
            sqlx::Error::RowNotFound,
        ];
        for error in errors {
            assert!(describe("db.example:5432/shop", &error).contains("db.example:5432/shop"), "{error}");
        }
    }

    #[test]
    fn what_passes_is_told_from_what_stays() {
        assert!(is_transient(&sqlx::Error::Io(io::ErrorKind::ConnectionReset.into())));
        assert!(is_transient_code("57P01") && is_transient_code("08006"));
        assert!(!is_transient_code("28P01") && !is_transient_code("3D000") && !is_transient_code("25006"));
        assert!(!is_transient(&sqlx::Error::RowNotFound));
    }
}
