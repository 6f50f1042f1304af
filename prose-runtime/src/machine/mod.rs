//! The machine: what generated code calls to save, commit, resume and run bodies.
//!
//! While it is *resuming*, generated code walks down to the saved point, loading variables in place of running code.
//! There it becomes *running*, and stays so.

mod again;
mod body;
mod branch;
mod child;
mod compensation;
mod exit;
mod failed_element;
mod fan_out;
mod in_place;
mod journal;
mod owner;
mod publish;
mod retry;
mod runner;
mod scope;
mod transaction;
mod turns;
mod undoable;
mod wait;

use std::convert::Infallible;
use std::future::Pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use again::{AlwaysLeavesOrHasAnotherName, AwaitedOutsideOfAStep, again, unchanged, unreached};
pub use body::{Given, Try};
pub use branch::{Branch, Element, Failures, Moved, Results, Ticket, repeat};
pub(crate) use exit::{ChildEnd, Exit, ExitSlot, FailedElement, pattern_differs};
pub use fan_out::{Elements, Group};
pub(crate) use journal::Journal;
pub(crate) use owner::Owner;
pub(crate) use retry::delay as pause_behind;
pub(crate) use runner::{Parking, Runner, Shared};
pub use scope::in_transaction;
pub use transaction::{Committed, Open, Start};
pub use turns::{Consumed, Ordered, elements, turns};
pub(crate) use wait::in_time;
pub use wait::{IntoWake, Timed, Wake, timed};

use crate::Json;
use crate::codec::{Encoder, Key, Part};
use crate::ctx::{Ctx, RunInfo};
use crate::execute::{Compared, Retyped};
use crate::flow::{PointKind, PointMeta};
use crate::observe::StepInfo;
use crate::store::{Commit, Phase, Position};
use branch::Place;
use compensation::{Memory, Undo};

/// Drives one execution of a flow, from the inside.
pub struct Machine {
    pub(crate) owner: Option<Owner>,
    runner: Runner,
    /// What is known of the code that wrote the run, if that is other code.
    pub(crate) compared: Option<Compared>,
    /// Where the run was saved, until it is reached.
    target: Option<(u16, Phase)>,
    /// What runs.
    current: Option<Place>,
    /// The point whose body runs in the flow itself.
    in_place: Option<u16>,
    /// The point whose body runs was arrived at, so some of it may be done.
    resumed_here: bool,
    /// A point was entered, and its entrance is not committed yet.
    entering: bool,
    /// Steps that are done, of which observers hear after the next commit.
    unannounced: Vec<(StepInfo, Duration)>,
    reached_tail: bool,
    /// The compensation that runs.
    undo: Option<Undo>,
    /// What can be undone without a store.
    memory: Memory,
    /// Takes the variable that is being staged.
    encoder: Encoder,
}

/// What an execution was limited to by its caller.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) step_timeout: Option<Duration>,
    pub(crate) deadline: Option<Instant>,
    /// Whether a token was given that may be cancelled.
    pub(crate) cancellable: bool,
}

impl Machine {
    pub(crate) fn new(shared: Shared) -> Self {
        let (exit, memory) = (shared.exit.clone(), Memory::of(shared.meta));
        Self {
            owner: None,
            runner: Runner::new(Arc::new(shared), exit, &[], None),
            compared: None,
            target: None,
            current: None,
            in_place: None,
            resumed_here: false,
            entering: false,
            unannounced: Vec::new(),
            reached_tail: false,
            undo: None,
            memory,
            encoder: Encoder::default(),
        }
    }

    /// What all bodies of this execution have in common.
    pub(crate) fn shared(&self) -> &Shared {
        &self.runner.shared
    }

    /// The run, as its steps and observers see it.
    pub(crate) fn info(&self) -> &Arc<RunInfo> {
        &self.runner.shared.run
    }

    pub(crate) fn resume_at(&mut self, point: u16, phase: Phase) {
        // What may be committed already, and what a child has come to, is found out before the run can be stopped.
        let asks = match self.point(point).kind {
            PointKind::Transaction | PointKind::Child => true,
            PointKind::Parallel => self.shared().meta.first(PointKind::Child).is_some(),
            _ => false,
        };
        self.shared().exit.set_asking(asks && phase == Phase::Entered);
        self.target = Some((point, phase));
    }

    /// The name of the step whose body runs.
    pub(crate) fn current_step(&self) -> Option<String> {
        self.current.map(|place| runner::step_name(self.point(place.point).name, place.index).into_owned())
    }

    /// The step at which the run stands, by what was saved.
    pub(crate) fn stands_at(&self) -> Option<String> {
        self.position().map(|position| position.step.clone())
    }

    /// The same, if its body is done: what comes behind it may have begun, and has no name in what was saved.
    pub(crate) fn stands_behind(&self) -> Option<&str> {
        self.position().filter(|position| position.phase == Phase::Done).map(|position| position.step.as_str())
    }

    fn position(&self) -> Option<&Position> {
        self.owner.as_ref().and_then(|owner| owner.journal.position())
    }

