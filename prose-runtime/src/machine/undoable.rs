//! What of a run can be undone, and how far its undoing has come. Pure.

use crate::store::commit::{Compensable, Ending, Undone};
use crate::store::fold::Compensation;

/// The steps that are done and have a compensation, the last one on top.
#[derive(Debug, Default)]
pub(crate) struct Undoable {
    steps: Vec<Compensable>,
    /// How many of the steps are in commits.
    committed: usize,
    /// How many were in front of the last commit.
    committed_before: usize,
    undoing: Option<Compensation>,
}

impl Undoable {
    /// Goes on from what was saved.
    pub(crate) fn resume(steps: Vec<Compensable>, undoing: Option<Compensation>) -> Self {
        let committed = steps.len();
        Self { steps, committed, committed_before: committed, undoing }
    }

    /// A step is done.
    pub(crate) fn push(&mut self, step: Compensable) {
        self.steps.push(step);
    }

    /// The steps that go into the next commit.
    pub(crate) fn take_new(&mut self) -> Vec<Compensable> {
        self.committed_before = self.committed;
        self.committed = self.steps.len();
        self.steps[self.committed_before..].to_vec()
    }

    /// The last commit was rolled back, and with it what its steps have done.
    pub(crate) fn roll_back(&mut self) {
        self.steps.truncate(self.committed_before);
        self.committed = self.committed_before;
    }

    /// From now on the run only undoes.
    pub(crate) fn begin(&mut self, cause: Ending) {
        self.undoing = Some(Compensation { cause, undone: Vec::new() });
    }

    /// The undoing, once it has begun.
    pub(crate) fn undoing(&self) -> Option<&Compensation> {
        self.undoing.as_ref()
    }

    /// The step that is to be undone next.
    pub(crate) fn last(&self) -> Option<&Compensable> {
        self.steps.last()
    }

    /// What became of that step, for a commit.
    pub(crate) fn outcome(&self, error: Option<String>) -> Option<Undone> {
        let Compensable { step, at, .. } = self.last()?;
        Some(Undone { step: step.clone(), at: at.clone(), error })
    }

    /// The step that was to be undone is over.
    pub(crate) fn pop(&mut self, undone: Undone) {
        self.steps.pop();
        self.committed = self.steps.len();
        if let Some(undoing) = &mut self.undoing {
            undoing.undone.push(undone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::checkpoint::State;

    fn step(name: &str) -> Compensable {
        Compensable { step: name.to_owned(), at: Vec::new(), outputs: State::default() }
    }

    #[test]
    fn each_step_goes_into_one_commit() {
        let mut undoable = Undoable::default();
        undoable.push(step("a"));
        assert_eq!(undoable.take_new(), [step("a")]);
        undoable.push(step("b"));
        undoable.push(step("c"));
        assert_eq!(undoable.take_new(), [step("b"), step("c")]);
        assert_eq!(undoable.take_new(), []);
    }

    #[test]
    fn what_was_rolled_back_is_not_undone() {
        let mut undoable = Undoable::resume(vec![step("a")], None);
        undoable.push(step("tx"));
        undoable.take_new();
        undoable.roll_back();
        assert_eq!(undoable.last(), Some(&step("a")));
        undoable.push(step("tx"));
        assert_eq!(undoable.take_new(), [step("tx")]);
    }

    #[test]
    fn the_last_step_is_undone_first() {
        let mut undoable = Undoable::resume(vec![step("a"), step("b")], None);
        undoable.begin(Ending::Cancelled { step: None });
        for (name, error) in [("b", Some("gone".to_owned())), ("a", None)] {
            let undone = undoable.outcome(error.clone()).unwrap();
            assert_eq!((undone.step.as_str(), &undone.error), (name, &error));
            undoable.pop(undone);
        }
        assert_eq!((undoable.outcome(None), undoable.take_new()), (None, Vec::new()));
        let undone: Vec<_> = undoable.undoing().unwrap().undone.iter().map(|undone| undone.step.as_str()).collect();
        assert_eq!(undone, ["b", "a"]);
    }
}
