//! Events: what a flow publishes, and who carries it out.

mod cloud_event;
mod error;
mod memory;
mod tracing;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;

pub use self::error::PublishError;
pub use self::memory::MemoryPublisher;
pub use self::tracing::TracingPublisher;
use crate::Json;
use crate::store::BoxFuture;

/// Something that has happened, to be told to others. Derive it:
///
/// ```
/// #[derive(serde::Serialize, prose::Event)]
/// #[event(type = "order.confirmed")]
/// struct OrderConfirmed {
///     order_id: String,
/// }
/// assert_eq!(<OrderConfirmed as prose::Event>::TYPE, "order.confirmed");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "`#[event(..)]` publishes an `Event`, an `Option` or a `Vec` of one",
    note = "derive it: `#[derive(serde::Serialize, prose::Event)] #[event(type = \"order.confirmed\")]`"
)]
pub trait Event: Serialize {
    /// What kind of event it is, such as `order.confirmed`.
    const TYPE: &'static str;

    /// The event's own correlation id, if it has one; else the run's is taken.
    fn correlation_id(&self) -> Option<&str> {
        None
    }
}

/// What stands behind `#[event(..)]`: one event, none, or several.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "`#[event(..)]` publishes an `Event`, an `Option` or a `Vec` of one",
    note = "derive it: `#[derive(serde::Serialize, prose::Event)] #[event(type = \"order.confirmed\")]`"
)]
pub trait IntoEvents {
    /// The kind of event.
    type Event: Event;
    /// The events, in order.
    fn into_events(self) -> impl IntoIterator<Item = Self::Event>;
    /// Whether ids need an index, because there may be more than one.
    const MANY: bool = false;
}

impl<E: Event> IntoEvents for E {
    type Event = E;
    fn into_events(self) -> impl IntoIterator<Item = E> {
        Some(self)
    }
}

impl<E: Event> IntoEvents for Option<E> {
    type Event = E;
    fn into_events(self) -> impl IntoIterator<Item = E> {
        self
    }
}

impl<E: Event> IntoEvents for Vec<E> {
    type Event = E;
    const MANY: bool = true;
    fn into_events(self) -> impl IntoIterator<Item = E> {
        self
    }
}

/// An event on its way. Written and read as [CloudEvents 1.0](https://cloudevents.io) JSON:
///
/// ```
/// let received = r#"{"specversion":"1.0","id":"ord_1:confirmed","source":"process-order","subject":"ord_1",
///     "type":"order.confirmed","time":"2026-02-28T10:00:00.123Z","datacontenttype":"application/json",
///     "correlationid":"web-17","data":{"order_id":"ord_1"}}"#;
/// let event: prose::EventRecord = serde_json::from_str(received)?;
/// assert_eq!(event.event_type, "order.confirmed");
/// assert_eq!(event.data.as_str(), r#"{"order_id":"ord_1"}"#);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EventRecord {
    /// The same for every publication of the event: the step's idempotency key, with `:{index}` behind it if there may be several. Consumers deduplicate by it.
    pub id: String,
    /// The flow's name.
    pub source: Cow<'static, str>,
    /// The run's id; `None` without durability.
    pub subject: Option<String>,
    /// The kind of event.
    pub event_type: Cow<'static, str>,
    /// When it was recorded.
    pub time: SystemTime,
    /// The event itself.
    pub data: Json,
    /// The event's own correlation id, else the run's.
    pub correlation_id: String,
}

/// Carries events to a broker. What it acknowledges, the broker has.
pub trait Publisher: Send + Sync + 'static {
    /// Publishes one event and returns when the broker has confirmed it.
    ///
    /// # Errors
    /// If it is not known to have arrived: it is published again then, with the same id. If the broker refuses it for good
    /// ([`PublishError::rejected`]): it is tried a few times more, then set aside. An implementation bounds how long it waits.
    fn publish<'a>(&'a self, channel: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>>;
}

impl<P: Publisher + ?Sized> Publisher for Arc<P> {
    fn publish<'a>(&'a self, channel: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>> {
        (**self).publish(channel, event)
    }
}