    pub(crate) fn reached_tail(&self) -> bool {
        self.reached_tail
    }

    fn point(&self, point: u16) -> &'static PointMeta {
        self.runner.point(point)
    }

    /// Never returns if the machine is to stop.
    async fn checkpoint(&self) {
        if self.shared().is_to_stop() {
            std::future::pending::<()>().await;
        }
    }

    /// This code cannot go on with the run, which loses nothing by it.
    pub(crate) async fn block(&mut self, step: Option<String>, reason: String) {
        let Some(owner) = &mut self.owner else { return };
        if let Err(error) = owner.block(step, reason).await {
            tracing::warn!(run = self.info().run_id, %error, "a run that this code cannot go on with stays `running`");
        }
    }

    /// Tells observers of the steps that were committed just now.
    pub(crate) fn announce(&mut self) {
        if self.unannounced.is_empty() {
            return;
        }
        let shared = &self.runner.shared;
        for (step, took) in self.unannounced.drain(..) {
            shared.observers.tell(&|observer| observer.on_step_complete(&shared.run, &step, took));
        }
    }
}

/// What generated code calls.
impl Machine {
    /// Whether the saved point is behind us: the flow's own code runs.
    #[inline]
    pub fn running(&self) -> bool {
        self.target.is_none()
    }

    /// Whether the saved point is one of `lo..=hi`.
    #[inline]
    pub fn within(&self, lo: u16, hi: u16) -> bool {
        self.target.is_some_and(|(target, _)| (lo..=hi).contains(&target))
    }

    /// The iteration in which a loop begins, `depth` loops being around it and `lo..=hi` in it: while the saved point is one of
    /// those, its own; else the first.
    pub fn iteration(&self, depth: usize, lo: u16, hi: u16) -> u64 {
        match self.within(lo, hi) {
            true => self.saved_at().get(depth).copied().unwrap_or(0),
            false => 0,
        }
    }

    fn saved_at(&self) -> &[u64] {
        self.position().map_or(&[], |position| &position.at)
    }

    /// Passes a point while resuming. `true`: it is the saved one, and its body is to run.
    pub fn arrive(&mut self, point: u16) -> bool {
        match self.target {
            Some((target, phase)) if target == point => {
                self.target = None;
                self.runner.begin();
                self.runner.at = self.saved_at().to_vec();
                self.resumed_here = true;
                if phase == Phase::Entered {
                    self.current = Some(Place::of(point));
                }
                phase == Phase::Entered
            }
            _ => false,
        }
    }

    /// Goes to the entrance of a point, in this iteration of each loop around it, the outermost first. What is staged is
    /// committed before the point's body starts, but for some transactions (`entrance_travels`): by whatever runs it, so that generated code
    /// waits in one place a point.
    #[inline]
    pub fn enter(&mut self, point: u16, at: &[u64]) {
        self.runner.begin();
        self.resumed_here = false;
        match self.owner {
            Some(_) => {
                self.entering = true;
                self.runner.at.clear();
                self.runner.at.extend_from_slice(at);
            }
            None => self.current = Some(Place::of(point)),
        }
    }

    /// Goes to the entrance of a point that stages nothing, or passes it while resuming. `true`: its body is to run.
    pub fn reach(&mut self, point: u16, at: &[u64]) -> bool {
        if self.running() {
            self.enter(point, at);
            return true;
        }
        self.arrive(point)
    }

    /// Commits the entrance, if that is still to be done, and waits for ever if the machine is to stop.
    async fn ready(&mut self, point: u16) {
        self.checkpoint().await;
        if self.owner.as_ref().is_some_and(Owner::is_unsettled) {
            self.settle().await;
            self.checkpoint().await;
        }
        if std::mem::take(&mut self.entering) {
            self.commit_entrance(point).await;
            self.checkpoint().await;
        }
    }

    async fn settle_if_needed(&mut self) {
        if self.owner.as_ref().is_some_and(Owner::is_unsettled) {
            self.settle().await;
        }
    }

    async fn settle(&mut self) {
        let (exit, Some(owner)) = (&self.runner.shared.exit, &mut self.owner) else { return };
        exit.set_writing(true);
        let written = owner.settle().await;
        exit.set_writing(false);
        if let Err(error) = written {
            self.runner.stop(Exit::Store(error)).await
        }
    }

    async fn commit_entrance(&mut self, point: u16) {
        let name = self.point(point).name;
        let Some(owner) = &mut self.owner else { return };
        let commit = owner.journal.enter(name, &self.runner.at);
        self.write(commit).await;
        self.current = Some(Place::of(point));
        self.announce();
    }

    /// Writes a commit; never returns if that fails.
    async fn write(&mut self, commit: Commit) {
        let (exit, Some(owner)) = (&self.runner.shared.exit, &mut self.owner) else { return };
        exit.set_writing(true);
        let written = owner.write(commit).await;
        exit.set_writing(false);
        if let Err(error) = written {
            self.runner.stop(Exit::Store(error)).await
        }
    }

