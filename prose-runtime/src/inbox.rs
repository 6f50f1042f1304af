//! What the inboxes of all databases share: the consumer's side of events that are published at least once.
//!
//! An inbox keeps the ids of the events that a consumer has applied, in the consumer's own database. It notes an id **in the
//! transaction that applies the event**: both are committed, or neither is. So an event that is delivered again is recognised,
//! and "at least once" becomes exactly once. The inboxes are `prose_sqlite::SqliteInbox` and `prose_postgres::PostgresInbox`; one for
//! another database has the same four parts, and uses what is here:
//!
//! ```
//! use std::collections::HashSet;
//! use prose::inbox::{self, Delivery, InboxError};
//!
//! /// For a consumer whose "database" is in memory.
//! #[derive(Default)]
//! struct MemoryInbox {
//!     seen: HashSet<String>,
//! }
//!
//! impl MemoryInbox {
//!     fn once(&mut self, event_id: &str) -> Result<Delivery, InboxError> {
//!         inbox::check_event_id(event_id)?;
//!         Ok(if self.seen.insert(event_id.to_owned()) { Delivery::First } else { Delivery::Repeated })
//!     }
//! }
//!
//! let mut inbox = MemoryInbox::default();
//! assert!(inbox.once("ord_1:confirmed")?.is_first());
//! assert_eq!(inbox.once("ord_1:confirmed")?, Delivery::Repeated);
//! assert!(inbox.once("").is_err());
//! # Ok::<(), InboxError>(())
//! ```

/// Whether an event has been applied before.
#[must_use = "a repeated event must not be applied again"]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// It has not: apply it in this transaction, commit, and acknowledge it.
    First,
    /// It has, in a transaction that is committed: acknowledge it, and do nothing else.
    Repeated,
}

impl Delivery {
    /// Whether the event is to be applied.
    pub fn is_first(self) -> bool {
        self == Self::First
    }
}

/// An inbox cannot be opened or pruned. Says what happened, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct InboxError {
    message: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl InboxError {
    /// An error that the message says all of.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// An error that comes of another one.
    pub fn with_source(
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { message: message.into(), source: Some(source.into()) }
    }
}

/// An index of Postgres takes no long text, and a name is read by people.
const LONGEST_CONSUMER: usize = 200;

/// Checks the name of a consumer.
///
/// # Errors
/// If it is empty, longer than 200 bytes, or holds a NUL.
pub fn check_consumer(name: &str) -> Result<(), InboxError> {
    let fault = match name {
        "" => "it is empty",
        _ if name.len() > LONGEST_CONSUMER => "it is longer than 200 bytes",
        _ if name.contains('\0') => "it holds a NUL",
        _ => return Ok(()),
    };
    let start: String = name.chars().take(40).collect();
    Err(InboxError::new(format!(
        "{start:?} cannot be the name of an inbox's consumer: {fault}; name it for what it does with the events, such as `mailer`"
    )))
}

/// Checks the id of an event.
///
/// # Errors
/// If it is empty. All events whose id was not found would be one event then, of which all but the first are dropped.
pub fn check_event_id(event_id: &str) -> Result<(), InboxError> {
    if !event_id.is_empty() {
        return Ok(());
    }
    Err(InboxError::new(
        "the event's id is empty, so it cannot be told from others, and nothing was noted; take the `id` of the CloudEvent \
         (the header `Nats-Msg-Id`, the property `message_id`)",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_names_are_refused_in_words() {
        assert!(check_consumer("mailer, v2 of \"ü\"").is_ok() && check_consumer(&"x".repeat(200)).is_ok());
        for name in ["", "a\0b", &"x".repeat(201)] {
            let error = check_consumer(name).unwrap_err().to_string();
            assert!(error.contains("consumer") && error.contains("`mailer`") && error.len() < 250, "{error}");
        }
    }
}
