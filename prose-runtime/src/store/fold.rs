//! How the commits of a run fold into its state. Pure: every store uses it, and so every store agrees on what a run is.

use std::fmt::Write;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::NewRun;
use super::checkpoint::{Blocked, Checkpoint, Compensated, FailedStep, NotUndone, Status, Waiting};
use super::commit::{Commit, Compensable, Ending, Position, Undoing, Undone};
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
    /// It was asked to end as cancelled.
    pub cancel_asked: bool,
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
    /// What can still be undone, in the order in which it was done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compensable: Vec<Compensable>,
    /// How far its undoing has come, once it has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensation: Option<Compensation>,
    /// How it ended.
    #[serde(default)]
    pub ending: Option<Ending>,
    /// The code that wrote the position, where it is not the code that created the run.
    #[serde(default)]
    pub fingerprint: Option<u64>,
}

/// How far the undoing of a run has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compensation {
    /// How the run ends when it is over.
    pub cause: Ending,
    /// What became of each step, in the order in which they were undone.
    pub undone: Vec<Undone>,
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
        self.compensable.extend(commit.compensable);
        match commit.undoing {
            Some(Undoing::Begun(cause)) => self.compensation = Some(Compensation { cause, undone: Vec::new() }),
            Some(Undoing::Undone(undone)) => self.undo(undone),
            None => {}
        }
        self.ending = commit.ending;
    }

    fn undo(&mut self, undone: Undone) {
        self.compensable.pop();
        if let Some(compensation) = &mut self.compensation {
            compensation.undone.push(undone);
        }
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
        match &self.ending {
            None if self.compensation.is_some() => Status::Compensating,
            None => Status::Running,
            Some(ending) => ending.status(),
        }
    }

    /// Whether the run is failed and can go on from its last commit: nothing of it was undone.
    pub fn can_restart(&self) -> bool {
        self.status() == Status::Failed && self.compensation.is_none()
    }
}

impl RunState {
    /// The fingerprint of the code that wrote where the run stands.
    pub fn written_by(&self) -> u64 {
        self.folded.fingerprint.unwrap_or(self.run.fingerprint)
    }

    /// Its status.
    pub fn status(&self) -> Status {
        match self.folded.status() {
            Status::Running | Status::Waiting | Status::Blocked if self.cancel_asked => Status::Cancelling,
            status => status,
        }
    }

    /// The state as anyone may read it.
    pub fn checkpoint(self) -> Checkpoint {
        let status = self.status();
        let step = self.folded.position.as_ref().map(|position| position.step.clone());
        let compensation = self.folded.compensation.as_ref().map(Compensation::shown);
        let cause = shown(self.folded.compensation.map(|compensation| compensation.cause)).failed_step;
        let Shown { failed_step, blocked, waiting, output } = shown(self.folded.ending);
        let waiting = waiting.map(|waiting| Waiting { step, ..waiting });
        Checkpoint {
            flow_name: self.run.flow,
            run_id: self.run.key.run_id,
            version: self.run.version,
            input: self.run.input,
            state: self.folded.state.shown(),
            completed_steps: self.folded.completed,
            status,
            failed_step: failed_step.or(cause),
            compensation,
            blocked,
            waiting,
            output,
            correlation_id: self.run.correlation_id,
            created_at: self.run.created_at,
            updated_at: self.updated_at,
        }
    }
}

impl Compensation {
    /// What could not be undone, and why.
    pub(crate) fn not_undone(&self) -> Vec<NotUndone> {
        let failed = |undone: &Undone| Some(NotUndone { name: undone.name(), error: undone.error.clone()? });
        self.undone.iter().filter_map(failed).collect()
    }

    fn shown(&self) -> Compensated {
        let undone = self.undone.iter().filter(|undone| undone.error.is_none()).map(Undone::name).collect();
        Compensated { undone, failed: self.not_undone() }
    }
}

impl Undone {
    /// The step's name, with `[i]` for each loop around it.
    fn name(&self) -> String {
        with_iterations(self.step.clone(), self.at.iter())
    }
}

/// `step[2][0]`
pub(crate) fn with_iterations<'a>(mut step: String, at: impl Iterator<Item = &'a u64>) -> String {
    for iteration in at {
        // Writing to a string cannot fail.
        let _written = write!(step, "[{iteration}]");
    }
    step
}

/// What a checkpoint shows of an ending, beside the status.
#[derive(Default)]
struct Shown {
    failed_step: Option<FailedStep>,
    blocked: Option<Blocked>,
    waiting: Option<Waiting>,
    output: Option<Json>,
}

fn shown(ending: Option<Ending>) -> Shown {
    match ending {
        Some(Ending::Completed { output }) => Shown { output: Some(output), ..Shown::default() },
        Some(Ending::Failed { step, error }) => {
            Shown { failed_step: Some(FailedStep { name: step, error }), ..Shown::default() }
        }
        Some(Ending::Blocked { step, reason }) => Shown { blocked: Some(Blocked { step, reason }), ..Shown::default() },
        Some(Ending::Waiting { until, signal, .. }) => {
            Shown { waiting: Some(Waiting { step: None, signal, until }), ..Shown::default() }
        }
        Some(Ending::Cancelled { .. }) | None => Shown::default(),
    }
}
