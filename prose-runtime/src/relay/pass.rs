//! One pass of a relay: publishes what is due, and notes what came of it.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use indexmap::IndexMap;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::event::{PublishError, Publisher};
use crate::execute::panic_text;
use crate::flow::RetryMeta;
use crate::machine::pause_behind;
use crate::store::{DueRequest, OutboxEvent, Rejection, Store, StoreError};

/// So many events are read at once.
const EVENTS: usize = 512;

/// For so many runs and channels it publishes at once.
const QUEUES: usize = 64;

/// A publisher bounds its own time; one that does not must not stop the others' events.
const LONGEST_PUBLISH: Duration = Duration::from_secs(60);

/// What a relay works with.
pub(super) struct Carrier {
    pub(super) store: Arc<dyn Store>,
    publisher: Arc<dyn Publisher>,
    ordered: Vec<String>,
    /// When a rejected event is tried again, and how often.
    rejected: RetryMeta,
}

/// What a pass has done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    /// Another instance publishes.
    pub(super) elsewhere: bool,
    /// The channels on which something was published.
    pub(super) up: Vec<String>,
    /// The channels whose broker did not answer, and what was said.
    pub(super) down: BTreeMap<String, String>,
    /// There is more to do at once.
    pub(super) more: bool,
}

/// The events of one run on one channel, in order.
struct Queue {
    channel: String,
    events: Vec<OutboxEvent>,
}

/// What came of them.
struct Carried {
    channel: String,
    published: Vec<i64>,
    rejected: Vec<(OutboxEvent, String)>,
    down: Option<String>,
}

/// Why an event was not published.
enum Failed {
    Rejected(String),
    Down(String),
}

impl Carrier {
    pub(super) fn new(
        store: Arc<dyn Store>,
        publisher: Arc<dyn Publisher>,
        ordered: Vec<String>,
        max_rejections: u32,
    ) -> Self {
        let rejected = RetryMeta {
            max_attempts: max_rejections,
            delay: Duration::from_secs(1),
            backoff: 2.0,
            max_delay: Some(Duration::from_secs(60)),
            jitter: false,
        };
        Self { store, publisher, ordered, rejected }
    }

    /// Publishes what is due on all channels but those `without`; begins nothing more once it is told to stop.
    pub(super) async fn pass(&self, without: Vec<String>, stop: &CancellationToken) -> Result<Passed, StoreError> {
        let request = DueRequest { ordered: self.ordered.clone(), without, limit: EVENTS };
        let Some(due) = self.store.outbox().due(&request).await? else {
            return Ok(Passed { elsewhere: true, ..Passed::default() });
        };
        let mut passed = Passed { more: due.len() == EVENTS, ..Passed::default() };
        let mut queues = queues(due);
        let mut running: JoinSet<Carried> = JoinSet::new();
        loop {
            while running.len() < QUEUES
                && let Some(queue) = queues.next()
            {
                if !stop.is_cancelled() && !passed.down.contains_key(&queue.channel) {
                    running.spawn(self.carrying(queue, stop.clone()));
                }
            }
            let Some(first) = running.join_next().await else { return Ok(passed) };
            // What is confirmed by now is noted in one write.
            let others = std::iter::from_fn(|| running.try_join_next());
            // An error is the end of the runtime: no panic leaves `carry`.
            let carried = std::iter::once(first).chain(others).flatten().collect();
            self.note(carried, &mut passed).await?;
        }
    }

    fn carrying(&self, queue: Queue, stop: CancellationToken) -> impl Future<Output = Carried> + Send + use<> {
        let passable = !self.ordered.contains(&queue.channel);
        carry(Arc::clone(&self.publisher), self.rejected.max_attempts, passable, queue, stop)
    }

    async fn note(&self, carried: Vec<Carried>, passed: &mut Passed) -> Result<(), StoreError> {
        let outbox = self.store.outbox();
        let published: Vec<i64> = carried.iter().flat_map(|queue| &queue.published).copied().collect();
        if !published.is_empty() {
            outbox.published(&published).await?;
            passed.more = true;
        }
        for queue in carried {
            if !queue.published.is_empty() {
                passed.up.push(queue.channel.clone());
            }
            passed.down.extend(queue.down.map(|error| (queue.channel, error)));
            for (event, error) in queue.rejected {
                let again_in = pause_behind(&self.rejected, event.rejections + 1);
                tell_rejected(&event, &error, again_in);
                outbox.rejected(event.id, &Rejection { error, again_in }).await?;
                // A parked one lets others pass.
                passed.more |= again_in.is_none();
            }
        }
        Ok(())
    }
}

/// The events of each run and channel, in order.
fn queues(due: Vec<OutboxEvent>) -> impl Iterator<Item = Queue> {
    let mut queues = IndexMap::<_, Vec<_>>::new();
    for event in due {
        queues.entry((event.uid.clone(), event.channel.clone())).or_default().push(event);
    }
    queues.into_iter().map(|((_, channel), events)| Queue { channel, events })
}

/// Publishes the events of a queue, the next when the one before is confirmed, or will be parked and is passable.
async fn carry(
    publisher: Arc<dyn Publisher>,
    max_rejections: u32,
    passable: bool,
    queue: Queue,
    stop: CancellationToken,
) -> Carried {
    let mut carried = Carried { channel: queue.channel, published: Vec::new(), rejected: Vec::new(), down: None };
    for event in queue.events {
        if stop.is_cancelled() {
            break;
        }
        match publish(&*publisher, &event).await {
            Ok(()) => carried.published.push(event.id),
            Err(Failed::Rejected(error)) => {
                let is_parked = event.rejections + 1 >= max_rejections;
                carried.rejected.push((event, error));
                if !(is_parked && passable) {
                    break;
                }
            }
            Err(Failed::Down(error)) => {
                carried.down = Some(error);
                break;
            }
        }
    }
    carried
}

/// A panic is of this event, as far as anyone can tell: it counts as a rejection.
async fn publish(publisher: &dyn Publisher, event: &OutboxEvent) -> Result<(), Failed> {
    let publishing = AssertUnwindSafe(publisher.publish(&event.channel, &event.event)).catch_unwind();
    match tokio::time::timeout(LONGEST_PUBLISH, publishing).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(error))) if error.is_rejected() => Err(Failed::Rejected(text(&error))),
        Ok(Ok(Err(error))) => Err(Failed::Down(text(&error))),
        Ok(Err(panic)) => Err(Failed::Rejected(format!("the publisher panicked: {}", panic_text(&*panic)))),
        Err(_) => Err(Failed::Down(format!("the publisher has not answered for {LONGEST_PUBLISH:?}"))),
    }
}

fn text(error: &PublishError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn tell_rejected(event: &OutboxEvent, error: &str, again_in: Option<Duration>) {
    let OutboxEvent { channel, event, .. } = event;
    let id = &event.id;
    match again_in {
        Some(pause) => tracing::warn!(id, channel, error, ?pause, "the broker rejects an event; it is tried again"),
        None => tracing::error!(id, channel, error, "the broker has rejected an event too often; it is parked"),
    }
}
