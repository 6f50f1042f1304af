//! A fan-out: several bodies at once in the run's one task, each committed when it is done.
//!
//! The machine keeps the journal. What is done at one moment goes into one commit; while that is being written the bodies go on, and what is
//! done meanwhile goes into the next. All commits leave the run at the fan-out's entrance: an element is done when its output is saved.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::future::{Future, poll_fn};
use std::iter::{Enumerate, Fuse};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::branch::{Done, Moved, Outcome, Place, Results, Ticket};
use super::owner::Writing;
use super::{Branch, ChildEnd, Element, Exit, ExitSlot, FailedElement, Machine, Shared};
use crate::codec::Key;
use crate::flow::PointKind;
use crate::observe::StepInfo;
use crate::store::queue::RunSummary;
use crate::store::{Ending, Status, StoreError};

/// A `#[parallel]` that gathers its elements.
pub struct Group<'a> {
    shared: Arc<Shared>,
    exit: Arc<ExitSlot>,
    at: Vec<u64>,
    /// Variables that are saved already.
    done: HashSet<&'static str>,
    elements: Vec<Element<'a>>,
}

impl<'a> Group<'a> {
    /// The branch of an element, unless it is done already.
    pub fn branch(&self, point: u16) -> Option<(Ticket, Branch)> {
        let Shared { meta, .. } = &*self.shared;
        let mut outputs = self.shared.point(point).outputs.iter().map(|place| meta.variables[usize::from(*place)].name);
        let done = outputs.any(|output| self.done.contains(output));
        let place = Place { point, index: None };
        (!done).then(|| branch(&self.shared, &self.exit, &self.at, place))
    }

    /// Adds an element to be run.
    pub fn add(&mut self, element: Element<'a>) {
        self.elements.push(element);
    }
}

impl std::fmt::Debug for Group<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group").field("elements", &self.elements).finish_non_exhaustive()
    }
}

/// The elements of an `#[each]` that are not done yet, each with its branch.
pub struct Elements<I> {
    shared: Arc<Shared>,
    exit: Arc<ExitSlot>,
    at: Vec<u64>,
    point: u16,
    done: HashSet<u64>,
    collection: Enumerate<I>,
}

impl<I: Iterator> Iterator for Elements<I> {
    type Item = (Ticket, Branch, Moved<I::Item>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (index, item) = self.collection.next()?;
            let index = index as u64;
            if !self.done.contains(&index) {
                let place = Place { point: self.point, index: Some(index) };
                let (ticket, branch) = branch(&self.shared, &self.exit, &self.at, place);
                return Some((ticket, branch, Moved(item)));
            }
        }
    }
}

impl<I> std::fmt::Debug for Elements<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Elements").field("done", &self.done.len()).finish_non_exhaustive()
    }
}

fn branch(shared: &Arc<Shared>, exit: &Arc<ExitSlot>, at: &[u64], place: Place) -> (Ticket, Branch) {
    (Ticket::new(place, exit.clone()), Branch::new(shared.clone(), exit.clone(), at, place))
}

/// What generated code calls.
impl Machine {
    /// The `#[parallel]` at whose entrance the machine stands.
    pub fn group<'a>(&self, point: u16) -> Group<'a> {
        Group {
            shared: self.runner.shared.clone(),
            exit: Arc::default(),
            at: self.runner.at.clone(),
            done: self.saved_outputs(point),
            elements: Vec::new(),
        }
    }

    /// Runs the elements of a `#[parallel]`. `false`: one has failed, and left an error of the flow's own.
    pub async fn parallel(&mut self, point: u16, group: Group<'_>) -> bool {
        let width = group.elements.len();
        let has_failed = self.failed_element(point).is_some();
        let (asleep, elements) = self.awake(group.elements, has_failed).await;
        let done = self.fan_out(point, width, asleep, &mut elements.into_iter()).await;
        if done {
            self.current = None;
        }
        done
    }

    /// The elements of an `#[each]` that are not done yet. Those that are must be values of this code, or nothing runs.
    pub fn elements<T, I: IntoIterator>(&self, point: u16, key: &Key<T>, collection: I) -> Elements<I::IntoIter> {
        let done = self.saved_elements(key.name);
        done.iter().for_each(|index| drop(self.element(key, *index)));
        Elements {
            shared: self.runner.shared.clone(),
            exit: Arc::default(),
            at: self.runner.at.clone(),
            point,
            done,
            collection: collection.into_iter().enumerate(),
        }
    }

    /// Runs the elements of an `#[each]`, up to `width` at once. `false`: one has failed, and left an error of the flow's own.
    pub async fn each<'a>(
        &mut self,
        point: u16,
        width: usize,
        elements: &mut (dyn Iterator<Item = Element<'a>> + Send),
    ) -> bool {
        self.fan_out(point, width, Vec::new(), elements).await
    }

