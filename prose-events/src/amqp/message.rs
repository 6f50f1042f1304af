//! What is sent for an event.

use std::time::UNIX_EPOCH;

use lapin::BasicProperties;
use lapin::types::ShortString;
use prose::{EventRecord, PublishError};

use crate::CONTENT_TYPE;

/// Delivery mode 2: durable queues write the message to disk before they confirm it.
const PERSISTENT: u8 = 2;

/// An event, ready to be sent.
pub(super) struct Message {
    pub(super) id: String,
    pub(super) exchange: ShortString,
    pub(super) routing_key: ShortString,
    pub(super) properties: BasicProperties,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// Rejected if a name or the id is longer than the protocol can carry.
    pub(super) fn new(exchange: String, routing_key: String, event: &EventRecord) -> Result<Self, PublishError> {
        let body = serde_json::to_vec(event).map_err(|error| {
            PublishError::rejected(format!("event `{}` cannot be written as JSON: {error}", event.id))
        })?;
        Ok(Self {
            id: event.id.clone(),
            exchange: short("exchange's name", exchange)?,
            routing_key: short("routing key", routing_key)?,
            properties: properties(event)?,
            body,
        })
    }
}

fn properties(event: &EventRecord) -> Result<BasicProperties, PublishError> {
    let seconds = event.time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type(CONTENT_TYPE.into())
        .with_message_id(short("event's id", event.id.clone())?)
        .with_type(short("event's type", event.event_type.to_string())?)
        .with_timestamp(seconds);
    // One from outside may be of any length. It is in the body anyway, and nobody deduplicates by it.
    Ok(match ShortString::try_new(event.correlation_id.clone()) {
        Ok(correlation) if !event.correlation_id.is_empty() => properties.with_correlation_id(correlation),
        _ => properties,
    })
}

fn short(what: &str, text: String) -> Result<ShortString, PublishError> {
    let start: String = text.chars().take(40).collect();
    let length = text.len();
    ShortString::try_new(text).map_err(|_| {
        PublishError::rejected(format!(
            "the {what} `{start}..` has {length} bytes, and AMQP takes 255: choose a shorter one"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, correlation: &str) -> EventRecord {
        let json = serde_json::json!({
            "specversion": "1.0", "id": id, "source": "f", "type": "t", "time": "2026-02-28T10:00:00.9Z",
            "correlationid": correlation, "data": null,
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_is_too_long_for_the_protocol_is_refused_by_name() {
        let long = "x".repeat(256);
        let error = Message::new("e".into(), "k".into(), &event(&long, "c")).err().unwrap();
        assert!(error.is_rejected() && error.to_string().contains("event's id"), "{error}");
        let error = Message::new("e".into(), long, &event("1", "c")).err().unwrap();
        assert!(error.is_rejected() && error.to_string().contains("routing key"), "{error}");
    }

    #[test]
    fn a_long_correlation_id_is_in_the_body_only() {
        let message = Message::new("e".into(), "k".into(), &event("1", &"ü".repeat(200))).ok().unwrap();
        assert_eq!(message.properties.correlation_id(), &None);
        assert_eq!(message.properties.timestamp(), &Some(1_772_272_800));
    }
}
