//! A commit: what has changed in a run since the commit before it. Pure data.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::checkpoint::Status;
use super::signals::SignalUse;
use super::state::State;
use crate::Json;
use crate::event::EventRecord;

/// One appended record of a run's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    /// Position in the run's log; unique for the run. The first is 1, and a claim takes one as well.
    pub seq: u64,
    /// Where the run goes on from. `None`: at its start, as with a run that ends before its first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Names of the steps that were completed since the commit before, in order; in loops a name comes again and again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub completed: Vec<String>,
    /// New values of variables, in order; a later one for the same name wins. `xs[3]` is an element of `xs`, on its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<Write>,
    /// Variables that are gone, each with its elements. Applied before `writes`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
    /// What can be undone of the completed steps, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compensable: Vec<Compensable>,
    /// Events to publish: kept in the store's [outbox](super::Outbox), by the same write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Outgoing>,
    /// Signals that were taken or refused: no later step gets them. Kept by the same write, and not in the log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<SignalUse>,
    /// What it says of the run's undoing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoing: Option<Undoing>,
    /// How the run ended with this commit; `None` while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// The code that wrote the position, where it is not the code that created the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<u64>,
}

/// An event on its way to a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The channel, as in `#[event("channel")]`.
    pub channel: String,
    /// The event.
    pub event: EventRecord,
}

/// A variable and its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Write {
    /// The variable's name; `n#2` for the second one of that name in the flow.
    pub name: String,
    /// Its value.
    pub value: Json,
}

/// A place in a flow, by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The step.
    pub step: String,
    /// Before or behind its body.
    pub phase: Phase,
    /// The iteration of each loop around it, the outermost first; empty outside of loops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<u64>,
}

/// Which side of a step's body a run stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// At the entrance: the body is to run (again, perhaps, with the same idempotency key).
    Entered,
    /// At the exit: the body is done, its output is saved, and what stands behind it is to run.
    Done,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// With this result.
    Completed {
        /// The flow's output.
        output: Json,
    },
    /// With an error; calling again goes on from the last commit, unless what the run had done was undone.
    Failed {
        /// The step that failed; `None` if it was the plain code in front of the steps, between or behind them.
        step: Option<String>,
        /// What the error said.
        error: String,
    },
    /// Because it was cancelled. Final.
    Cancelled {
        /// The step that was running; `None` if it was none.
        step: Option<String>,
    },
    /// Because the code that had claimed it cannot go on with it. Only the claim has ended: the next one goes on as if nothing
    /// had been, whatever code it is of.
    Blocked {
        /// The step at which the run stands; `None` if it is none.
        step: Option<String>,
        /// What does not fit.
        reason: String,
    },
    /// Because it waits, out of memory, at the entrance of a step. Only the claim has ended, as with `Blocked`; the run is due when what it
    /// waits for is there.
    Waiting {
        /// Until then at the latest, by the store's clock; `None`: for ever.
        until: Option<SystemTime>,
        /// For a signal of this name; `None`: for the instant, or for a child.
        signal: Option<String>,
        /// For one of so many runs right below it, none of which has ended as far as it knows. If fewer are left when this is written, one has ended
        /// meanwhile, and the run is due at once. Of no use behind that, and not kept.
        #[serde(skip)]
        children: u64,
    },
}

/// A step that is done and has a compensation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compensable {
    /// The step.
    pub step: String,
    /// The iteration of each loop around it, the outermost first; empty outside of loops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<u64>,
    /// What its compensation needs of its output. A copy of its own: the variables may change or end before it is needed.
    pub outputs: State,
}

/// What a commit says of a run's undoing. Once begun, a run does nothing else, and its end is final.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Undoing {
    /// It begins; when it is over the run ends so. Nothing has been undone yet.
    Begun(Ending),
    /// The step that was done last, of those that were not undone yet, is undone now, or could not be.
    Undone(Undone),
}

/// What became of a compensation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// The step.
    pub step: String,
    /// The iteration of each loop around it, the outermost first; empty outside of loops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<u64>,
    /// Why it could not be undone; `None` if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Ending {
    /// The status of a run that ended so.
    pub fn status(&self) -> Status {
        match self {
            Self::Completed { .. } => Status::Completed,
            Self::Failed { .. } => Status::Failed,
            Self::Cancelled { .. } => Status::Cancelled,
            Self::Blocked { .. } => Status::Blocked,
            Self::Waiting { .. } => Status::Waiting,
        }
    }
}

impl Commit {
    /// A commit that changes nothing but the run's place in its log: a claim.
    pub fn empty(seq: u64) -> Self {
        Self {
            seq,
            position: None,
            completed: Vec::new(),
            writes: Vec::new(),
            dropped: Vec::new(),
            compensable: Vec::new(),
            events: Vec::new(),
            signals: Vec::new(),
            undoing: None,
            ending: None,
            fingerprint: None,
        }
    }
}
