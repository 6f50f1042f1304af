//! A run as anyone may read it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize, Serializer};

pub use super::state::State;
use crate::Json;

/// What a store knows of a run, ready to be shown: `serde_json::to_string_pretty(&checkpoint)` gives the page of the docs.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Checkpoint {
    /// The flow's name.
    pub flow_name: String,
    /// The run's id.
    pub run_id: String,
    /// The version of the flow's code.
    pub version: u32,
    /// The input as first given.
    pub input: Json,
    /// Every step output and the live variables, by name. What is saved in elements is shown as one array, with `null`
    /// for the elements that are missing.
    pub state: State,
    /// Names of the steps that are done, each once, in the order in which they were first done.
    pub completed_steps: Vec<String>,
    /// Where the run stands.
    pub status: Status,
    /// The step that failed, while the run is failed, or compensating because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_step: Option<FailedStep>,
    /// How far its undoing has come, once it has begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compensation: Option<Compensated>,
    /// What the code that was called last does not fit, while the run is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Blocked>,
    /// What it waits for, while the run is waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// The result, once completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
    /// The correlation id that its events carry.
    pub correlation_id: String,
    /// When the run was created.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: SystemTime,
    /// When it was last written.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: SystemTime,
}

/// Why a run is failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailedStep {
    /// The step's name; `None` if it was the plain code in front of the steps, between or behind them.
    pub name: Option<String>,
    /// What the error said.
    pub error: String,
}

/// What was undone of a run that failed or was cancelled, each step with `[i]` for each loop around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Compensated {
    /// The steps that are undone, in the order in which they were.
    pub undone: Vec<String>,
    /// The steps whose compensation has failed for good.
    pub failed: Vec<NotUndone>,
}

/// A step that could not be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NotUndone {
    /// The step's name, with `[i]` for each loop around it.
    pub name: String,
    /// What the compensation's error said.
    pub error: String,
}

/// Why a run is blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Blocked {
    /// The step at which the run stands; `None`: in front of the first.
    pub step: Option<String>,
    /// What the code lacks, or needs and does not find.
    pub reason: String,
}

/// What a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Waiting {
    /// The step at which it stands.
    pub step: Option<String>,
    /// The name of the signal, if it waits for one; else it waits for an instant, or for a child.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// Until when at the latest.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc3339_if_any")]
    pub until: Option<SystemTime>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Status {
    /// Executing, or due to be: submitted, or left by an execution that died.
    Running,
    /// Out of memory, until a timer, a signal or a child wakes it.
    Waiting,
    /// Undoing what was committed, or due to go on with it.
    Compensating,
    /// Asked to end as cancelled, and not yet ended so.
    Cancelling,
    /// Done; the output is saved.
    Completed,
    /// Ended with an error; calling again goes on from its last commit, unless it was undone.
    Failed,
    /// Ended because it was cancelled.
    Cancelled,
    /// The code has changed: that which was called last cannot go on with it. Nothing is lost; code that can goes on when it is
    /// called.
    Blocked,
}

impl Status {
    /// The word that stands in checkpoints and columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Compensating => "compensating",
            Self::Cancelling => "cancelling",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Blocked => "blocked",
        }
    }

    /// The status of that word.
    pub fn parse(word: &str) -> Option<Self> {
        use Status::*;
        [Running, Waiting, Compensating, Cancelling, Completed, Failed, Cancelled, Blocked]
            .into_iter()
            .find(|status| status.as_str() == word)
    }

    /// Whether the run has ended: completed, failed or cancelled.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

fn rfc3339<S: Serializer>(instant: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(*instant))
}

fn rfc3339_if_any<S: Serializer>(instant: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match instant {
        Some(instant) => rfc3339(instant, serializer),
        None => serializer.serialize_none(),
    }
}
