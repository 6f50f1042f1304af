//! Interprets what is generated from a flow, over a store that the process may not live to write to: as the runtime does it
//! (`machine/mod.rs`, `machine/transaction.rs`).

use super::expansion::Expansion;
use super::log::{Key, Log};
use super::rust::{self, Flow, Host, Stop, Value, fault};
use super::store::{Journal, Position, Saved};

/// A kill of the process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crash {
    /// The commit at which it happens.
    pub(super) commit: usize,
    /// Is the commit on disk by then?
    pub(super) behind: bool,
}

/// Runs the flow, or goes on with it; gives the result (`None`: it crashed), and what it did.
pub(super) fn run(
    expansion: &Expansion,
    input: Value,
    saved: &mut Saved,
    crash: Option<Crash>,
) -> (Flow<Option<Value>>, Log) {
    if let Some(output) = &saved.output {
        return (Ok(Some(output.clone())), Log::default());
    }
    let mut machine = Machine {
        expansion,
        target: saved.position.clone(),
        at: saved.position.iter().flat_map(|position| position.at.clone()).collect(),
        current: None,
        entering: None,
        element: None,
        found: Vec::new(),
        results: Vec::new(),
        failure: None,
        journal: Journal::at(saved.position.clone()),
        saved,
        crash,
        log: Log::default(),
    };
    let result = rust::call(&expansion.drive, vec![Value::Machine, Value::unit(), input], &mut machine);
    let result = result.and_then(|result| machine.end(result));
    let result = match result {
        Err(Stop::Crash) => Ok(None),
        other => other.map(Some),
    };
    (result, machine.log)
}

struct Machine<'a> {
    expansion: &'a Expansion,
    /// Where the run was saved, until it is reached.
    target: Option<Position>,
    at: Vec<i64>,
    /// The point whose body runs.
    current: Option<usize>,
    /// A point that was entered, and whose entrance is not committed yet.
    entering: Option<usize>,
    /// The element of a fan-out whose body runs, and its number in an `#[each]`.
    element: Option<(usize, Option<i64>)>,
    /// The elements of an `#[each]` that an earlier execution has saved, and those of this one.
    found: Vec<(i64, Value)>,
    results: Vec<(i64, Value)>,
    /// The first failure of a fan-out.
    failure: Option<Value>,
    journal: Journal,
    saved: &'a mut Saved,
    crash: Option<Crash>,
    log: Log,
}

impl Host for Machine<'_> {
    fn machine(&mut self, method: &str, args: &[Value]) -> Flow<Value> {
        match (method, args) {
            ("running", []) => return Ok(Value::Bool(self.target.is_none())),
            ("within", [first, last]) => return Ok(Value::Bool(self.within(first, last)?)),
            ("iteration", [depth, first, last]) => return self.iteration(depth, first, last),
            ("arrive", [point]) => return self.arrive(point),
            ("reach", [point, _]) if self.target.is_some() => return self.arrive(point),
            ("reach", [point, at]) => {
                self.enter(point, at)?;
                return Ok(Value::Bool(true));
            }
            ("load", [key]) => return Ok(Value::variant("Some", vec![self.load(text(key)?)?])),
            ("enter", [point, at]) => self.enter(point, at)?,
            ("ready", [point]) => self.ready(point)?,
            ("begin_once", [point, _]) => {
                self.begin_transaction(point)?;
                return Ok(Value::variant("Some", vec![Value::unit()]));
            }
            ("save" | "output", [key, value]) => self.save(text(key)?, value)?,
            ("forget", [name]) => self.journal.forget(text(name)?),
            ("sleep", [point, wake]) => self.sleep(point, wake)?,
            ("completed", [point]) => self.complete(point)?,
            ("publish", [_, Value::Text(channel), event]) => {
                self.act(event.to_string());
                self.journal.publish(format!("{channel}: {event}"));
            }
            ("is_done", [element]) => return self.is_done(element),
            ("elements", [_, list]) => return self.elements(text(list)?),
            ("runs", [element]) => self.runs(element, None)?,
            ("runs", [element, Value::Int(index)]) => self.runs(element, Some(*index))?,
            ("finish", [key, tried, _failures]) => return self.finish(text(key)?, tried),
            ("leave", [value]) => self.leave(value),
            ("ran", []) => self.element = None,
            ("has_failed", []) => return Ok(Value::Bool(self.failure.is_some())),
            ("failure", []) => {
                let failure = self.failure.take();
                return Ok(Value::variant(
                    if failure.is_some() { "Some" } else { "None" },
                    failure.into_iter().collect(),
                ));
            }
            ("fanned_out", [point]) => return self.fanned_out(point),
            ("collected", [point, key, _results]) => return self.collected(point, text(key)?),
            ("load_each", [key]) => return self.load_each(text(key)?),
            ("commit_once", [point, _]) => {
                self.complete(point)?;
                self.commit(None)?;
            }
            ("tail", []) => {}
            _ => return fault(format!("`m.{method}` is not known")),
        }
        Ok(Value::unit())
    }

    fn begin(&mut self, _: Option<(&str, &[i64])>) -> Flow<()> {
        let Some((step, at)) = self.key() else { return fault("a body runs, and its point was not entered") };
        self.log.begin(&step, &at);
        Ok(())
    }

    fn act(&mut self, seen: String) {
        self.log.act(seen);
    }
}

