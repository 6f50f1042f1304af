//! What a call does for its events: it checks that somebody publishes them, and waits for them, for a while.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::subject::Subject;
use super::{Execution, Outcome};
use crate::error::Error;
use crate::flow::{PointKind, PointMeta};
use crate::relay::Relay;
use crate::store::{RunKey, Store};

/// How long a call waits for its events behind the end of its run.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much longer it waits once the broker does not answer: a hiccup is over by then, an outage is not.
const PATIENCE_WITH_THE_BROKER: Duration = Duration::from_millis(500);

/// How often it looks, where the relay of another process publishes them.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

impl Execution {
    fn event(&self) -> Option<&'static PointMeta> {
        self.meta.first(PointKind::Event)
    }

    pub(super) fn needs_publisher(&self) -> Result<(), Error<()>> {
        let Some(event) = self.event() else { return Ok(()) };
        let by_relay = || self.settings.durable.as_ref().is_some_and(|(store, _)| store.outbox().bell().has_relay());
        match self.settings.publisher.is_some() || by_relay() {
            true => Ok(()),
            false => Err(Error::NoPublisher { step: event.name }),
        }
    }

    /// A signal is sent to a run that is kept somewhere.
    pub(super) fn needs_store(&self) -> Result<(), Error<()>> {
        match (self.meta.first(PointKind::Signal), &self.settings.durable) {
            (Some(signal), None) => Err(Error::NoStore { step: signal.name }),
            _ => Ok(()),
        }
    }

    /// Runs a durable flow, with a relay if it has events and none is there.
    pub(super) async fn publishing(&self, store: Arc<dyn Store>, key: RunKey, flow: &mut dyn Subject) -> Outcome {
        if self.event().is_none() {
            return self.run_durable(store, key, flow).await;
        }
        self.refuse_in_transaction(&key)?;
        let relay = match &self.settings.publisher {
            Some(publisher) if !store.outbox().bell().has_relay() => {
                Some(Relay::of_call(Arc::clone(&store), Arc::clone(publisher)))
            }
            _ => None,
        };
        let outcome = self.run_durable(Arc::clone(&store), key.clone(), flow).await;
        if relay.is_none() && self.settings.parent.is_some() {
            return outcome; // Its parent's call, or the relay, goes on.
        }
        let settle = async {
            wait_for_events(&*store, &key).await;
            if let Some(relay) = relay {
                relay.stop().await;
            }
        };
        let patience = Instant::now() + PATIENCE;
        let until = self.limits.deadline.map_or(patience, |deadline| deadline.min(patience));
        let _settled_or_left_to_others = tokio::time::timeout_at(until, settle).await;
        outcome
    }
}

/// Waits until the run's events are published, or the broker has not answered for a while.
async fn wait_for_events(store: &dyn Store, key: &RunKey) {
    let mut carried = store.outbox().bell().on_carried();
    let mut down_since = carried.borrow().is_down.then(Instant::now);
    loop {
        carried.mark_unchanged();
        match store.outbox().unpublished(key).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(run = %key, %error, "whether the run's events are published cannot be told");
                return;
            }
        }
        if tokio::time::timeout(LOOK_AGAIN, carried.changed()).await.is_ok() {
            down_since = carried.borrow().is_down.then(|| down_since.unwrap_or_else(Instant::now));
        }
        if down_since.is_some_and(|since| since.elapsed() >= PATIENCE_WITH_THE_BROKER) {
            return;
        }
    }
}