    /// All elements of an `#[each]` are done: the values of this execution, and between them the saved ones.
    pub fn collected<T>(&mut self, point: u16, key: &Key<T>, results: Results<T>) -> Option<Vec<T>> {
        let values = results.into_values();
        let saved = self.saved_elements(key.name).into_iter().max().map_or(0, |last| last + 1);
        let length = saved.max(values.len() as u64);
        let mut values = values.into_iter();
        let list = (0..length).map(|index| values.next().flatten().or_else(|| self.element(key, index))).collect();
        self.completed_each(point, key.name, length);
        list
    }

    /// Restores the list that an `#[each]` has made.
    pub fn load_each<T>(&mut self, key: &Key<T>) -> Option<Vec<T>> {
        let Some(owner) = &self.owner else { return None };
        if owner.journal.load(key.name).is_some() {
            return Some(Vec::new());
        }
        let length = owner.journal.elements_of(key.name).count() as u64;
        if length == 0 {
            self.unreadable(key.name, "it is not saved");
        }
        (0..length).map(|index| self.element(key, index)).collect()
    }
}

impl Machine {
    /// The outputs of the elements that were saved by an earlier execution, of the same iteration.
    fn saved_outputs(&self, point: u16) -> HashSet<&'static str> {
        let Some(owner) = self.owner.as_ref().filter(|_| self.resumed_here) else { return HashSet::new() };
        let Shared { meta, .. } = self.shared();
        let outputs = self.point(point).outputs.iter().map(|place| meta.variables[usize::from(*place)].name);
        outputs.filter(|name| owner.journal.load(name).is_some()).collect()
    }

    /// Which elements of a list were saved by an earlier execution, of the same iteration.
    fn saved_elements(&self, list: &str) -> HashSet<u64> {
        let Some(owner) = self.owner.as_ref().filter(|_| self.resumed_here) else { return HashSet::new() };
        owner.journal.elements_of(list).collect()
    }

    fn element<T>(&self, key: &Key<T>, index: u64) -> Option<T> {
        let name = super::runner::step_name(key.name, Some(index));
        let read = key.codec.decode(self.saved(&name)?);
        read.map_err(|error| self.undecodable(&name, error)).ok()
    }

    fn completed_each(&mut self, point: u16, list: &'static str, length: u64) {
        if length == 0 {
            // There are no elements to say that it is done.
            self.stage(list, crate::codec::encode(&[(); 0]));
        }
        let name = self.point(point).name;
        if let Some(owner) = self.owner.as_mut().filter(|_| !self.runner.exit().is_set()) {
            owner.journal.complete(name, &self.runner.at);
        }
        self.current = None;
    }
}

// The machinery

/// A fan-out under way.
#[derive(Default)]
struct FanOut<'a> {
    running: FuturesUnordered<Running<'a>>,
    /// So many have ended that no write has taken.
    unwritten: usize,
    /// The commit that is being written, and what observers hear when it is.
    writing: Option<Writing>,
    announcing: Vec<(StepInfo, Duration)>,
    /// The first failure: no further element is started.
    failure: Option<(Place, Failure)>,
    /// So many children wait, out of memory.
    children: u64,
    /// Until then, if one of them knows.
    until: Option<SystemTime>,
    /// The first child that has not ended and does not wait either: what lies beneath it has failed.
    interrupted: Option<(Place, Failure)>,
}

/// Why an element has failed.
pub(super) enum Failure {
    /// With an error of the flow's own, which it has left, and which says this.
    Own(String),
    Stopped(Exit),
    /// In an earlier execution.
    Before(FailedElement),
    Panicked(Box<dyn Any + Send>),
}

/// What happens next in a fan-out.
enum Event {
    Ended(Place, Result<Done, Failure>),
    /// What has ended is to be written.
    Unwritten,
    Written(Result<(), StoreError>),
}

impl<'a> FanOut<'a> {
    fn start(&mut self, width: usize, waiting: &mut dyn Iterator<Item = Element<'a>>) {
        while self.failure.is_none() && self.running.len() < width {
            match waiting.next() {
                Some(element) => self.running.push(Running(element)),
                None => return,
            }
        }
    }

    fn is_over(&self) -> bool {
        self.running.is_empty() && self.writing.is_none() && self.unwritten == 0
    }

