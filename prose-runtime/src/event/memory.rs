//! A publisher that remembers, for tests.

use std::sync::{Arc, Mutex, PoisonError};

use super::{EventRecord, PublishError, Publisher};
use crate::store::BoxFuture;

/// Keeps what was published. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryPublisher {
    published: Arc<Mutex<Vec<(String, EventRecord)>>>,
}

impl MemoryPublisher {
    /// A publisher that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// All that was published, with its channel, in order.
    pub fn published(&self) -> Vec<(String, EventRecord)> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Publisher for MemoryPublisher {
    fn publish<'a>(&'a self, channel: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>> {
        Box::pin(async move {
            let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
            published.push((channel.to_owned(), event.clone()));
            Ok(())
        })
    }
}
