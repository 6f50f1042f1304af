//! How the commits of a run fold into its state. Pure: every store uses it, and so every store agrees on what a run is.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::NewRun;
use super::checkpoint::{Checkpoint, FailedStep, Status};
use super::commit::{Commit, Ending, Position};
use super::state::State;
use crate::Json;

/// A run: what was written at its creation, and the fold of its commits.
#[derive(Clone, Debug)]
pub struct RunState {
    /// The run's creation record.
    pub run: NewRun,
    /// The fold of its commits.
    pub folded: Folded,
    /// When it was last written.
    pub updated_at: SystemTime,
}

/// The commits of a run up to `seq`, folded into one. A store may keep it as a snapshot in place of the commits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Folded {
    /// The last commit that is in it.
    pub seq: u64,
    /// Where the run goes on from; `None`: at its start.
    #[serde(default)]
    pub position: Option<Position>,
    /// The variables.
    pub state: State,
    /// The steps that are done, each once, in the order in which they were first done.
    pub completed: Vec<String>,
    /// How it ended.
    #[serde(default)]
    pub ending: Option<Ending>,
    /// The code that wrote the position, where it is not the code that created the run.
    #[serde(default)]
    pub fingerprint: Option<u64>,
}

impl Folded {
    /// Applies the next commit.
    pub fn apply(&mut self, commit: Commit) {
        self.seq = commit.seq;
        if commit.position.is_some() {
            self.position = commit.position;
        }
        if commit.fingerprint.is_some() {
            self.fingerprint = commit.fingerprint;
        }
        for name in &commit.dropped {
            self.state.remove(name);
        }
        for write in commit.writes {
            self.state.set(write.name, write.value);
        }
        for step in commit.completed {
            self.complete(step);
        }
        self.ending = commit.ending;
    }

    /// A step in a loop is listed once: so the list is as long as the flow's text, not as its history.
    fn complete(&mut self, step: String) {
        if !self.completed.contains(&step) {
            self.completed.push(step);
        }
    }

    /// Whether a variable is saved, as a whole or element by element.
    pub(crate) fn has(&self, variable: &str) -> bool {
        self.state.get(variable).is_some() || self.state.elements(variable).next().is_some()
    }

    /// What the run's status is by its commits alone.
    pub fn status(&self) -> Status {
        match self.ending {
            None => Status::Running,
            Some(Ending::Completed { .. }) => Status::Completed,
            Some(Ending::Failed { .. }) => Status::Failed,
            Some(Ending::Cancelled { .. }) => Status::Cancelled,
        }
    }
}

impl RunState {
    /// The state as anyone may read it.
    pub fn checkpoint(self) -> Checkpoint {
        let status = self.folded.status();
        let (failed_step, output) = ending(self.folded.ending);
        Checkpoint {
            flow_name: self.run.flow,
            run_id: self.run.key.run_id,
            version: self.run.version,
            input: self.run.input,
            state: self.folded.state.shown(),
            completed_steps: self.folded.completed,
            status,
            failed_step,
            output,
            correlation_id: self.run.correlation_id,
            created_at: self.run.created_at,
            updated_at: self.updated_at,
        }
    }
}

fn ending(ending: Option<Ending>) -> (Option<FailedStep>, Option<Json>) {
    match ending {
        Some(Ending::Completed { output }) => (None, Some(output)),
        Some(Ending::Failed { step, error }) => (Some(FailedStep { name: step, error }), None),
        Some(Ending::Cancelled { .. }) | None => (None, None),
    }
}
