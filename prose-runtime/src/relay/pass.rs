//! One pass of a relay: publishes what is due, and notes what came of it.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use tokio::task::JoinSet;

use crate::event::{PublishError, Publisher};
use crate::flow::RetryMeta;
use crate::machine::pause_behind;
use crate::store::{OutboxEvent, Rejection, Store, StoreError};

/// So many events are read at once.
const EVENTS: usize = 512;

/// So many runs and channels are published for at once.
const QUEUES: usize = 64;

/// What a relay works with.
pub(super) struct Carrier {
    pub(super) store: Arc<dyn Store>,
    publisher: Arc<dyn Publisher>,
    ordered: Arc<[String]>,
    /// When a rejected event is tried again, and how often.
    rejected: RetryMeta,
}

/// What a pass has done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    /// Another instance publishes.
    pub(super) elsewhere: bool,
    pub(super) published: usize,
    /// What the broker did not answer, at last.
    pub(super) down: Option<String>,
    /// There is more to do at once.
    pub(super) more: bool,
}

/// What came of the events of one run on one channel.
#[derive(Default)]
struct Carried {
    published: Vec<i64>,
    rejected: Vec<(OutboxEvent, String)>,
    down: Option<String>,
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
        Self { store, publisher, ordered: ordered.into(), rejected }
    }

    pub(super) async fn pass(&self) -> Result<Passed, StoreError> {
        let Some(due) = self.store.outbox().due(&self.ordered, EVENTS).await? else {
            return Ok(Passed { elsewhere: true, ..Passed::default() });
        };
        let mut passed = Passed { more: due.len() == EVENTS, ..Passed::default() };
        let mut queues = queues(due).into_iter();
        let mut running: JoinSet<Carried> = JoinSet::new();
        loop {
            while running.len() < QUEUES
                && let Some(queue) = queues.next()
            {
                running.spawn(carry(
                    Arc::clone(&self.publisher),
                    Arc::clone(&self.ordered),
                    self.rejected.max_attempts,
                    queue,
                ));
            }
            let Some(first) = running.join_next().await else { return Ok(passed) };
            // What is confirmed by now is noted in one write.
            let others = std::iter::from_fn(|| running.try_join_next());
            let carried = std::iter::once(first).chain(others).map(|ended| {
                ended.unwrap_or_else(|error| Carried { down: Some(error.to_string()), ..Carried::default() })
            });
            self.note(carried.collect(), &mut passed).await?;
        }
    }

    async fn note(&self, carried: Vec<Carried>, passed: &mut Passed) -> Result<(), StoreError> {
        let outbox = self.store.outbox();
        let mut published = Vec::new();
        for queue in carried {
            published.extend(queue.published);
            passed.down = queue.down.or(passed.down.take());
            for (event, error) in queue.rejected {
                let again_in = pause_behind(&self.rejected, event.rejections + 1);
                tell_rejected(&event, &error, again_in);
                outbox.rejected(event.id, &Rejection { error, again_in }).await?;
                // A parked one has let others pass.
                passed.more |= again_in.is_none();
            }
        }
        if !published.is_empty() {
            outbox.published(&published).await?;
        }
        passed.published += published.len();
        passed.more |= !published.is_empty();
        Ok(())
    }
}

/// The events of each run and channel, in order.
fn queues(due: Vec<OutboxEvent>) -> IndexMap<(String, String), Vec<OutboxEvent>> {
    let mut queues = IndexMap::<_, Vec<_>>::new();
    for event in due {
        queues.entry((event.uid.clone(), event.channel.clone())).or_default().push(event);
    }
    queues
}

/// Publishes the events of a queue, the next when the one before is confirmed, or will be parked where the channel allows it.
async fn carry(
    publisher: Arc<dyn Publisher>,
    ordered: Arc<[String]>,
    max_rejections: u32,
    (_, queue): ((String, String), Vec<OutboxEvent>),
) -> Carried {
    let mut carried = Carried::default();
    for event in queue {
        match publisher.publish(&event.channel, &event.event).await {
            Ok(()) => carried.published.push(event.id),
            Err(error) if error.is_rejected() => {
                let passable = event.rejections + 1 >= max_rejections && !ordered.contains(&event.channel);
                carried.rejected.push((event, text(&error)));
                if !passable {
                    break;
                }
            }
            Err(error) => {
                carried.down = Some(text(&error));
                break;
            }
        }
    }
    carried
}

fn text(error: &PublishError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn tell_rejected(event: &OutboxEvent, error: &str, again_in: Option<Duration>) {
    let OutboxEvent { channel, event, .. } = event;
    match again_in {
        Some(pause) => {
            tracing::warn!(event = event.id, channel, error, ?pause, "the broker rejects an event; it is tried again")
        }
        None => tracing::error!(
            event = event.id,
            channel,
            error,
            "the broker has rejected an event too often; it is parked until it is released"
        ),
    }
}