    /// What is being written comes first: the bodies could use up the task's budget, and its answer would never be heard. Then whatever has ended
    /// by now, so that one commit takes it all; but `width` of them at most, for bodies that never wait shall be saved before the last has ended.
    async fn event(&mut self, width: usize) -> Event {
        poll_fn(|cx| {
            if let Some(writing) = &mut self.writing
                && let Poll::Ready(written) = writing.as_mut().poll(cx)
            {
                self.writing = None;
                return Poll::Ready(Event::Written(written));
            }
            let may_write = self.writing.is_none() && self.unwritten > 0;
            if may_write && self.unwritten >= width {
                return Poll::Ready(Event::Unwritten);
            }
            match self.poll_running(cx) {
                Poll::Pending if may_write => Poll::Ready(Event::Unwritten),
                polled => polled,
            }
        })
        .await
    }

    fn poll_running(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        match self.running.poll_next_unpin(cx) {
            Poll::Ready(Some((place, ended))) => {
                self.unwritten += 1;
                Poll::Ready(Event::Ended(place, ended))
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

/// An element that has started.
struct Running<'a>(Element<'a>);

impl Future for Running<'_> {
    type Output = (Place, Result<Done, Failure>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = catch_unwind(AssertUnwindSafe(|| self.0.body.as_mut().poll(cx)));
        // The elements share the slot, but they are polled one at a time, so what stands there now is of this one.
        let ended = match (self.0.exit.take(), polled) {
            (_, Err(panic)) => Err(Failure::Panicked(panic)),
            (Some(exit), Ok(_)) => Err(Failure::Stopped(exit)),
            (None, Ok(Poll::Pending)) => return Poll::Pending,
            (None, Ok(Poll::Ready(branch))) => match branch.outcome {
                Outcome::Done(done) => Ok(done),
                Outcome::Failed(error) => Err(Failure::Own(error)),
                Outcome::Open => unreachable!("an element that has ended says how"),
            },
        };
        Poll::Ready((self.0.place, ended))
    }
}

impl Machine {
    async fn fan_out<'a>(
        &mut self,
        point: u16,
        width: usize,
        asleep: Vec<Option<SystemTime>>,
        waiting: &mut (dyn Iterator<Item = Element<'a>> + Send),
    ) -> bool {
        // A run that stands here asks first what its children have come to, and is stopped then.
        match self.shared().exit.asks() {
            true => self.settle_if_needed().await,
            false => self.ready(point).await,
        }
        let mut waiting: Fuse<_> = waiting.fuse();
        let mut fan = FanOut::default();
        asleep.into_iter().for_each(|until| self.waits(&mut fan, until));
        fan.failure = self.failed_element(point).map(|failed| (Place::of(point), Failure::Before(failed)));
        if fan.failure.is_some() || self.shared().exit.asks() && self.shared().is_to_stop() {
            fan.running.extend(waiting.by_ref().filter(|element| self.is_child(element)).map(Running));
        }
        loop {
            // To be stopped is decided outside of writes: so none is begun any more. What runs goes on until the driver says so.
            if !self.shared().is_to_stop() {
                fan.start(width, &mut waiting);
            }
            if fan.is_over() {
                break;
            }
            match fan.event(width).await {
                Event::Ended(place, ended) => self.ended(&mut fan, place, ended),
                Event::Unwritten => {
                    fan.unwritten = 0;
                    if !self.shared().is_to_stop() {
                        self.begin_write(&mut fan);
                    }
                }
                Event::Written(written) => self.written(&mut fan, written).await,
            }
        }
        // Not to be stopped in front of that: who would end the child?
        let is_all = fan.failure.is_none() && fan.children == 0;
        if let Some((place, interrupted)) = fan.interrupted.take_if(|_| is_all || self.is_cancelled()) {
            return self.fail(place, interrupted).await;
        }
        if fan.children > 0 || fan.interrupted.is_some() {
            // Whatever else has come of it: first its children come to their end, by the next executions.
            let again = match self.keep_failure_beside(point, &fan) {
                Some(pause) => Some(self.now().await + pause),
                None => None,
            };
            let until = [fan.until, again].into_iter().flatten().min();
            let ending = Ending::Waiting { until, signal: None, children: fan.children };
            return self.runner.stop(Exit::Wait { point, ending }).await;
        }
        self.shared().exit.set_asking(false);
        self.checkpoint().await;
        match fan.failure {
            Some((place, failure)) => self.fail(place, failure).await,
            None => true,
        }
    }

    /// A child waits, out of memory.
    fn waits(&self, fan: &mut FanOut<'_>, until: Option<SystemTime>) {
        // Not to be stopped from outside any more: who would end the child?
        self.shared().exit.set_asking(true);
        fan.children += 1;
        fan.until = [fan.until, until].into_iter().flatten().min();
    }

    /// Keeps how an element has failed beside children that have not ended. If it has not, because what lies beneath it has, or what lies beneath
    /// one of them: the pause behind which it is tried again.
    fn keep_failure_beside(&mut self, point: u16, fan: &FanOut<'_>) -> Option<Duration> {
        let is_kept = fan.failure.as_ref().is_none_or(|(place, failure)| self.keep_failure(point, *place, failure));
        let is_tried_again = !is_kept || fan.interrupted.is_some();
        self.shared().parking.as_ref().filter(|_| is_tried_again).map(|parking| parking.pause)
    }

    /// A run that is cancelled does not wait: its children end.
    fn is_cancelled(&self) -> bool {
        self.info().cancellation.is_cancelled()
    }

    fn is_child(&self, element: &Element<'_>) -> bool {
        self.point(element.place.point).kind == PointKind::Child
    }

    /// Leaves out the children that wait, out of memory, and for which nothing has come yet: they need not be claimed to be waited for. Where an
    /// element has failed before, leaves all out but the children that are under way. Until when each of the first waits, and what is left.
    async fn awake<'a>(
        &self,
        elements: Vec<Element<'a>>,
        has_failed: bool,
    ) -> (Vec<Option<SystemTime>>, Vec<Element<'a>>) {
        let (shared, mut asleep) = (self.shared(), Vec::new());
        let parks = shared.parking.is_some();
        let asks = self.resumed_here && (parks || has_failed) && !shared.is_to_stop();
        let Some((store, key)) = shared.durable.as_ref().filter(|_| asks) else { return (asleep, elements) };
        if !elements.iter().any(|element| self.is_child(element)) {
            return (asleep, elements);
        }
        let below = match store.queue().below(key).await {
            Ok(below) => below,
            Err(error) => return self.runner.stop(Exit::Store(error)).await,
        };
        let now = self.now().await;
        let sleeps = |run: &RunSummary| run.status == Status::Waiting && run.wake_at.is_none_or(|at| at > now);
        let below: HashMap<_, _> = below.into_iter().map(|run| (run.key.run_id.clone(), run)).collect();
        let is_awake = |element: &Element<'a>| {
            let run_id = self.runner.idempotency_key(element.place.point).filter(|_| self.is_child(element));
            match run_id.and_then(|run_id| below.get(&run_id)) {
                Some(run) if parks && sleeps(run) => {
                    asleep.push(run.wake_at);
                    false
                }
                Some(_) => true,
                None => !has_failed,
            }
        };
        let awake = elements.into_iter().filter(is_awake).collect();
        (asleep, awake)
    }

