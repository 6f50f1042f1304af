//! The sweep over flows whose bodies run several at once.

use super::crash::Crash;
use super::points::Points;
use super::run::{Event, Run, with_crashes, without_a_store};
use super::sweep::{Undisturbed, first_publications};
use super::world::{Told, World};
use prose::{Call, DepsOf, Flow, MemoryStore, Store};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

/// As [`sweep`](super::sweep()), for a flow with `#[parallel]` or `#[each]`. The order of bodies that run at once, and which of them share a
/// commit, is nobody's promise. So the same is compared without order, and of the checkpoints only the last one; and of the bodies:
/// none runs again that a commit says to be done, and each ran with the same key and saw the same.
///
/// # Panics
/// If anything differs: with the crashes, and both sides.
pub(crate) async fn sweep_concurrent<F, D>(call: impl Fn(&World) -> Call<F, D>) -> Points
where
    F: Flow<Output: Debug, Error: Debug>,
    D: DepsOf<F>,
{
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let undisturbed = Undisturbed(with_crashes(&store, &call, &[]).await);
    undisturbed.has_one_key_for_each_body();
    undisturbed.says_of_each_body_that_it_is_done();
    let plain = without_a_store(&store, &call).await;
    let texts = |run: &Run| run.told.iter().flatten().map(|told| told.what.clone()).collect::<BTreeSet<_>>();
    assert_eq!((&plain.outcome, texts(&plain)), (&undisturbed.0.outcome, texts(&undisturbed.0)), "without a store");
    let last = undisturbed.commits();
    let single = (1..=last).flat_map(|n| [vec![Crash::Before(n)], vec![Crash::After(n)]]);
    let pairs = (1..=last).map(|n| vec![Crash::After(n), Crash::Before(n + 2)]);
    let every = [(1..=last).map(Crash::After).collect()];
    for crashes in single.chain(pairs).chain(every) {
        let run = with_crashes(&store, &call, &crashes).await;
        is_continued_by(&undisturbed, &run, &crashes);
    }
    undisturbed.points::<F>()
}

fn is_continued_by(undisturbed: &Undisturbed, run: &Run, crashes: &[Crash]) {
    let context = format!("{crashes:?} of {}", undisturbed.commits());
    assert_eq!(ending(run), ending(&undisturbed.0), "{context}");
    let bodies: BTreeSet<_> = undisturbed.told().map(body).collect();
    assert_eq!(run.told.iter().flatten().map(body).collect::<BTreeSet<_>>(), bodies, "{context}");
    for (crash, told) in crashes.iter().zip(&run.told[1..]) {
        let done: BTreeSet<&String> = run.done[..crash.written()].iter().flatten().collect();
        let again: Vec<_> =
            told.iter().filter(|told| told.key.as_ref().is_some_and(|key| done.contains(key))).collect();
        assert!(again.is_empty(), "done, and run again: {again:?}, {context}");
    }
}

fn body(told: &Told) -> (Option<String>, u32, String) {
    (told.key.clone(), told.attempt, told.what.clone())
}

/// What a run came to, without order.
fn ending(run: &Run) -> (&str, Vec<&String>, Vec<Event>, Value) {
    let mut rows: Vec<&String> = run.rows.iter().collect();
    rows.sort();
    let mut events = first_publications(&run.events);
    events.sort_by(|one, other| one.id.cmp(&other.id));
    let mut last = run.checkpoints.last().unwrap().clone();
    let steps = last["completed_steps"].as_array_mut().unwrap();
    steps.sort_by_key(Value::to_string);
    (&run.outcome, rows, events, last)
}
