//! How the machine stops a flow: it leaves the reason in a slot, and the flow's future stays pending for the driver to drop.
//!
//! So machine calls give plain values, and the `?` and `return` of the flow's own code mean what they meant before.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::database::DatabaseError;
use crate::event::PublishError;
use crate::store::StoreError;

/// Why the machine stopped a flow.
#[derive(Debug)]
pub(crate) enum Exit {
    /// The store failed or refused.
    Store(StoreError),
    /// A saved variable is missing, or is none of its type.
    Unreadable { variable: String, reason: String },
    /// A variable cannot be saved.
    Unsavable { variable: String, reason: String },
    /// A step timed out for the last time.
    StepTimeout { step: &'static str, after: Duration },
    /// A transaction could not begin or commit.
    Database { step: &'static str, source: DatabaseError },
    /// An event could not be published.
    Publish { step: &'static str, source: PublishError },
}

/// Where the reason is left. Shared by the machine, inside the flow's future, and the driver, outside of it.
#[derive(Debug, Default)]
pub(crate) struct ExitSlot {
    exit: Mutex<Option<Exit>>,
    set: AtomicBool,
    /// A write is under way, and its outcome must be awaited before anything else is decided.
    writing: AtomicBool,
}

impl ExitSlot {
    /// Leaves a reason; the first one stays.
    pub(crate) fn set(&self, exit: Exit) {
        let mut slot = self.exit.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert(exit);
        self.set.store(true, Ordering::Release);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    pub(crate) fn take(&self) -> Option<Exit> {
        match self.is_set() {
            true => self.exit.lock().unwrap_or_else(PoisonError::into_inner).take(),
            false => None,
        }
    }

    pub(crate) fn set_writing(&self, writing: bool) {
        self.writing.store(writing, Ordering::Release);
    }

    pub(crate) fn is_writing(&self) -> bool {
        self.writing.load(Ordering::Acquire)
    }
}

/// A restored variable; pending for ever where it could not be restored.
#[derive(Debug)]
pub struct Loaded<T>(pub(super) Option<T>);

impl<T> Unpin for Loaded<T> {}

impl<T> Future for Loaded<T> {
    type Output = T;
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        self.0.take().map_or(Poll::Pending, Poll::Ready)
    }
}
