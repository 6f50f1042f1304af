//! What an error of Postgres means to somebody who opens or prunes an inbox.

use prose::inbox::InboxError;

use crate::error::{code, describe};

/// Any error: what happened, on which server, and what to do.
pub(super) fn failed(place: &str, error: sqlx::Error) -> InboxError {
    let what = match (&error, code(&error).as_deref()) {
        (sqlx::Error::PoolTimedOut, _) => Some((
            "gives no connection in time",
            "raise the pool's `max_connections`, or see what keeps its connections busy",
        )),
        (sqlx::Error::PoolClosed, _) => Some(("cannot be reached any more", "the pool is closed: open another one")),
        (_, Some("57014")) => Some((
            "has cancelled a statement that took too long",
            "look for what slows it down, or raise `statement_timeout`",
        )),
        (_, Some("55P03")) => Some((
            "has a table or row that others kept locked for too long",
            "look for an open transaction (`pg_stat_activity`), or raise `lock_timeout`",
        )),
        (_, Some("42501")) => Some((
            "does not let this user do that with the inbox",
            "`grant usage on schema .. to ..; grant select, insert, delete on ...inbox to ..`",
        )),
        (_, Some("42P01" | "3F000")) => {
            Some(("has lost the inbox that was there when it was opened", "somebody has dropped it; open it again"))
        }
        _ => None,
    };
    told(place, what, error)
}

/// An error of creating the schema or the table.
pub(super) fn not_created(place: &str, error: sqlx::Error) -> InboxError {
    match code(&error).as_deref() {
        Some("42501") => {
            let what = (
                "does not let this user create the inbox",
                "let it (`grant create on database`, or on the schema if there is one), or open the inbox once as a user that may, and \
                 then `grant usage on schema .. to ..; grant select, insert, delete on ...inbox to ..`",
            );
            told(place, Some(what), error)
        }
        Some("42P07") => told(place, Some(FOREIGN), error),
        _ => failed(place, error),
    }
}

/// An error of a table that is there.
pub(super) fn unusable(place: &str, error: sqlx::Error) -> InboxError {
    match code(&error).as_deref() {
        // No such column, no such key, no table at all but a view, another type.
        Some("42703" | "42P10" | "42809" | "42804" | "55000" | "0A000") => told(place, Some(FOREIGN), error),
        _ => failed(place, error),
    }
}

const FOREIGN: (&str, &str) = (
    "has something else by the name that an inbox needs, and nothing was changed",
    "give the inbox a schema of its own (`.schema(\"..\")`)",
);

fn told(place: &str, what: Option<(&str, &str)>, error: sqlx::Error) -> InboxError {
    let message = match what {
        Some((what, to_do)) => format!("{place} {what}; {to_do} ({error})"),
        None => describe(place, &error),
    };
    InboxError::with_source(message, error)
}
