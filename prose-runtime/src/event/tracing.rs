//! A publisher that logs, for a start without a broker.

use super::{EventRecord, PublishError, Publisher};
use crate::store::BoxFuture;

/// Writes each event as a `tracing` event of level INFO.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingPublisher;

impl Publisher for TracingPublisher {
    fn publish<'a>(&'a self, channel: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>> {
        Box::pin(async move {
            tracing::info!(
                channel,
                id = event.id,
                r#type = %event.event_type,
                run_id = event.subject,
                correlation_id = event.correlation_id,
                data = %event.data,
                "event published"
            );
            Ok(())
        })
    }
}
