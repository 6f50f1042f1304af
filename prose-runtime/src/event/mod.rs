//! Events: what a flow publishes, and who carries it out.

mod memory;
mod tracing;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use serde::ser::SerializeMap;

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

/// An event on its way. Serializes as [CloudEvents 1.0](https://cloudevents.io) JSON.
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

impl Serialize for EventRecord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("source", &self.source)?;
        if let Some(subject) = &self.subject {
            map.serialize_entry("subject", subject)?;
        }
        map.serialize_entry("type", &self.event_type)?;
        map.serialize_entry("time", &humantime::format_rfc3339_millis(self.time).to_string())?;
        map.serialize_entry("datacontenttype", "application/json")?;
        map.serialize_entry("correlationid", &self.correlation_id)?;
        map.serialize_entry("data", &self.data)?;
        map.end()
    }
}

/// Carries events to a broker. What it acknowledges, the broker has.
pub trait Publisher: Send + Sync + 'static {
    /// Publishes one event and returns when the broker has confirmed it.
    ///
    /// # Errors
    /// If it is not known to have arrived. It is published again then, with the same id.
    fn publish<'a>(&'a self, channel: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>>;
}

impl<P: Publisher + ?Sized> Publisher for Arc<P> {
    fn publish<'a>(&'a self, channel: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>> {
        (**self).publish(channel, event)
    }
}

/// An event did not arrive, as far as is known.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PublishError {
    message: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl PublishError {
    /// What happened, where, and what to do.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// The same, with the client's own error.
    pub fn with_source(
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { message: message.into(), source: Some(source.into()) }
    }
}
