//! Signals: typed values from outside, kept until a run takes them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::checkpoint::Status;
use super::{BoxFuture, RunKey, StoreError};
use crate::Json;

/// The part of a store that keeps signals from the moment they are sent until a commit of their run takes them. Flows with
/// `#[signal]` use it; applications send with `name_of_the_fn::signals::name(..)`.
///
/// Signals of one name are taken in the order in which they were sent. Those of a run are deleted with it.
pub trait Signals: Send + Sync {
    /// Keeps a signal for a run, and makes the run due if it waits for one of this name. One atomic write.
    fn send<'a>(&'a self, signal: &'a NewSignal) -> BoxFuture<'a, Result<Sent, StoreError>>;

    /// The oldest signal of this name that no commit of the run has taken. `uid` is the run's. Takes nothing: that does the run's next
    /// commit ([`Commit::signals`](super::Commit::signals)).
    fn next<'a>(
        &'a self,
        key: &'a RunKey,
        uid: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredSignal>, StoreError>>;
}

/// A signal that is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSignal {
    /// The run that it is for.
    pub key: RunKey,
    /// The flow that the run must be of.
    pub flow: String,
    /// What the flow waits for: the name of its `#[signal]`.
    pub name: String,
    /// Of several signals with one id for one run and name, the first is kept, and taken once.
    pub id: Option<String>,
    /// The value.
    pub payload: Json,
    /// Where there is no such run: how long the signal is kept for one. `None`: it is not.
    pub keep_for: Option<Duration>,
}

/// What came of sending a signal.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    /// It is kept, for a run that is there.
    Kept,
    /// It is kept for a run that is still to come.
    KeptForLater,
    /// One with its id was sent before, and nothing was written. Also of a run that has ended, if it took or refused that one.
    Repeated {
        /// The value of that one, which stands.
        payload: Json,
        /// Why the run has refused that one, if it has: its code could not decode it.
        refused: Option<String>,
    },
    /// There is no such run; nothing was written.
    Missing,
    /// The run has ended, or is being undone; nothing was written.
    Over(Status),
    /// The run is one of this other flow; nothing was written.
    OtherFlow(String),
}

/// For stores: a signal that was sent before, with the id of one that is sent now.
#[derive(Clone, Debug, PartialEq)]
pub struct SentBefore {
    /// Its value.
    pub payload: Json,
    /// A commit of the run has taken or refused it.
    pub used: bool,
    /// Why the run has refused it, if it has.
    pub refused: Option<String>,
}

impl SentBefore {
    /// What whoever repeats it is told. `refusal` is what a new one would be: a sender who has lost the answer is not told that a signal came too
    /// late that was taken.
    pub fn repeated(self, refusal: Option<Sent>) -> Sent {
        match refusal {
            Some(Sent::Over(status)) if !self.used => Sent::Over(status),
            Some(Sent::OtherFlow(flow)) => Sent::OtherFlow(flow),
            _ => Sent::Repeated { payload: self.payload, refused: self.refused },
        }
    }
}

/// A signal that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSignal {
    /// The store's own number for it.
    pub id: i64,
    /// The value.
    pub payload: Json,
}

/// What a commit makes of a signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalUse {
    /// The store's own number for it.
    pub id: i64,
    /// Why it is refused; `None`: it is taken. Either way no later step gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}
