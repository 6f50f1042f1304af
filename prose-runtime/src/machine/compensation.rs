//! Undoing what a run has done: its compensations, the last step's first, each with a commit of its own.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::branch::Place;
use super::undoable::Undoable;
use super::{Limits, Machine, Runner, Shared};
use crate::Json;
use crate::ctx::RunInfo;
use crate::flow::{Meta, PointMeta};
use crate::store::checkpoint::State;
use crate::store::commit::Compensable;
use crate::store::{Ending, NotUndone, StoreError};

/// A compensation that runs.
pub(super) struct Undo {
    step: Compensable,
    /// A transaction has said already that the step is undone.
    recorded: bool,
}

impl Undo {
    /// What the step has left for its compensation.
    pub(super) fn output(&self, name: &str) -> Option<&Json> {
        self.step.outputs.get(name)
    }
}

/// What an execution without a store remembers, to undo it if it fails.
#[derive(Debug)]
pub(super) struct Memory {
    /// Whether the flow has a compensation; otherwise nothing is remembered, nor encoded.
    pub(super) remembers: bool,
    outputs: State,
    undoable: Undoable,
}

impl Memory {
    pub(super) fn of(meta: &Meta) -> Self {
        Self { remembers: meta.has_compensations(), outputs: State::default(), undoable: Undoable::default() }
    }

    /// Keeps an output for a compensation.
    pub(super) fn remember(&mut self, name: &str, output: Json) {
        self.outputs.set(name.to_owned(), output);
    }
}

impl Meta {
    /// Whether anything of the flow can be undone.
    pub(crate) fn has_compensations(&self) -> bool {
        self.points.iter().any(|point| point.compensate.is_some())
    }

    /// Whether there is a compensation for a step, and the step has left what that needs.
    pub(crate) fn can_undo(&'static self, step: &Compensable) -> bool {
        let point = self.points.iter().find(|point| point.name == step.step);
        let compensation = point.and_then(|point| point.compensate);
        compensation.is_some_and(|it| self.names(it.live).all(|name| step.outputs.get(name).is_some()))
    }

    fn names(&'static self, places: &'static [u16]) -> impl Iterator<Item = &'static str> {
        places.iter().map(|place| self.variables[usize::from(*place)].name)
    }
}

/// While the flow runs.
impl Machine {
    /// Whether a compensation needs that output of the step that runs.
    pub(super) fn remembers(&self, output: &str) -> bool {
        let compensation = self.current.and_then(|place| self.point(place.point).compensate);
        compensation.is_some_and(|it| self.shared().meta.names(it.live).any(|name| name == output))
    }

    /// A point's body is done: from now on it can be undone, if it has a compensation.
    pub(super) fn can_undo(&mut self, point: u16) {
        let (meta, point) = (self.shared().meta, self.point(point));
        let Some(compensation) = point.compensate else { return };
        let outputs = match &self.owner {
            Some(owner) => owner.journal.staged(meta.names(compensation.live)),
            None => std::mem::take(&mut self.memory.outputs),
        };
        self.push(point, outputs);
    }

    /// An element of a fan-out is done, with this output.
    pub(super) fn can_undo_element(&mut self, place: Place, output: Option<&(String, Json)>) {
        let (meta, point) = (self.shared().meta, self.point(place.point));
        let Some(compensation) = point.compensate else { return };
        let needed = output.filter(|(output, _)| meta.names(compensation.live).any(|name| name == output));
        self.push(point, needed.cloned().into_iter().collect());
    }

    fn push(&mut self, point: &PointMeta, outputs: State) {
        let step = Compensable { step: point.name.to_owned(), at: self.runner.at.clone(), outputs };
        self.undoable_mut().push(step);
    }

    fn undoable(&self) -> &Undoable {
        self.owner.as_ref().map_or(&self.memory.undoable, |owner| &owner.journal.undoable)
    }

    fn undoable_mut(&mut self) -> &mut Undoable {
        match &mut self.owner {
            Some(owner) => &mut owner.journal.undoable,
            None => &mut self.memory.undoable,
        }
    }
}

/// When the flow is over.
impl Machine {
    /// Whether anything was done that can be undone.
    pub(crate) fn can_be_undone(&self) -> bool {
        self.undoable().last().is_some()
    }

    /// How the run ends when it is undone, if its undoing has begun.
    pub(crate) fn undoing(&self) -> Option<&Ending> {
        self.undoable().undoing().map(|undoing| &undoing.cause)
    }

    /// What could not be undone, and why.
    pub(crate) fn not_undone(&self) -> Vec<NotUndone> {
        self.undoable().undoing().map_or_else(Vec::new, |undoing| undoing.not_undone())
    }

    /// Commits that from now on the run only undoes, together with what the finished steps have staged.
    pub(crate) async fn turn_back(&mut self, ending: Ending) -> Result<(), StoreError> {
        if let Some(owner) = &mut self.owner {
            owner.turn_back(ending.clone()).await?;
        }
        self.undoable_mut().begin(ending);
        self.announce();
        Ok(())
    }

    /// What stopped the flow does not stop its undoing: the run may have been cancelled.
    pub(crate) fn begin_undoing(&mut self) {
        let shared = self.shared();
        let run = RunInfo { cancellation: CancellationToken::new(), ..(*shared.run).clone() };
        let limits = Limits { cancellable: false, ..shared.limits };
        let shared = Shared { run: Arc::new(run), limits, ..shared.clone() };
        self.runner = Runner::new(Arc::new(shared), Arc::default(), &[], None);
    }

    /// Makes ready to undo the last step that is not undone. `Err`: this code has no compensation for that one.
    pub(crate) fn next_undo(&mut self) -> Option<Result<u16, String>> {
        let step = self.undoable().last()?.clone();
        let of_that_name = |point: &PointMeta| point.name == step.step && point.compensate.is_some();
        let Some(point) = self.shared().meta.points.iter().position(of_that_name) else { return Some(Err(step.step)) };
        self.runner = Runner::undoing(self.shared(), &step.at);
        (self.current, self.entering) = (Some(Place::of(point as u16)), false);
        self.undo = Some(Undo { step, recorded: false });
        Some(Ok(point as u16))
    }

    /// Commits what became of that step, unless its transaction has done so.
    pub(crate) async fn undone(&mut self, point: u16, error: Option<String>) -> Result<(), StoreError> {
        if self.undo.as_ref().is_some_and(|undo| undo.recorded) {
            self.undo = None;
            return Ok(());
        }
        let Some(undone) = self.undoable().outcome(error) else { return Ok(()) };
        if let Some(owner) = &mut self.owner {
            let commit = owner.journal.undone(undone.clone());
            owner.write(commit).await?;
        }
        if undone.error.is_none() {
            self.done(point);
        }
        self.undoable_mut().pop(undone);
        self.announce();
        self.undo = None;
        Ok(())
    }

    /// Tells observers of a failure that no attempt has told.
    pub(crate) fn tell_failed(&self, point: u16, text: &str) {
        self.runner.failed(point, &text);
    }

    /// The transaction of a compensation was committed, and with it that the step is undone.
    pub(super) fn undone_in_transaction(&mut self) {
        if let Some(undo) = &mut self.undo {
            undo.recorded = true;
        }
        if let Some(undone) = self.undoable().outcome(None) {
            self.undoable_mut().pop(undone);
        }
    }
}
