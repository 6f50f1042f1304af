//! A run on disk, and what is staged for it: as the runtime does it (`machine/journal.rs`, `store/fold.rs`).

use super::log::Key;
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
    /// The bodies that are done.
    pub(super) done: Vec<Key>,
    /// The events that are to be published.
    pub(super) events: Vec<String>,
    /// The result, if the run completed.
    pub(super) output: Option<Value>,
}

impl Saved {
    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.state.iter().find(|(of, _)| of == name).map(|(_, value)| value)
    }

    /// Which elements of a list are saved, and their values.
    pub(super) fn elements(&self, list: &str) -> Vec<(i64, Value)> {
        let element = |(name, value): &(String, Value)| {
            let index = name.strip_prefix(list)?.strip_prefix('[')?.strip_suffix(']')?;
            Some((index.parse().ok()?, value.clone()))
        };
        let mut elements: Vec<(i64, Value)> = self.state.iter().filter_map(element).collect();
        elements.sort_by_key(|(index, _)| *index);
        elements
    }

    fn apply(&mut self, journal: Journal, output: Option<Value>) {
        let Journal { position, done, events, writes, dropped, .. } = journal;
        self.position = position;
        // With its elements.
        let variable = |name: &str| name.split('[').next().unwrap_or_default().to_owned();
        self.state.retain(|(name, _)| !dropped.contains(&variable(name)));
        for (name, value) in writes {
            self.state.retain(|(of, _)| *of != name);
            self.state.push((name, value));
        }
        self.done.extend(done);
        self.events.extend(events);
        self.output = output;
        self.history.push(self.to_string());
    }
}

/// All of a run that can be seen, in words.
impl std::fmt::Display for Saved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut state: Vec<String> = self.state.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        state.sort();
        let (done, events) = (self.done.len(), &self.events);
        write!(f, "{:?} completed {done}, published {events:?}: {}", self.position, state.join(", "))
    }
}

/// What is staged since the last commit.
#[derive(Clone, Default)]
pub(super) struct Journal {
    position: Option<Position>,
    done: Vec<Key>,
    events: Vec<String>,
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
        is_behind && self.done.is_empty() && self.settled == 0
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
        self.done.push((step.to_owned(), at.to_vec()));
        self.complete_all(step, at);
    }

    /// The elements of a fan-out are done.
    pub(super) fn complete_all(&mut self, step: &str, at: &[i64]) {
        self.settled = self.writes.len();
        self.position = Some(Position { step: step.to_owned(), entered: false, at: at.to_vec() });
    }

    /// An element of a fan-out is done: the run stays where it stands.
    pub(super) fn element(&mut self, key: Key, name: &str, value: Value) {
        self.done.push(key);
        self.writes.push((name.to_owned(), value));
        self.settled = self.writes.len();
    }

    /// An event of a point that is done with it.
    pub(super) fn publish(&mut self, event: String) {
        self.events.push(event);
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