    /// An element is over: its output is staged, or it is why the fan-out fails.
    fn ended(&mut self, fan: &mut FanOut<'_>, place: Place, ended: Result<Done, Failure>) {
        match ended {
            Err(Failure::Stopped(Exit::Wait { ending: Ending::Waiting { until, .. }, .. })) => self.waits(fan, until),
            Err(interrupted @ Failure::Stopped(Exit::Child { why: ChildEnd::Interrupted, .. })) => {
                self.shared().exit.set_asking(true);
                fan.interrupted.get_or_insert((place, interrupted));
            }
            Err(failure) => {
                fan.failure.get_or_insert((place, failure));
            }
            Ok(done) => {
                self.unannounced.extend(done.told);
                self.can_undo_element(place, done.output.as_ref());
                match (&mut self.owner, done.output) {
                    (Some(owner), Some((name, json))) => {
                        let step = place.index.is_none().then(|| self.runner.point(place.point).name);
                        owner.journal.element(step, name, json);
                    }
                    _ => self.announce(),
                }
            }
        }
    }

    /// Begins to write what is done. No write is under way.
    fn begin_write(&mut self, fan: &mut FanOut<'_>) {
        let Some(owner) = &mut self.owner else { return };
        if let Some(commit) = owner.journal.elements() {
            fan.announcing = std::mem::take(&mut self.unannounced);
            fan.writing = Some(owner.begin_write(commit));
            self.shared().exit.set_writing(true);
        }
    }

    async fn written(&mut self, fan: &mut FanOut<'_>, written: Result<(), StoreError>) {
        self.shared().exit.set_writing(false);
        if let Some(owner) = &mut self.owner {
            owner.written(&written);
        }
        if let Err(error) = written {
            return self.runner.stop(Exit::Store(error)).await;
        }
        let later = std::mem::replace(&mut self.unannounced, std::mem::take(&mut fan.announcing));
        self.announce();
        self.unannounced = later;
    }

    /// Fails with the first failure. Returns only if that is an error of the flow's own.
    async fn fail(&mut self, place: Place, failure: Failure) -> bool {
        self.current = Some(place);
        match failure {
            Failure::Own(_) => false,
            Failure::Before(failed) => self.runner.stop(Exit::Failed(failed)).await,
            Failure::Stopped(exit) => self.runner.stop(exit).await,
            Failure::Panicked(panic) => resume_unwind(panic),
        }
    }
}
