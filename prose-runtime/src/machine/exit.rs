//! How the machine stops a flow: it leaves the reason in a slot, and the flow's future stays pending for the driver to drop.
//!
//! So machine calls give plain values, and the `?` and `return` of the flow's own code mean what they meant before.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::in_place::InPlace;
use crate::child::Boxed;
use crate::database::DatabaseError;
use crate::event::PublishError;
use crate::store::{Ending, StoreError};

/// Why the machine stopped a flow.
#[derive(Debug)]
pub(crate) enum Exit {
    /// The store failed or refused.
    Store(StoreError),
    /// A saved variable is missing, or is none of its type.
    Unreadable { variable: String, reason: String },
    /// A pattern that led to where the run stands does not match any more.
    Unmatched { pattern: &'static str },
    /// A variable cannot be saved.
    Unsavable { variable: String, reason: String },
    /// A step timed out for the last time.
    StepTimeout { step: Cow<'static, str>, after: Duration },
    /// A transaction could not begin, or, once it had begun, not commit.
    Database { step: Cow<'static, str>, begun: bool, source: DatabaseError },
    /// An event could not be published.
    Publish { step: Cow<'static, str>, source: PublishError },
    /// A child has failed; for good, if its own flow has.
    Child { step: Cow<'static, str>, run_id: Option<String>, source: Boxed, why: ChildEnd },
    /// An element of a fan-out has failed, in an earlier execution, beside children that waited.
    Failed(FailedElement),
    /// The run waits, and leaves memory with this ending of its claim.
    Wait { point: u16, ending: Ending },
}

/// How an element of a fan-out has failed, as it is saved while children beside it wait.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FailedElement {
    pub(crate) step: String,
    pub(crate) error: String,
    /// What the run has done is undone.
    pub(crate) for_good: bool,
}

/// What a child's failure is to its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChildEnd {
    /// Its own flow has failed.
    ForGood,
    /// What lies beneath it has failed, which its run has recorded; it can be called again.
    Failed,
    /// It has not ended, and tells nobody when it can go on: an engine is to try again.
    Interrupted,
}

/// Why the run cannot go on behind a pattern.
pub(crate) fn pattern_differs(pattern: &str) -> String {
    format!("pattern `{pattern}`: it does not match any more what it matched before")
}

/// Where the reason is left. Shared by the machine, inside the flow's future, and the driver, outside of it.
#[derive(Debug, Default)]
pub(crate) struct ExitSlot {
    exit: Mutex<Option<Exit>>,
    set: AtomicBool,
    /// A write is under way, and its outcome must be awaited before anything else is decided.
    writing: AtomicBool,
    /// Whether a transaction is committed is being asked, on which it depends what can be undone.
    asking: AtomicBool,
    /// How many children run. Each ends itself when it is to be stopped, and must come to write that down.
    children: AtomicUsize,
    /// What the driver does around a body.
    pub(crate) in_place: InPlace,
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

    pub(crate) fn set_asking(&self, asking: bool) {
        self.asking.store(asking, Ordering::Release);
    }

    pub(super) fn asks(&self) -> bool {
        self.asking.load(Ordering::Acquire)
    }

    pub(crate) fn is_writing(&self) -> bool {
        self.writing.load(Ordering::Acquire)
    }

    /// Whether something is under way that must come to its end before anything is decided from outside.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_writing() || self.asks() || self.children.load(Ordering::Acquire) > 0
    }

    /// A child runs, until this is dropped.
    pub(super) fn child(&self) -> RunningChild<'_> {
        self.children.fetch_add(1, Ordering::AcqRel);
        RunningChild(self)
    }
}

/// A child that runs.
pub(super) struct RunningChild<'a>(&'a ExitSlot);

impl Drop for RunningChild<'_> {
    fn drop(&mut self) {
        self.0.children.fetch_sub(1, Ordering::AcqRel);
    }
}