    /// Stages a variable.
    pub fn save<T>(&mut self, key: &Key<T>, value: &T) {
        if self.keeps(key.name) {
            let written = (key.codec.write)(value, self.encoder.writer());
            self.stage_written(key.name, written);
        }
    }

    /// Whether anybody can need the variable: a store, or a compensation of the step that runs.
    fn keeps(&self, name: &str) -> bool {
        self.owner.is_some() || (self.memory.remembers && self.remembers(name))
    }

    fn stage_written(&mut self, name: &'static str, written: Result<(), serde_json::Error>) {
        match (&self.owner, std::mem::take(&mut self.encoder).finish(written)) {
            (None, Ok(json)) => self.memory.remember(name, json),
            (_, encoded) => self.stage(name, encoded),
        }
    }

    fn stage(&mut self, name: &'static str, encoded: Result<Json, serde_json::Error>) {
        match (encoded, &mut self.owner) {
            (Ok(json), Some(owner)) => owner.journal.write(name, json),
            (Ok(_), None) => {}
            (Err(error), _) => {
                self.shared().exit.set(Exit::Unsavable { variable: name.to_owned(), reason: error.to_string() })
            }
        }
    }

    /// Restores a variable. `None`: it could not be, and the flow is to wait for its end.
    pub fn load<T>(&self, key: &Key<T>) -> Option<T> {
        match self.part(key.name) {
            Some(part) => match (key.codec.read)(part) {
                Ok(value) => Some(value),
                Err(error) => {
                    self.undecodable(key.name, error);
                    None
                }
            },
            None => None,
        }
    }

    #[cold]
    fn undecodable(&self, name: &str, error: serde_json::Error) {
        self.unreadable(name, &error.to_string());
    }

    /// The text of a saved variable.
    fn part(&self, name: &str) -> Option<Part<'_>> {
        self.saved(name).map(|saved| Part::of(saved.raw()))
    }

    /// The end of a flow whose variable could not be restored: pending, until the driver drops it.
    pub fn stopped(&self) -> Pending<Infallible> {
        std::future::pending()
    }

    /// The end of a flow that stands behind a pattern, which does not match any more what it matched.
    #[cold]
    pub fn unmatched(&self, pattern: &'static str) -> Pending<Infallible> {
        self.shared().exit.set(Exit::Unmatched { pattern });
        self.stopped()
    }

    fn saved(&self, name: &str) -> Option<&Json> {
        let saved = match &self.undo {
            Some(undo) => undo.output(name),
            None => self.owner.as_ref().and_then(|owner| owner.journal.load(name)),
        };
        if saved.is_none() {
            self.unreadable(name, "it is not saved");
        }
        saved
    }

    #[cold]
    fn unreadable(&self, name: &str, reason: &str) {
        let fit = self.compared.as_ref().and_then(|compared| compared.as_ref().as_ref().ok());
        let retyped = fit.and_then(|fit| fit.retyped.iter().find(|retyped| retyped.name == name));
        let reason = match retyped {
            Some(Retyped { saved, code, .. }) => {
                format!("it was saved as `{saved}`, and is `{code}` in this code: {reason}")
            }
            None => reason.to_owned(),
        };
        self.shared().exit.set(Exit::Unreadable { variable: name.to_owned(), reason });
    }

    /// Stages the end of a variable.
    pub fn forget(&mut self, name: &'static str) {
        if let Some(owner) = &mut self.owner {
            owner.journal.drop(name);
        }
    }

    /// A body is done and its outputs are staged. One whose output cannot be saved is not done: it would be looked for.
    pub fn completed(&mut self, point: u16) {
        if self.is_alone() && self.in_place.is_none() && !self.memory.remembers {
            self.current = None;
            return;
        }
        self.end_in_place();
        if self.shared().exit.is_set() {
            return;
        }
        self.complete(point);
        self.done(point);
        if self.owner.is_none() {
            self.announce();
        }
    }

    /// No store, and nobody who could stop the flow or is to hear of it.
    #[inline]
    fn is_alone(&self) -> bool {
        self.owner.is_none() && self.runner.bare
    }

    /// Stages the end of a body, and what undoes it.
    fn complete(&mut self, point: u16) {
        self.can_undo(point);
        if let Some(owner) = &mut self.owner {
            owner.journal.complete(self.runner.point(point).name, &self.runner.at);
        }
    }

    /// A body is over; observers hear of it when it is announced.
    fn done(&mut self, point: u16) {
        self.current = None;
        self.unannounced.extend(self.runner.ended(point));
    }

    /// The flow's last expression is about to be evaluated.
    #[inline]
    pub fn tail(&mut self) {
        self.reached_tail = true;
    }

    /// The context for the next attempt of a point's body.
    pub fn ctx<D>(&self, ctx: &Ctx<D>, point: u16) -> Ctx<D> {
        self.runner.ctx(ctx, point)
    }
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("flow", &self.shared().meta.name)
            .field("run", self.info())
            .finish_non_exhaustive()
    }
}
