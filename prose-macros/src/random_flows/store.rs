//! A run on disk, and what is staged for it: as the runtime does it (`machine/journal.rs`, `store/fold.rs`).

use super::rust::Value;

/// Where a run stands.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Position {
    pub(super) step: String,
    pub(super) entered: bool,
    pub(super) at: Vec<i64>,
}

/// A run, after its last commit.
#[derive(Clone, Default, Debug)]
pub(super) struct Saved {
    /// What was saved after each commit, in words.
    pub(super) history: Vec<String>,
    pub(super) position: Option<Position>,
    pub(super) state: Vec<(String, Value)>,
    /// How many bodies are done.
    pub(super) completed: usize,
    /// The result, if the run completed.
    pub(super) output: Option<Value>,
}

impl Saved {
    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.state.iter().find(|(of, _)| of == name).map(|(_, value)| value)
    }

    fn apply(&mut self, journal: Journal, output: Option<Value>) {
        let Journal { position, completed, writes, dropped, .. } = journal;
        self.position = position;
        self.state.retain(|(name, _)| !dropped.contains(name));
        for (name, value) in writes {
            self.state.retain(|(of, _)| *of != name);
            self.state.push((name, value));
        }
        self.completed += completed;
        self.output = output;
        self.history.push(self.to_string());
    }
}

/// All of a run that can be seen, in words.
impl std::fmt::Display for Saved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut state: Vec<String> = self.state.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        state.sort();
        write!(f, "{:?} completed {}: {}", self.position, self.completed, state.join(", "))
    }
}

/// What is staged since the last commit.
#[derive(Clone, Default)]
pub(super) struct Journal {
    position: Option<Position>,
    completed: usize,
    writes: Vec<(String, Value)>,
    /// How many of the writes belong to steps that are done.
    settled: usize,
    dropped: Vec<String>,
}

impl Journal {
    pub(super) fn at(position: Option<Position>) -> Self {
        Journal { position, ..Journal::default() }
    }

    /// Whether the run stands behind a point, and nothing is staged but by plain code.
    pub(super) fn may_travel(&self) -> bool {
        let is_behind = self.position.as_ref().is_some_and(|position| !position.entered);
        is_behind && self.completed == 0 && self.settled == 0
    }

    pub(super) fn write(&mut self, name: &str, value: Value) {
        match self.writes[self.settled..].iter_mut().find(|(of, _)| of == name) {
            Some((_, old)) => *old = value,
            None => self.writes.push((name.to_owned(), value)),
        }
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.dropped.push(name.to_owned());
    }

    pub(super) fn complete(&mut self, step: &str, at: &[i64]) {
        self.completed += 1;
        self.settled = self.writes.len();
        self.position = Some(Position { step: step.to_owned(), entered: false, at: at.to_vec() });
    }

    pub(super) fn enter(&mut self, step: &str, at: &[i64]) {
        self.position = Some(Position { step: step.to_owned(), entered: true, at: at.to_vec() });
    }

    /// A run that did not complete goes on behind its last finished step.
    pub(super) fn end_in_failure(&mut self) {
        self.writes.truncate(self.settled);
        self.dropped.clear();
    }

    /// Commits all that is staged.
    pub(super) fn commit(&mut self, saved: &mut Saved, output: Option<Value>) {
        let next = Journal::at(self.position.clone());
        saved.apply(std::mem::replace(self, next), output);
    }
}
