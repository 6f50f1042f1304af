//! An event of the outbox as the columns of its row, and back. Pure.

use super::RowError;
use crate::event::EventRecord;
use crate::store::Outgoing;

/// The columns of an event, but for what places it in its outbox (id, run) and what became of it (rejections and so on).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its channel.
    pub channel: String,
    /// The event, as CloudEvents JSON.
    pub event: String,
}

impl EventRow {
    /// The columns of an event.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn new(outgoing: &Outgoing) -> Result<Self, serde_json::Error> {
        Ok(Self { channel: outgoing.channel.clone(), event: serde_json::to_string(&outgoing.event)? })
    }

    /// Bytes of it, about.
    pub fn size(&self) -> usize {
        self.channel.len() + self.event.len()
    }

    /// The event of a row.
    ///
    /// # Errors
    /// If the column does not hold what [`new`](Self::new) puts there.
    pub fn read(event: &str) -> Result<EventRecord, RowError> {
        Ok(serde_json::from_str(event)?)
    }
}
