//! The events of a [`MemoryStore`](super::MemoryStore) that were not published yet.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::time::Instant;

use crate::event::EventRecord;
use crate::store::{
    Bell, BoxFuture, DueRequest, Outbox, OutboxEvent, Outgoing, ParkedEvent, Rejection, RunKey, StoreError,
    from_millis, to_millis,
};

#[derive(Default)]
pub(super) struct MemoryOutbox {
    events: Mutex<Events>,
    bell: Bell,
}

#[derive(Default)]
struct Events {
    last_id: i64,
    rows: BTreeMap<i64, Row>,
}

struct Row {
    key: RunKey,
    uid: String,
    channel: String,
    event: EventRecord,
    rejections: u32,
    error: String,
    /// Rejected, and to be tried again then.
    again_at: Option<Instant>,
    parked_at: Option<SystemTime>,
}

impl MemoryOutbox {
    /// Each change is one insertion, removal or assignment, so a poisoned lock is as good as any.
    fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the events of a commit.
    pub(super) fn keep(&self, key: &RunKey, uid: &str, outgoing: Vec<Outgoing>) {
        let mut events = self.events();
        for Outgoing { channel, event } in outgoing {
            events.last_id += 1;
            let (id, key, uid) = (events.last_id, key.clone(), uid.to_owned());
            let row =
                Row { key, uid, channel, event, rejections: 0, error: String::new(), again_at: None, parked_at: None };
            events.rows.insert(id, row);
        }
    }

    /// The uids of runs that have events.
    pub(super) fn runs(&self) -> HashSet<String> {
        self.events().rows.values().map(|row| row.uid.clone()).collect()
    }

    fn due_now(&self, request: &DueRequest) -> Vec<OutboxEvent> {
        let DueRequest { ordered, without, limit } = request;
        let (now, events) = (Instant::now(), self.events());
        let mut behind = HashSet::new();
        let mut due = Vec::new();
        for (id, row) in &events.rows {
            let queue = (row.uid.as_str(), row.channel.as_str());
            let waits = row.again_at.is_some_and(|again_at| again_at > now);
            if waits || (row.parked_at.is_some() && ordered.contains(&row.channel)) {
                behind.insert(queue);
            }
            let asked = !without.contains(&row.channel) && due.len() < *limit;
            if row.parked_at.is_none() && !behind.contains(&queue) && asked {
                due.push(row.due(*id));
            }
        }
        due
    }
}

impl Row {
    fn due(&self, id: i64) -> OutboxEvent {
        let Self { uid, channel, event, rejections, .. } = self;
        OutboxEvent { id, uid: uid.clone(), channel: channel.clone(), rejections: *rejections, event: event.clone() }
    }

    fn parked(&self, id: i64) -> Option<ParkedEvent> {
        let Self { key, channel, event, rejections, error, parked_at, .. } = self;
        let (key, channel, event, error) = (key.clone(), channel.clone(), event.clone(), error.clone());
        Some(ParkedEvent { id, key, channel, event, rejections: *rejections, error, parked_at: (*parked_at)? })
    }

    fn reject(&mut self, rejection: &Rejection) {
        self.rejections += 1;
        self.error.clone_from(&rejection.error);
        match rejection.again_in {
            Some(pause) => self.again_at = Some(Instant::now() + pause),
            None => self.parked_at = Some(from_millis(to_millis(SystemTime::now()))),
        }
    }
}

impl Outbox for MemoryOutbox {
    fn due<'a>(&'a self, request: &'a DueRequest) -> BoxFuture<'a, Result<Option<Vec<OutboxEvent>>, StoreError>> {
        Box::pin(async move { Ok(Some(self.due_now(request))) })
    }

    fn step_down(&self) {}

    fn published<'a>(&'a self, ids: &'a [i64]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut events = self.events();
            ids.iter().for_each(|id| drop(events.rows.remove(id)));
            Ok(())
        })
    }

    fn rejected<'a>(&'a self, id: i64, rejection: &'a Rejection) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { Ok(self.events().rows.get_mut(&id).map(|row| row.reject(rejection)).is_some()) })
    }

    fn unpublished<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let waits = |row: &&Row| row.key == *key && row.parked_at.is_none();
            Ok(self.events().rows.values().filter(waits).count() as u64)
        })
    }

    fn parked(&self, behind: i64, limit: usize) -> BoxFuture<'_, Result<Vec<ParkedEvent>, StoreError>> {
        Box::pin(async move {
            let events = self.events();
            let later = events.rows.range(behind.saturating_add(1)..);
            Ok(later.filter_map(|(id, row)| row.parked(*id)).take(limit).collect())
        })
    }

    fn release(&self, id: i64) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let released = match self.events().rows.get_mut(&id).filter(|row| row.parked_at.is_some()) {
                Some(row) => {
                    (row.parked_at, row.again_at, row.rejections) = (None, None, 0);
                    true
                }
                None => false,
            };
            if released {
                self.bell.events_are_committed();
            }
            Ok(released)
        })
    }

    fn bell(&self) -> &Bell {
        &self.bell
    }
}