impl Machine<'_> {
    fn target(&self) -> Flow<Option<usize>> {
        self.target.as_ref().map(|target| self.expansion.by_name(&target.step)).transpose()
    }

    fn within(&self, first: &Value, last: &Value) -> Flow<bool> {
        let range = self.point(first)?..=self.point(last)?;
        Ok(self.target()?.is_some_and(|target| range.contains(&target)))
    }

    fn iteration(&self, depth: &Value, first: &Value, last: &Value) -> Flow<Value> {
        let Value::Int(depth) = depth else { return fault("a depth that is no number") };
        let saved = usize::try_from(*depth).ok().and_then(|depth| self.at.get(depth)).copied();
        match (self.within(first, last)?, saved) {
            (true, Some(turn)) => Ok(Value::Int(turn)),
            (true, None) => fault("the run is inside of a loop, and no turn is saved"),
            (false, _) => Ok(Value::Int(0)),
        }
    }

    fn arrive(&mut self, point: &Value) -> Flow<Value> {
        let point = self.point(point)?;
        if self.target()? != Some(point) {
            return Ok(Value::Bool(false));
        }
        let entered = self.target.take().is_some_and(|target| target.entered);
        self.current = entered.then_some(point);
        Ok(Value::Bool(entered))
    }

    fn load(&self, name: &str) -> Flow<Value> {
        self.saved.get(name).cloned().ok_or_else(|| Stop::Fault(format!("`{name}` is loaded, and not saved")))
    }

    fn save(&mut self, name: &str, value: &Value) -> Flow<()> {
        let Value::Borrow(value, _) = value else { return fault(format!("`{name}` is moved to be saved")) };
        if self.target.is_some() {
            return fault(format!("`{name}` is saved while resuming"));
        }
        if !value.is_savable() {
            return fault(format!("`{name}` is saved, and is {value}"));
        }
        self.journal.write(name, (**value).clone());
        Ok(())
    }

    fn enter(&mut self, point: &Value, at: &Value) -> Flow<()> {
        let Value::List(at) = at.target() else { return fault("turns that are no list") };
        self.at = at.iter().map(|turn| if let Value::Int(turn) = turn { *turn } else { -1 }).collect();
        self.entering = Some(self.point(point)?);
        Ok(())
    }

    fn ready(&mut self, point: &Value) -> Flow<()> {
        let point = self.point(point)?;
        if let Some((element, _)) = self.element {
            return if element == point { Ok(()) } else { fault("a body that is not the current element's") };
        }
        self.entrance(point)
    }

    /// Commits the entrance, if that is still to be done.
    fn entrance(&mut self, point: usize) -> Flow<()> {
        if self.entering.take() == Some(point) {
            self.journal.enter(&self.expansion.points[point], &self.at);
            self.commit(None)?;
            self.current = Some(point);
        }
        if self.current == Some(point) { Ok(()) } else { fault("a body that is not the current one's") }
    }

    /// The database is the store's own: an entrance with nothing but plain code in front of it travels with the transaction.
    fn begin_transaction(&mut self, point: &Value) -> Flow<()> {
        if self.entering.is_some() && self.journal.may_travel() {
            self.current = self.entering.take();
        }
        self.ready(point)
    }

    /// How long is saved at the entrance, and only then asked for.
    fn sleep(&mut self, point: &Value, wake: &Value) -> Flow<()> {
        let number = self.point(point)?;
        let until = format!("{}:until", self.expansion.points[number]);
        let time = match (self.entering, wake) {
            (Some(_), Value::Variant(some, time)) if some == "Some" => {
                let Some(time) = time.first() else { return fault("an empty `Some`") };
                self.journal.write(&until, time.clone());
                time.clone()
            }
            (None, Value::Variant(none, _)) if none == "None" => self.load(&until)?,
            (entering, wake) => return fault(format!("a sleep of {wake}, entering {entering:?}")),
        };
        self.ready(point)?;
        self.begin(None)?;
        self.act(time.to_string());
        self.journal.forget(&until);
        Ok(())
    }

    /// The body that runs.
    fn key(&self) -> Option<Key> {
        let (point, index) = self.element.or_else(|| self.current.map(|point| (point, None)))?;
        Some((self.expansion.points[point].clone(), self.at.iter().copied().chain(index).collect()))
    }

    // Fan-outs

    /// Whether an element of a `#[parallel]` was saved, in this turn.
    fn is_done(&self, element: &Value) -> Flow<Value> {
        let mut outputs = self.expansion.outputs[self.point(element)?].iter();
        Ok(Value::Bool(self.is_resumed_here() && outputs.any(|output| self.saved.get(output).is_some())))
    }

    /// Is this the point at which the run was saved?
    fn is_resumed_here(&self) -> bool {
        self.entering.is_none()
    }

    /// The numbers of an `#[each]`'s elements that were saved, in this turn.
    fn elements(&mut self, list: &str) -> Flow<Value> {
        self.found = if self.is_resumed_here() { self.saved.elements(list) } else { Vec::new() };
        self.results = Vec::new();
        Ok(Value::List(self.found.iter().map(|(index, _)| Value::Int(*index)).collect()))
    }

    /// The body of an element begins; with the first one, the entrance of its fan-out is committed.
    fn runs(&mut self, element: &Value, index: Option<i64>) -> Flow<()> {
        if let Some(fan_out) = self.entering {
            self.entrance(fan_out)?;
        }
        self.element = Some((self.point(element)?, index));
        Ok(())
    }

    /// An element has ended. Each is committed on its own.
    fn finish(&mut self, name: &str, tried: &Value) -> Flow<Value> {
        let (Some(key), Some((_, index))) = (self.key(), self.element) else { return fault("no element has ended") };
        match tried {
            Value::Variant(ok, parts) if ok == "Ok" && parts.len() == 1 => {
                if !parts[0].is_savable() {
                    return fault(format!("`{name}` is saved, and is {}", parts[0]));
                }
                let name = index.map_or_else(|| name.to_owned(), |index| format!("{name}[{index}]"));
                self.journal.element(key, &name, parts[0].clone());
                self.commit(None)?;
                Ok(Value::variant("Some", parts.clone()))
            }
            Value::Variant(_, error) => {
                self.failure = self.failure.take().or_else(|| error.first().cloned());
                Ok(Value::variant("None", Vec::new()))
            }
            other => fault(format!("an element ends with {other}")),
        }
    }

    fn leave(&mut self, value: &Value) {
        if let (Some((_, Some(index))), Value::Variant(_, parts)) = (self.element, value) {
            self.results.extend(parts.first().map(|value| (index, value.clone())));
        }
    }

    /// All that could run of a fan-out has run. `false`: an element has failed.
    fn fanned_out(&mut self, point: &Value) -> Flow<Value> {
        let point = self.point(point)?;
        self.entrance(point)?;
        let is_parallel = self.expansion.outputs[point].len() > 1;
        if self.failure.is_none() && is_parallel {
            self.current = None;
        }
        Ok(Value::Bool(self.failure.is_none()))
    }

    fn collected(&mut self, point: &Value, list: &str) -> Flow<Value> {
        let point = self.point(point)?;
        if self.current.take() != Some(point) {
            return fault("a fan-out is done, and is not the one that runs");
        }
        let mut all: Vec<(i64, Value)> = std::mem::take(&mut self.found);
        all.append(&mut self.results);
        all.sort_by_key(|(index, _)| *index);
        if !all.iter().zip(0..).all(|((index, _), place)| *index == place) {
            return fault("elements are not there, or twice");
        }
        let list_of_all = Value::List(all.into_iter().map(|(_, value)| value).collect());
        if let Value::List(none) = &list_of_all
            && none.is_empty()
        {
            self.journal.write(list, list_of_all.clone());
        }
        self.journal.complete_all(&self.expansion.points[point], &self.at);
        Ok(Value::variant("Some", vec![list_of_all]))
    }

    fn load_each(&self, list: &str) -> Flow<Value> {
        let elements: Vec<Value> = self.saved.elements(list).into_iter().map(|(_, value)| value).collect();
        if elements.is_empty() {
            self.load(list)?;
        }
        Ok(Value::variant("Some", vec![Value::List(elements)]))
    }

    fn complete(&mut self, point: &Value) -> Flow<()> {
        let point = self.point(point)?;
        if self.current.take() != Some(point) {
            return fault("a point is completed, and is not the one that runs");
        }
        self.journal.complete(&self.expansion.points[point], &self.at);
        Ok(())
    }

    fn commit(&mut self, output: Option<Value>) -> Flow<()> {
        let crash = self.crash.filter(|crash| crash.commit == self.saved.history.len() + 1);
        match crash {
            Some(Crash { behind: false, .. }) => return Err(Stop::Crash),
            Some(Crash { behind: true, .. }) | None => self.journal.commit(self.saved, output),
        }
        if crash.is_some() { Err(Stop::Crash) } else { Ok(()) }
    }

    /// The last commit.
    fn end(&mut self, result: Value) -> Flow<Value> {
        if self.target.is_some() {
            return fault("the flow ends, and did not come to where it was saved");
        }
        let completed = matches!(&result, Value::Variant(name, _) if name == "Ok");
        if !completed {
            self.journal.end_in_failure();
        }
        self.commit(completed.then(|| result.clone()))?;
        Ok(result)
    }

    fn point(&self, point: &Value) -> Flow<usize> {
        self.expansion.by_variant(text(point)?)
    }
}

fn text(value: &Value) -> Flow<&str> {
    match value.target() {
        Value::Text(text) => Ok(text),
        other => fault(format!("{other} is no name")),
    }
}
