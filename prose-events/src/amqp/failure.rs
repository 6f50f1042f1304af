//! What a failed publish means: refused for good, or not known to have arrived.

use std::time::Duration;

use lapin::ErrorKind;
use lapin::message::BasicReturnMessage;
use prose::PublishError;

use super::broker::{Broker, lock};
use super::message::Message;

/// The broker closes a channel with these for one message that it will never take.
const CONTENT_TOO_LARGE: u16 = 311;
const ACCESS_REFUSED: u16 = 403;
const NOT_FOUND: u16 = 404;
const PRECONDITION_FAILED: u16 = 406;

impl Broker {
    /// The channel, the connection or the broker has failed.
    pub(super) fn failure(&self, message: &Message, error: lapin::Error) -> PublishError {
        let (address, exchange, id) = (&self.address, &message.exchange, &message.id);
        let (code, said) = match error.kind() {
            ErrorKind::ProtocolError(said) => (said.get_id(), said.get_message().to_string()),
            _ => (0, error.to_string()),
        };
        match code {
            NOT_FOUND => PublishError::rejected(format!(
                "there is no exchange `{exchange}` at {address}: declare it, and bind a queue to it with routing key `{}` ({said})",
                message.routing_key
            )),
            ACCESS_REFUSED => PublishError::rejected(format!(
                "the user may not publish to exchange `{exchange}` at {address}: give it the permission to write there ({said})"
            )),
            CONTENT_TOO_LARGE | PRECONDITION_FAILED => PublishError::rejected(format!(
                "{address} refuses event `{id}` ({said}): publish a reference instead if it is too large"
            )),
            _ => PublishError::with_source(
                format!("event `{id}` may not have arrived at {address}: {said}; it is published again"),
                error,
            ),
        }
    }

    /// The broker has confirmed that it has thrown the event away.
    pub(super) fn unroutable(&self, message: &Message, returned: &BasicReturnMessage) -> PublishError {
        PublishError::rejected(format!(
            "exchange `{}` at {} has no queue for routing key `{}` ({} {}): bind one, so that the events are kept",
            message.exchange, self.address, message.routing_key, returned.reply_code, returned.reply_text
        ))
    }

    /// A queue does not take it at the moment.
    pub(super) fn not_taken(&self, message: &Message) -> PublishError {
        PublishError::new(format!(
            "a queue behind exchange `{}` at {} has not taken event `{}`: is it full? It is published again",
            message.exchange, self.address, message.id
        ))
    }

    pub(super) fn without_confirms(&self) -> PublishError {
        PublishError::new(format!("the broker at {} does not confirm what is published", self.address))
    }

    /// Nothing was heard in time.
    pub(super) fn late(&self, timeout: Duration) -> PublishError {
        let address = &self.address;
        PublishError::new(match &*lock(&self.last_failure) {
            Some(failure) => format!(
                "the broker at {address} cannot be reached ({failure}): is it running, and are user and password right?"
            ),
            None => {
                format!("the broker at {address} has not confirmed within {timeout:?}; the event is published again")
            }
        })
    }
}
