//! Why an event is not known to be with the broker.

/// An event was not published, as far as is known.
///
/// It is one of two things, and the outbox treats them differently:
///
/// - *unavailable* ([`new`](Self::new), [`with_source`](Self::with_source)): the event may or may not have arrived: the broker is
///   down, did not answer in time, lost its connection. It is published again for as long as it takes, with the same id.
/// - *rejected* ([`rejected`](Self::rejected)): the broker, or its client, understood and refuses this event for good: it is too
///   large, there is no such stream or exchange, it reaches no queue. Trying again helps only when somebody has changed
///   something. So it is tried a limited number of times and then set aside, where it holds up no other run's events.
///
/// A publisher that cannot tell says *unavailable*: nothing is lost by trying again.
///
/// ```
/// use prose::PublishError;
///
/// let down = PublishError::new("the broker at nats://10.0.0.7:4222 does not answer: is it running?");
/// assert!(!down.is_rejected());
///
/// let refused = PublishError::rejected("no stream takes the subject `prose.orders`: create one that does");
/// assert!(refused.is_rejected());
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PublishError {
    message: String,
    rejected: bool,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl PublishError {
    /// *Unavailable*: what happened, where, and what to do.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), rejected: false, source: None }
    }

    /// *Unavailable*, with the client's own error.
    pub fn with_source(
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { message: message.into(), rejected: false, source: Some(source.into()) }
    }

    /// *Rejected*: what the broker refuses, where, and what to do.
    pub fn rejected(message: impl Into<String>) -> Self {
        Self { message: message.into(), rejected: true, source: None }
    }

    /// Whether the broker refuses this event for good; else it is not known to have arrived.
    pub fn is_rejected(&self) -> bool {
        self.rejected
    }
}
