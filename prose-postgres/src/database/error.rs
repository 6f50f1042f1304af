//! What an error of Postgres means to somebody who runs a transaction: what happened, where, and what to do.

use prose::DatabaseError;

use super::PostgresDatabase;
use crate::core::Core;
use crate::error::code;

impl PostgresDatabase {
    /// An error in front of COMMIT: nothing is committed.
    pub(super) fn failed(&self, error: sqlx::Error) -> DatabaseError {
        DatabaseError::failed(describe(&self.0.place, &error), error)
    }

    /// An error of the statement that writes the run's commit.
    pub(super) fn not_recorded(&self, core: &Core, error: sqlx::Error) -> DatabaseError {
        if code(&error).as_deref() != Some("42501") {
            return self.failed(error);
        }
        let (place, schema) = (&self.0.place, core.schema.name());
        let what = format!(
            "{place} does not let the pool's user write the step's record, and the transaction was rolled back; `grant usage on \
             schema {schema} to ..` and `grant select, insert, update on all tables in schema {schema} to ..`, or use the \
             store's user ({error})"
        );
        DatabaseError::failed(what, error)
    }

    /// An error of COMMIT: an answer of the server says that it rolled back; without one, nobody knows.
    pub(super) fn not_committed(&self, error: sqlx::Error) -> DatabaseError {
        if is_answer(&error) {
            return self.failed(error);
        }
        let place = &self.0.place;
        let what = format!(
            "the connection to {place} was lost while COMMIT was under way, so nobody here knows whether the transaction is \
             committed ({error})"
        );
        DatabaseError::unknown(what, error)
    }

    pub(super) fn unreadable(&self, step: &str, error: serde_json::Error) -> DatabaseError {
        let (place, schema) = (&self.0.place, self.0.settings.schema.name());
        let what = format!("the receipt of step `{step}` in {place}, schema `{schema}`, is no JSON: {error}");
        DatabaseError::failed(what, error)
    }
}

/// Whether the server has answered to a statement, and not with its own end.
fn is_answer(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| !code.starts_with("57P") && !code.starts_with("08") && !code.starts_with("XX"))
}

/// Says what happened, names the server and says what to do.
fn describe(place: &str, error: &sqlx::Error) -> String {
    let what = match code(error).as_deref() {
        Some(code) => of_code(code),
        None => of_driver(error),
    };
    match what {
        Some((what, to_do)) => format!("{place} {what}; {to_do} ({error})"),
        None => format!("the transaction on {place} failed and was rolled back ({error})"),
    }
}

fn of_code(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "40001" => (
            "could not keep the transaction apart from another one that ran at the same time, and rolled it back",
            "let it be tried again: `#[transaction(.., retry(max_attempts = 5, delay = \"50ms\"))]`",
        ),
        "40P01" => (
            "has found that the transaction and another one wait for one another (a deadlock), and rolled this one back",
            "let it be tried again: `#[transaction(.., retry(max_attempts = 5, delay = \"50ms\"))]`, and let all bodies change \
             rows in the same order",
        ),
        "25P02" => (
            "has rolled the transaction back, because a statement of the body has failed",
            "let the body return its error, or put what may fail into a savepoint (`tx.begin()`)",
        ),
        "25P03" => (
            "has ended a transaction that did nothing for too long",
            "let the body do nothing but its statements, or raise `PostgresDatabase::idle_timeout`",
        ),
        "25006" => (
            "is read-only, and the transaction was rolled back",
            "connect the pool to the primary server, with a user whose `default_transaction_read_only` is off",
        ),
        "28P01" | "28000" => ("refuses the pool's user", "check its password, and the server's pg_hba.conf"),
        "3D000" => ("does not have that database", "create it (`createdb`), or correct the pool's options"),
        "42501" => (
            "refuses what the transaction needs, and rolled it back",
            "grant the pool's user the right to it; receipts need `select, insert, update, delete` on their table",
        ),
        "53100" => ("has no disk space left, and the transaction was rolled back", "free some space and call again"),
        "53300" => {
            ("has no connection left", "lower `max_connections` of the pools that use it, or raise that of the server")
        }
        "55P03" => (
            "has a row or table that others kept locked for too long",
            "look for an open transaction (`pg_stat_activity`), or raise `lock_timeout` of the pool's connections",
        ),
        "57014" => (
            "has cancelled a statement that took too long",
            "look for what slows it down, or raise `statement_timeout` of the pool's connections",
        ),
        "57P01" | "57P02" | "57P03" => {
            ("is being stopped or started, and the transaction was rolled back", "call again when it is there")
        }
        _ => return None,
    })
}

fn of_driver(error: &sqlx::Error) -> Option<(&'static str, &'static str)> {
    Some(match error {
        sqlx::Error::Io(_) => (
            "cannot be reached, or has cut the connection; the transaction was rolled back",
            "see that the server runs, and call again; `retry(..)` does so by itself",
        ),
        sqlx::Error::PoolTimedOut => (
            "was not asked: no connection of the pool became free in time",
            "raise the pool's `max_connections`, keep bodies short, and let no body wait for another transaction",
        ),
        sqlx::Error::PoolClosed => ("was not asked: its pool is closed", "close it only when the flows have ended"),
        sqlx::Error::Tls(_) => ("does not speak the TLS that was asked for", "check `sslmode` and `sslrootcert`"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_names_the_server_and_says_what_to_do() {
        for error in [sqlx::Error::PoolTimedOut, sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())] {
            let said = describe("Postgres at db.example:5432 (database `shop`)", &error);
            assert!(said.starts_with("Postgres at db.example:5432") && said.contains("; "), "{said}");
        }
        assert!(of_code("40001").unwrap().1.contains("retry(") && of_code("40P01").unwrap().1.contains("retry("));
    }

    #[test]
    fn only_an_answer_says_that_a_commit_was_rolled_back() {
        assert!(!is_answer(&sqlx::Error::Io(std::io::ErrorKind::UnexpectedEof.into())));
        assert!(!is_answer(&sqlx::Error::WorkerCrashed));
    }
}
