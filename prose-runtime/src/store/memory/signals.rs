//! The signals of the [`MemoryStore`](super::MemoryStore).

use std::time::SystemTime;

use super::{MemoryStore, Runs};
use crate::Json;
use crate::store::signals::{NewSignal, Sent, SentBefore, StoredSignal};
use crate::store::{BoxFuture, Ending, RunKey, SignalUse, Signals, Status, StoreError};

/// All signals, in the order in which they were sent.
#[derive(Default)]
pub(super) struct KeptSignals {
    kept: Vec<Kept>,
    sent: i64,
}

struct Kept {
    /// Its number.
    number: i64,
    key: RunKey,
    /// The run that it was sent to; `None`: one that was still to come.
    uid: Option<String>,
    name: String,
    /// Its sender's id.
    id: Option<String>,
    payload: Json,
    expires_at: Option<SystemTime>,
    /// It was taken or refused.
    used: bool,
    refused: Option<String>,
}

impl Kept {
    fn is_for(&self, key: &RunKey, uid: &str) -> bool {
        self.key == *key && self.uid.as_deref().is_none_or(|own| own == uid) && !self.is_expired(SystemTime::now())
    }

    fn is_expired(&self, now: SystemTime) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

impl KeptSignals {
    fn next(&self, key: &RunKey, uid: &str, name: &str) -> Option<&Kept> {
        self.kept.iter().find(|kept| !kept.used && kept.name == name && kept.is_for(key, uid))
    }

    pub(super) fn has(&self, key: &RunKey, uid: &str, name: &str) -> bool {
        self.next(key, uid, name).is_some()
    }

    pub(super) fn mark(&mut self, uses: Vec<SignalUse>) {
        for SignalUse { id, refused } in uses {
            if let Some(kept) = self.kept.iter_mut().find(|kept| kept.number == id) {
                (kept.used, kept.refused) = (true, refused);
                // A run that has taken it keeps it, for senders that repeat it.
                kept.expires_at = None;
            }
        }
    }

    /// What was kept for a run that was still to come is its own from its creation on.
    pub(super) fn adopt(&mut self, key: &RunKey, uid: &str, now: SystemTime) {
        self.forget_expired(now);
        for kept in self.kept.iter_mut().filter(|kept| kept.uid.is_none() && kept.key == *key) {
            (kept.uid, kept.expires_at) = (Some(uid.to_owned()), None);
        }
    }

    pub(super) fn forget(&mut self, key: &RunKey, uid: &str) {
        self.kept.retain(|kept| kept.key != *key || kept.uid.as_deref().is_some_and(|own| own != uid));
    }

    pub(super) fn forget_expired(&mut self, now: SystemTime) {
        self.kept.retain(|kept| !kept.is_expired(now));
    }
}

impl Runs {
    fn send(&mut self, signal: &NewSignal) -> Sent {
        let now = SystemTime::now();
        let run = self.of.get(&signal.key);
        let refusal = match run.map(|run| (&run.state.run.flow, run.state.status())) {
            Some((flow, _)) if *flow != signal.flow => Some(Sent::OtherFlow(flow.clone())),
            Some((_, status)) if status.is_ended() || status == Status::Compensating => Some(Sent::Over(status)),
            None if signal.keep_for.is_none() => Some(Sent::Missing),
            _ => None,
        };
        let uid = run.map(|run| run.state.run.uid.clone());
        let is_same = |kept: &&Kept| {
            let is_here = uid
                .as_ref()
                .map_or(kept.key == signal.key && !kept.is_expired(now), |uid| kept.is_for(&signal.key, uid));
            is_here && kept.name == signal.name && signal.id.is_some() && kept.id == signal.id
        };
        if let Some(kept) = self.signals.kept.iter().find(is_same) {
            let (payload, refused) = (kept.payload.clone(), kept.refused.clone());
            return SentBefore { payload, used: kept.used, refused }.repeated(refusal);
        }
        if let Some(refusal) = refusal {
            return refusal;
        }
        let waits = run.is_some_and(|run| match &run.state.folded.ending {
            Some(Ending::Waiting { signal: awaited, .. }) => awaited.as_ref() == Some(&signal.name),
            _ => false,
        });
        let is_early = uid.is_none();
        self.signals.sent += 1;
        self.signals.kept.push(Kept {
            number: self.signals.sent,
            key: signal.key.clone(),
            expires_at: signal.keep_for.filter(|_| is_early).and_then(|ttl| now.checked_add(ttl)),
            uid,
            name: signal.name.clone(),
            id: signal.id.clone(),
            payload: signal.payload.clone(),
            used: false,
            refused: None,
        });
        if waits {
            self.wake(&signal.key);
        }
        if is_early { Sent::KeptForLater } else { Sent::Kept }
    }
}

impl Signals for MemoryStore {
    fn send<'a>(&'a self, signal: &'a NewSignal) -> BoxFuture<'a, Result<Sent, StoreError>> {
        Box::pin(async move {
            let sent = self.runs().send(signal);
            self.wakes.signal_is_sent();
            self.wakes.runs_are_due();
            Ok(sent)
        })
    }

    fn next<'a>(
        &'a self,
        key: &'a RunKey,
        uid: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredSignal>, StoreError>> {
        Box::pin(async move {
            let stored = |kept: &Kept| StoredSignal { id: kept.number, payload: kept.payload.clone() };
            Ok(self.runs().signals.next(key, uid, name).map(stored))
        })
    }
}
