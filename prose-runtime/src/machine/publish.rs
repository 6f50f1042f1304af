//! Events: part of the commit that says that their step is done. Without a store they are published in place.

use std::borrow::Cow;
use std::time::SystemTime;

use super::{Exit, Machine};
use crate::codec::encode;
use crate::event::{Event, EventRecord, IntoEvents};
use crate::store::{Outgoing, from_millis, to_millis};

impl Machine {
    /// Stages the events of a point for the outbox, or publishes them, in order. Never returns if one cannot be saved, or does not arrive.
    pub async fn publish<V: IntoEvents>(&mut self, point: u16, channel: &'static str, events: V) {
        self.end_in_place();
        let records = match self.records(point, events) {
            Ok(records) => records,
            Err(reason) => {
                let variable = format!("the event of `{}`", self.runner.point(point).name);
                return self.runner.stop(Exit::Unsavable { variable, reason }).await;
            }
        };
        if let Some(owner) = &mut self.owner {
            let outgoing = |event| Outgoing { channel: channel.to_owned(), event };
            return owner.journal.publish(records.into_iter().map(outgoing).collect());
        }
        let Some(publisher) = self.runner.shared.publisher.clone() else { return };
        for record in &records {
            if let Err(source) = publisher.publish(channel, record).await {
                self.runner.failed(point, &source);
                return self.runner.stop(Exit::Publish { step: self.runner.step_name(point), source }).await;
            }
        }
    }

    fn records<V: IntoEvents>(&self, point: u16, events: V) -> Result<Vec<EventRecord>, String> {
        let id = self.runner.idempotency_key(point);
        // As it is written, so that it is the same before the store has it and behind.
        let time = from_millis(to_millis(SystemTime::now()));
        let record = |(index, event): (usize, V::Event)| {
            Ok(EventRecord {
                id: event_id(id.as_deref(), V::MANY.then_some(index)),
                source: Cow::Borrowed(self.runner.shared.meta.name),
                subject: self.runner.shared.run.run_id.clone(),
                event_type: Cow::Borrowed(V::Event::TYPE),
                time,
                data: encode(&event).map_err(|error| error.to_string())?,
                correlation_id: event.correlation_id().unwrap_or(&self.runner.shared.run.correlation_id).to_owned(),
            })
        };
        events.into_events().into_iter().enumerate().map(record).collect()
    }
}

/// The same for each publication of an event; without durability there is no second one.
fn event_id(key: Option<&str>, index: Option<usize>) -> String {
    match (key, index) {
        (None, _) => uuid::Uuid::new_v4().to_string(),
        (Some(key), None) => key.to_owned(),
        (Some(key), Some(index)) => format!("{key}:{index}"),
    }
}
