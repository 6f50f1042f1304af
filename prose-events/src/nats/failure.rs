//! What a failed publish means: refused for good, or not known to have arrived.

use async_nats::connection::State;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{GetStreamByNameErrorKind, PublishError as NatsError, PublishErrorKind};
use prose::{EventRecord, PublishError};

use super::NatsPublisher;

/// What a stream answers to a message that it will never take. Full streams are not among them: they may be emptied.
const REFUSALS: [ErrorCode; 3] =
    [ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM, ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM, ErrorCode::STREAM_SEALED];

impl NatsPublisher {
    pub(super) async fn failure(&self, subject: &str, event: &EventRecord, error: NatsError) -> PublishError {
        let server = &self.server;
        match error.kind() {
            PublishErrorKind::StreamNotFound => self.no_answer(subject).await,
            // Before the first connection, the client has but a guess at the server's limit.
            PublishErrorKind::MaxPayloadExceeded if self.connected() => PublishError::rejected(format!(
                "event `{}` is too large for {server}: {error}; publish a reference instead, or raise `max_payload`",
                event.id
            )),
            // Somebody who is no stream may listen on the subject, and will not answer.
            PublishErrorKind::TimedOut if self.connected() && self.has_no_stream(subject).await => {
                self.no_stream(subject)
            }
            PublishErrorKind::TimedOut => self.late(),
            _ if is_refusal(&error) => PublishError::rejected(format!(
                "the stream of subject `{subject}` at {server} refuses event `{}`: {}",
                event.id,
                full(&error)
            )),
            _ => PublishError::with_source(
                format!(
                    "{server} has not taken an event on subject `{subject}`: {}; it is published again",
                    full(&error)
                ),
                error,
            ),
        }
    }

    /// Nobody listens on the subject: there is no stream, or it has no leader at the moment. The server knows which.
    async fn no_answer(&self, subject: &str) -> PublishError {
        let server = &self.server;
        match self.context.stream_by_subject(subject).await {
            Ok(stream) => PublishError::new(format!(
                "stream `{stream}` takes the subject `{subject}` at {server}, but has no leader at the moment; the event is published again"
            )),
            Err(error) if error.kind() == GetStreamByNameErrorKind::NotFound => self.no_stream(subject),
            Err(error) => PublishError::with_source(
                format!(
                    "no stream at {server} answers on the subject `{subject}`, and whether there is one cannot be told: is JetStream \
                     enabled there, for this account?"
                ),
                error,
            ),
        }
    }

    async fn has_no_stream(&self, subject: &str) -> bool {
        let found = self.context.stream_by_subject(subject).await;
        found.is_err_and(|error| error.kind() == GetStreamByNameErrorKind::NotFound)
    }

    fn no_stream(&self, subject: &str) -> PublishError {
        PublishError::rejected(format!(
            "no stream at {} takes the subject `{subject}`: create one that does \
             (`nats stream add PROSE --subjects 'prose.>'`), or add the subject to a stream",
            self.server
        ))
    }

    /// Nothing was heard in time.
    pub(super) fn late(&self) -> PublishError {
        let (server, timeout) = (&self.server, self.timeout);
        PublishError::new(if self.connected() {
            format!("{server} has not acknowledged within {timeout:?}; the event is published again")
        } else {
            format!(
                "there has been no connection to {server} for {timeout:?}: is the server running, and are the credentials right?"
            )
        })
    }

    fn connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }
}

fn is_refusal(error: &NatsError) -> bool {
    let answer =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<async_nats::jetstream::Error>());
    answer.is_some_and(|answer| REFUSALS.contains(&answer.error_code()))
}

/// The client's error with its cause.
fn full(error: &NatsError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{}: {cause}", error.kind()),
        None => error.to_string(),
    }
}
