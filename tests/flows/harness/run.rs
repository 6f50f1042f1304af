//! One run of a flow, from its first execution to its end, and what it came to.

use super::crash::Crash;
use super::world::{Told, World};
use prose::{Call, DepsOf, Error, EventRecord, Flow, FlowError, Store};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    /// Of the last execution.
    pub(crate) outcome: String,
    /// Of each execution.
    pub(crate) told: Vec<Vec<Told>>,
    pub(crate) rows: Vec<String>,
    /// By channel, and in order on each: what comes first of two channels is nobody's promise.
    pub(crate) events: Vec<Event>,
    /// Behind each commit.
    pub(crate) checkpoints: Vec<Value>,
    /// The idempotency keys of the bodies that each commit says to be done.
    pub(crate) done: Vec<BTreeSet<String>>,
    /// The points that it came to, in order, in all executions.
    pub(crate) points: Vec<String>,
}

/// A published event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) channel: String,
    pub(crate) id: String,
    pub(crate) what: String,
}

/// The run id of every run: each is deleted before the next one begins.
pub(crate) const RUN: &str = "run";

/// Calls a flow without a store.
pub(crate) async fn without_a_store<F, D>(store: &Arc<dyn Store>, call: &impl Fn(&World) -> Call<F, D>) -> Run
where
    F: Flow<Output: Debug, Error: Debug>,
    D: DepsOf<F>,
{
    let world = World::new(store);
    let outcome = call(&world).publisher(world.publisher.clone()).await;
    result(&world, text(outcome), vec![world.take_told()])
}

/// Calls a flow as often as there are crashes, and then once more, unless it ends before.
pub(crate) async fn with_crashes<F, D>(
    store: &Arc<dyn Store>,
    call: &impl Fn(&World) -> Call<F, D>,
    crashes: &[Crash],
) -> Run
where
    F: Flow<Output: Debug, Error: Debug>,
    D: DepsOf<F>,
{
    with_crashes_and_signals(store, call, &async |_: &World| {}, crashes).await
}

/// The same, with something that is done in front of each call.
pub(crate) async fn with_crashes_and_signals<F, D>(
    store: &Arc<dyn Store>,
    call: &impl Fn(&World) -> Call<F, D>,
    send: &impl AsyncFn(&World),
    crashes: &[Crash],
) -> Run
where
    F: Flow<Output: Debug, Error: Debug>,
    D: DepsOf<F>,
{
    let world = World::new(store);
    let mut told = Vec::new();
    let mut crashes = crashes.iter().copied();
    loop {
        send(&world).await;
        let outcome = execute(&world, call, crashes.next()).await;
        told.push(world.take_told());
        if let Some(outcome) = outcome {
            world.store.delete().await;
            return result(&world, outcome, told);
        }
    }
}

async fn execute<F, D>(world: &World, call: &impl Fn(&World) -> Call<F, D>, crash: Option<Crash>) -> Option<String>
where
    F: Flow<Output: Debug, Error: Debug>,
    D: DepsOf<F>,
{
    let call = call(world).publisher(world.publisher.clone()).observer(world.way.clone());
    let execution = call.durable(&world.store, RUN);
    world.store.execute(crash, async { whatever_run(&text(execution.await)) }).await
}

/// A run that was undone has failed for good, and later calls know its error by its text only.
fn text<T: Debug, E: Debug + FlowError>(outcome: Result<T, Error<E>>) -> String {
    match outcome {
        Ok(output) => format!("{output:?}"),
        Err(Error::Failed { step, error }) => format!("failed at {step:?}: {}", error.shown()),
        Err(Error::JoinedFailed { step, message, .. }) => format!("failed at {step:?}: {message}"),
        Err(Error::NotUndone { cause, steps }) => format!("{}, not undone: {steps:?}", text::<T, E>(Err(*cause))),
        Err(error) => match &error {
            Error::Child { step, .. } => format!("failed at {:?}: {error}", Some(step)),
            _ => error.to_string(),
        },
    }
}

/// A child that fails is named with its run, where it has one; and who comes later than it has ended says "run `..` failed", not "the flow failed".
pub(super) fn whatever_run(text: &str) -> String {
    let child = format!("run `{RUN}:");
    let mut parts = text.split(&child);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (_, rest) = part.split_once('`').unwrap_or_default();
        match text.strip_suffix(" (") {
            Some(text) => text.to_owned() + rest.trim_start_matches(')'),
            None => text + "the flow" + rest,
        }
    })
}

fn result(world: &World, outcome: String, told: Vec<Vec<Told>>) -> Run {
    let event = |(channel, event): (String, EventRecord)| {
        let what = format!("{}: {}", event.event_type, event.data);
        Event { channel, id: event.id, what }
    };
    let mut events: Vec<_> = world.publisher.published().into_iter().map(event).collect();
    events.sort_by(|one, next| one.channel.cmp(&next.channel));
    Run {
        outcome,
        told,
        rows: world.committed_rows(),
        events,
        checkpoints: world.store.checkpoints(),
        done: world.store.done(),
        points: world.way.points(),
    }
}
