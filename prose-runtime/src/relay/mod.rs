//! The relay: carries the events of a store's outbox to the broker.
//!
//! ```text
//!  take the turn (in this process) ─▶ what is due (among processes) ─▶ publish, each run and channel in order ─▶ delete what is confirmed
//!        ▲                                                                                                        │
//!        └──────────────── wait: for a commit with events, or a pause where the broker is down ◀──────────────────┘
//! ```

mod pass;
mod wait;

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::event::Publisher;
use crate::store::Store;
use pass::Carrier;

/// Publishes the events that a store's flows have committed, until it is stopped or dropped.
///
/// Start one where the process starts, and flows with `#[event]`s need no `.publisher(..)` of their own. Of all relays of a
/// store, over all processes, one publishes at a time; when its process dies another one takes over.
///
/// - *At least once*: an event is deleted when the broker has confirmed it. A crash in between repeats it, with the same id.
/// - *In order*: of the events of one run on one channel the next is published when the one before is confirmed. A repeat may
///   come later.
/// - *While a channel's broker is down* its events wait, and are tried again with growing pauses of at most 5 seconds. Those on other
///   channels go on.
/// - *An event that the broker rejects* ([`PublishError::rejected`](crate::PublishError::rejected)) is tried again with growing pauses,
///   8 times unless told otherwise, and then parked: [`Outbox::parked`](crate::store::Outbox::parked) lists it, and
///   [`Outbox::release`](crate::store::Outbox::release) lets it go on. It holds up the later events of its own run on its channel while it
///   is tried again; once it is parked, only if the channel is [`ordered`](RelayBuilder::ordered).
///
/// One publisher carries all events of the store: also those of calls that were given another one by
/// [`Call::publisher`](crate::Call::publisher). Where channels go to different brokers, write a [`Publisher`] that chooses by channel. A
/// publisher that panics has rejected the event; one that does not answer for a minute is down.
///
/// ```
/// use prose::{Ctx, Event, MemoryPublisher, MemoryStore, Relay, flow};
///
/// #[derive(serde::Serialize, Event)]
/// #[event(type = "user.greeted")]
/// struct Greeted {
///     name: String,
/// }
///
/// #[flow]
/// async fn greet(ctx: Ctx, name: String) -> Result<(), std::convert::Infallible> {
///     #[event("greetings")]
///     Greeted { name: name.clone() };
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), prose::Error<std::convert::Infallible>> {
/// let store = MemoryStore::new();
/// let broker = MemoryPublisher::new();
/// let relay = Relay::start(&store, broker.clone());
///
/// greet("Ada".to_owned()).durable(&store, "greeting-1").await?;
/// assert_eq!(broker.published()[0].1.id, "greeting-1:greetings");
/// relay.stop().await;
/// # Ok(()) }
/// ```
#[must_use = "a relay stops when it is dropped: bind it to a name that lives as long as the process, not to `_`"]
pub struct Relay {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

/// Settings of a [`Relay`]; made by [`Relay::builder`].
#[must_use = "a relay does nothing until it is started"]
pub struct RelayBuilder {
    store: Arc<dyn Store>,
    publisher: Arc<dyn Publisher>,
    ordered: Vec<String>,
    max_rejections: u32,
}

impl Relay {
    /// Starts a relay with the usual settings, on the current tokio runtime.
    pub fn start<S: Store + Clone>(store: &S, publisher: impl Publisher) -> Self {
        Self::builder(store, publisher).start()
    }

    /// Settings other than the usual ones.
    pub fn builder<S: Store + Clone>(store: &S, publisher: impl Publisher) -> RelayBuilder {
        RelayBuilder::new(Arc::new(store.clone()), Arc::new(publisher))
    }

    /// A relay for the time of one call.
    pub(crate) fn of_call(store: Arc<dyn Store>, publisher: Arc<dyn Publisher>) -> Self {
        RelayBuilder::new(store, publisher).spawn(None)
    }

    /// A relay for as long as an engine works.
    pub(crate) fn of_engine(store: Arc<dyn Store>, publisher: Arc<dyn Publisher>) -> Self {
        RelayBuilder::new(store, publisher).start()
    }

    /// Stops, and returns when what was under way is confirmed and noted, or has failed: no later than the publisher gives up. What is
    /// left waits in the outbox.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // Its own panics are reported where they happen.
            let _ended = task.await;
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("is_stopped", &self.stop.is_cancelled()).finish_non_exhaustive()
    }
}

impl RelayBuilder {
    fn new(store: Arc<dyn Store>, publisher: Arc<dyn Publisher>) -> Self {
        Self { store, publisher, ordered: Vec::new(), max_rejections: 8 }
    }

    /// Declares that the events of a run on this channel make sense only in their order: behind one that is parked, the later
    /// ones wait until it is released.
    pub fn ordered(mut self, channel: impl Into<String>) -> Self {
        self.ordered.push(channel.into());
        self
    }

    /// How often the broker may reject an event before it is parked; 8 unless told otherwise, which takes about two minutes. 0 is
    /// taken as 1.
    pub fn max_rejections(mut self, rejections: u32) -> Self {
        self.max_rejections = rejections.max(1);
        self
    }

    /// Starts it, on the current tokio runtime.
    pub fn start(self) -> Relay {
        let staying = wait::Staying::begin(&self.store);
        self.spawn(Some(staying))
    }

    fn spawn(self, staying: Option<wait::Staying>) -> Relay {
        let stop = CancellationToken::new();
        let carrier = Carrier::new(self.store, self.publisher, self.ordered, self.max_rejections);
        let task = tokio::spawn(wait::serve(carrier, stop.clone(), staying));
        Relay { stop, task: Some(task) }
    }
}

impl std::fmt::Debug for RelayBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { ordered, max_rejections, .. } = self;
        f.debug_struct("RelayBuilder")
            .field("ordered", ordered)
            .field("max_rejections", max_rejections)
            .finish_non_exhaustive()
    }
}
