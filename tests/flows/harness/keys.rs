//! Which bodies are done, as a run's commits say it.

use prose::store::{Commit, Phase, Position, Undoing};
use std::collections::{BTreeSet, HashMap};

/// The idempotency keys of the bodies that are done.
#[derive(Default)]
pub(super) struct Keys {
    /// By commit, of all runs.
    commits: Vec<BTreeSet<String>>,
    /// Where each run stands.
    positions: HashMap<String, Position>,
}

impl Keys {
    pub(super) fn of_commits(&self) -> Vec<BTreeSet<String>> {
        self.commits.clone()
    }

    /// A run's next commit; `None`: one that says nothing of bodies.
    pub(super) fn commit(&mut self, run: &str, commit: Option<&Commit>) {
        let stood = self.positions.get(run);
        let done = commit.map(|commit| done_by(commit, stood)).unwrap_or_default();
        self.commits.push(done.into_iter().map(|step| format!("{run}:{step}")).collect());
        if let Some(position) = commit.and_then(|commit| commit.position.clone()) {
            self.positions.insert(run.to_owned(), position);
        }
    }
}

/// The steps that a commit says to be done, each with its turns and its element: `parcel[2]`. `stood` is where the run stood in front of it.
fn done_by(commit: &Commit, stood: Option<&Position>) -> Vec<String> {
    // A step is done at the position of its own exit, or else in the turns in which the run stood at the entrance of it, or of the fan-out
    // that it is an element of.
    let exit = commit.position.as_ref().filter(|position| position.phase == Phase::Done);
    let turns = |step: &str| exit.filter(|exit| exit.step == step).or(stood).map(|at| at.at.as_slice());
    let steps = commit.completed.iter().map(|step| path(step, turns(step).unwrap_or_default()));
    // An element of an `#[each]` is done when its output is saved, as `xs[3]`.
    let elements = commit.writes.iter().filter_map(|write| {
        let (_, index) = write.name.strip_suffix(']')?.rsplit_once('[')?;
        Some(path(&stood?.step, &stood?.at) + &format!("[{index}]"))
    });
    let undone = commit.undoing.iter().filter_map(|undoing| match undoing {
        Undoing::Undone(undone) => Some(path(&undone.step, &undone.at) + ":undo"),
        Undoing::Begun(_) => None,
    });
    steps.chain(elements).chain(undone).collect()
}

fn path(step: &str, turns: &[u64]) -> String {
    turns.iter().fold(step.to_owned(), |path, turn| format!("{path}[{turn}]"))
}
