//! What flows and relays of one process tell one another about an outbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Mutex, OwnedMutexGuard, watch};

/// Each store has one for its outbox: flows ring it when they have committed events, the store when it has released one, relays when they have
/// published some. It reaches this process only; relays of others look for themselves, now and then.
#[derive(Debug, Default)]
pub struct Bell {
    committed: watch::Sender<()>,
    carried: watch::Sender<Carried>,
    relays: AtomicUsize,
    turn: Arc<Mutex<()>>,
}

/// How the last pass of a relay has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// The broker does not answer.
    pub(crate) is_down: bool,
}

impl Bell {
    /// Events were committed, or released: a relay of this process looks for them at once.
    pub fn events_are_committed(&self) {
        self.committed.send_replace(());
    }

    pub(crate) fn on_committed(&self) -> watch::Receiver<()> {
        self.committed.subscribe()
    }

    /// A pass is over.
    pub(crate) fn events_are_carried(&self, carried: Carried) {
        self.carried.send_replace(carried);
    }

    pub(crate) fn on_carried(&self) -> watch::Receiver<Carried> {
        self.carried.subscribe()
    }

    /// A relay that stays has begun, or has ended.
    pub(crate) fn relay_begins(&self) {
        self.relays.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn relay_ends(&self) {
        self.relays.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether this process has a relay that stays.
    pub(crate) fn has_relay(&self) -> bool {
        self.relays.load(Ordering::Acquire) > 0
    }

    /// Of the relays of this process one works, the others wait in a queue.
    pub(crate) fn turn(&self) -> impl Future<Output = OwnedMutexGuard<()>> + Send + use<> {
        Arc::clone(&self.turn).lock_owned()
    }
}
