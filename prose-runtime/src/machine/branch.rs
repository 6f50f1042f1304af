//! A branch: an element of a fan-out, which runs beside the others. It has no way to the journal: what it has to save, it
//! gives back when it is done.

use crate::flow::FlowError;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::body::{Bare, Body, Capture};
use super::{Exit, ExitSlot, Runner, Shared, Try};
use crate::Json;
use crate::codec::Key;
use crate::ctx::Ctx;
use crate::observe::StepInfo;

/// Runs the body of one element of a fan-out, with the calls that the machine has for a step's.
pub struct Branch {
    pub(super) runner: Runner,
    point: u16,
    /// What its last error says.
    error: String,
    pub(super) outcome: Outcome,
}

/// How an element stands.
pub(super) enum Outcome {
    /// It runs.
    Open,
    /// It is done.
    Done(Done),
    /// It failed with an error of the flow's own, which is elsewhere, and says this.
    Failed(String),
}

/// An element that is done.
pub(super) struct Done {
    /// What is to be saved of it; `None` without a store, unless it can be undone.
    pub(super) output: Option<(String, Json)>,
    /// What observers are to hear.
    pub(super) told: Option<(StepInfo, Duration)>,
}

impl Branch {
    pub(super) fn new(shared: Arc<Shared>, exit: Arc<ExitSlot>, at: &[u64], place: Place) -> Self {
        let runner = Runner::new(shared, exit, at, place.index);
        Self { runner, point: place.point, error: String::new(), outcome: Outcome::Open }
    }

    /// [`Machine::run`](super::Machine::run), beside others.
    pub async fn run<T: Send, E: FlowError + Send>(&mut self, point: u16, body: Body<'_, T, E>) -> Result<T, E> {
        let mut result = None;
        self.once_in_time(point, pin!(Capture { body, result: &mut result })).await;
        let result = self.runner.result(point, result);
        if let Err(error) = &result {
            self.error = format!("{:#}", error.shown());
        }
        result
    }

    /// [`Machine::attempt`](super::Machine::attempt), beside others.
    pub async fn attempt<T: Send, E: FlowError + Send>(
        &mut self,
        point: u16,
        when: &(dyn Fn(&E) -> bool + Sync),
        body: Body<'_, T, E>,
    ) -> Try<T, E> {
        let mut result = None;
        let in_time = self.runner.once(point, pin!(Capture { body, result: &mut result })).await;
        if !in_time {
            return Try::Again(self.runner.pause_behind_time_out(point).await);
        }
        let tried = self.runner.tried(point, when, result);
        if let Try::Failed(error) = &tried {
            self.error = format!("{:#}", error.shown());
        }
        tried
    }

    async fn once_in_time(&mut self, point: u16, body: Bare<'_>) {
        if !self.runner.once(point, body).await {
            self.runner.timed_out(point).await
        }
    }

    /// Waits for the next attempt.
    pub async fn pause(&self, delay: Duration) {
        tokio::time::sleep(delay).await;
    }

    /// The context for the next attempt.
    pub fn ctx<D>(&self, ctx: &Ctx<D>, point: u16) -> Ctx<D> {
        self.runner.ctx(ctx, point)
    }

    /// The body is over. A value is to be saved, and is given back; an error is left with those of the fan-out.
    pub fn finish<T, E>(&mut self, key: &Key<T>, tried: Result<T, E>, failures: &Failures<E>) -> Option<T> {
        match tried {
            Ok(value) => {
                let point = self.runner.point(self.point);
                let encoded = self.runner.shared.durable.is_some() || point.compensate.is_some();
                let encoded = encoded.then(|| key.codec.encode(&value));
                self.done(key.name, encoded);
                Some(value)
            }
            Err(error) => {
                failures.leave(error);
                self.outcome = Outcome::Failed(std::mem::take(&mut self.error));
                None
            }
        }
    }

    fn done(&mut self, name: &'static str, encoded: Option<Result<Json, serde_json::Error>>) {
        let variable = super::runner::step_name(name, self.runner.index).into_owned();
        match encoded.transpose() {
            Ok(json) => {
                let output = json.map(|json| (variable, json));
                self.outcome = Outcome::Done(Done { output, told: self.runner.ended(self.point) });
            }
            Err(error) => self.runner.exit().set(Exit::Unsavable { variable, reason: error.to_string() }),
        }
    }
}

impl std::fmt::Debug for Branch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Branch").field("step", &self.runner.step_name(self.point)).finish_non_exhaustive()
    }
}

/// Which element of which point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) point: u16,
    pub(super) index: Option<u64>,
}

impl Place {
    /// A point that is no element.
    pub(super) fn of(point: u16) -> Self {
        Self { point, index: None }
    }
}

/// An element of a fan-out that has not started yet.
#[derive(Debug)]
pub struct Ticket {
    place: Place,
    exit: Arc<ExitSlot>,
}

impl Ticket {
    pub(super) fn new(place: Place, exit: Arc<ExitSlot>) -> Self {
        Self { place, exit }
    }

    /// What it runs; the future gives its branch back.
    pub fn runs<'a>(self, body: Pin<Box<impl Future<Output = Branch> + Send + 'a>>) -> Element<'a> {
        Element { place: self.place, exit: self.exit, body }
    }
}

/// An element of a fan-out: its future, and where it leaves the reason if it stops.
pub struct Element<'a> {
    pub(super) place: Place,
    pub(super) exit: Arc<ExitSlot>,
    pub(super) body: Pin<Box<dyn Future<Output = Branch> + Send + 'a>>,
}

impl std::fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Element").field("place", &self.place).finish_non_exhaustive()
    }
}

/// Where the elements of a fan-out leave the flow's own errors; the first one counts.
#[derive(Debug)]
pub struct Failures<E>(Mutex<Option<E>>);

impl<E> Failures<E> {
    /// No failure yet.
    #[expect(clippy::new_without_default, reason = "generated code says what it makes")]
    pub fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn leave(&self, error: E) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// The first failure.
    pub fn first(self) -> Option<E> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the elements of an `#[each]` leave their values.
#[derive(Debug)]
pub struct Results<T>(Mutex<Vec<Option<T>>>);

impl<T> Results<T> {
    /// No value yet.
    #[expect(clippy::new_without_default, reason = "generated code says what it makes")]
    pub fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Leaves the value of the branch's element, if it has one.
    pub fn leave(&self, branch: &Branch, value: Option<T>) {
        let (Some(index), Some(value)) = (branch.runner.index, value) else { return };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if values.len() <= index {
            values.resize_with(index + 1, || None);
        }
        values[index] = Some(value);
    }

    pub(super) fn into_values(self) -> Vec<Option<T>> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An element of an `#[each]`'s collection, handed over to the body that it is for.
#[derive(Debug)]
pub struct Moved<T>(pub(super) T);

impl<T> Moved<T> {
    /// The element. (By value, so that an async block that calls this owns it, even where it is `Copy`.)
    pub fn take(self) -> T {
        self.0
    }
}

/// What several attempts can each have one of.
#[diagnostic::on_unimplemented(
    message = "an element of this collection is needed for each attempt, but `{Self}` cannot be cloned",
    label = "with `retry`, the body takes a clone of the element",
    note = "derive `Clone`, or go over what is borrowed: `for item in &items`"
)]
pub trait Repeated {
    /// One for the next attempt.
    fn repeat(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Clone> Repeated for T {
    fn repeat(&self) -> Self {
        self.clone()
    }
}

/// An element for the next attempt.
pub fn repeat<T: Repeated>(element: &T) -> T {
    element.repeat()
}
