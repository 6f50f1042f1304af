//! The outbox: events that are committed, and wait to be published.

use std::time::{Duration, SystemTime};

use super::{Bell, BoxFuture, RunKey, StoreError};
use crate::event::EventRecord;

/// The part of a store that keeps events from the commit that holds them until the broker has confirmed them. A
/// [`Relay`](crate::Relay) carries them; applications use [`unpublished`](Self::unpublished), [`parked`](Self::parked) and
/// [`release`](Self::release).
///
/// ```
/// use prose::{MemoryStore, Store};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), prose::StoreError> {
/// let store = MemoryStore::new();
/// for parked in store.outbox().parked(0, 100).await? {
///     println!("{} on `{}`: {}", parked.event.id, parked.channel, parked.error);
///     store.outbox().release(parked.id).await?; // tried again, from the first
/// }
/// # Ok(()) }
/// ```
pub trait Outbox: Send + Sync {
    /// The events that are to be published now, oldest first; `None` while another living instance of the store publishes. Asking
    /// makes this instance the one that does, until [`step_down`](Self::step_down) or its death.
    ///
    /// Of a run's events on one channel none comes ahead of an earlier one: behind one that was rejected and waits, the later ones wait
    /// as well; behind one that is parked they do if the channel is among the ordered ones.
    fn due<'a>(&'a self, request: &'a DueRequest) -> BoxFuture<'a, Result<Option<Vec<OutboxEvent>>, StoreError>>;

    /// Lets another instance publish. A hint, as [`Store::release`](super::Store::release): it must not block.
    fn step_down(&self);

    /// The broker has confirmed these events: they are deleted.
    fn published<'a>(&'a self, ids: &'a [i64]) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The broker has rejected an event, once more. `false` if it is not there any more.
    fn rejected<'a>(&'a self, id: i64, rejection: &'a Rejection) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// How many events of a run wait to be published, parked ones not counted.
    fn unpublished<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// The parked events, oldest first, whose id is greater than `behind`, at most `limit`.
    fn parked(&self, behind: i64, limit: usize) -> BoxFuture<'_, Result<Vec<ParkedEvent>, StoreError>>;

    /// Lets a parked event be published again, as if it had never been rejected. `false` if it is not parked.
    fn release(&self, id: i64) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// The outbox's bell; always the same one for an opened store and its clones.
    fn bell(&self) -> &Bell;
}

/// What a relay asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueRequest {
    /// The channels on which a run's later events wait for a parked one.
    pub ordered: Vec<String>,
    /// The channels that are not asked for: their broker does not answer.
    pub without: Vec<String>,
    /// At most so many events.
    pub limit: usize,
}

/// An event that is to be published.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEvent {
    /// The outbox's own number for it; later events of a run have greater ones.
    pub id: i64,
    /// The uid of its run.
    pub uid: String,
    /// Where it is to be published.
    pub channel: String,
    /// How often the broker has rejected it.
    pub rejections: u32,
    /// The event.
    pub event: EventRecord,
}

/// An event that the broker has rejected too often.
#[derive(Clone, Debug, PartialEq)]
pub struct ParkedEvent {
    /// The outbox's own number for it.
    pub id: i64,
    /// Its run.
    pub key: RunKey,
    /// Where it was to be published.
    pub channel: String,
    /// How often the broker has rejected it.
    pub rejections: u32,
    /// What the broker said at last.
    pub error: String,
    /// Since when it is parked.
    pub parked_at: SystemTime,
    /// The event.
    pub event: EventRecord,
}

/// What is to be noted of a rejected event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// What the broker said.
    pub error: String,
    /// When it is to be tried again; `None`: it is parked.
    pub again_in: Option<Duration>,
}
