//! The sweep: every run that crashes must come to what the undisturbed one comes to.

use super::crash::Crash;
use super::points::Points;
use super::run::{Event, RUN, Run, with_crashes, with_crashes_and_signals, without_a_store};
use super::world::{Told, World};
use prose::graph::NodeKind;
use prose::{Call, DepsOf, Flow, MemoryStore, Store};
use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;

/// Runs a flow without a store, once through, with a crash before and behind each of its commits, with a second crash behind
/// the first, and with a crash at every commit, always continued to the end.
///
/// Compared each time:
/// - the result, the rows, and the events (each at least once, in order on its channel, with the same id and content);
/// - the checkpoint behind each commit, and so the final one: state, completed steps, status, output;
/// - for each execution, the bodies that it ran. They must be exactly those between the commit that it found and the one at
///   which it died: behind a commit no body runs twice, before one only the body in front of it runs again. And each ran
///   with the same idempotency key, saw the same, and took as many attempts.
///
/// In the undisturbed run each body has an idempotency key of its own. Without a store all is the same but for the keys. Its [`Points`] say whether
/// it was a way through the flow's graph.
///
/// # Panics
/// If anything differs: with the crashes, and both sides.
pub(crate) async fn sweep<F, D>(call: impl Fn(&World) -> Call<F, D>) -> Points
where
    F: Flow<Output: Debug, Error: Debug>,
    D: DepsOf<F>,
{
    sweep_over(MemoryStore::new(), call).await
}

/// The same over any store. Nobody else may use its run `run` meanwhile.
pub(crate) async fn sweep_over<F, D>(store: impl Store, call: impl Fn(&World) -> Call<F, D>) -> Points
where
    F: Flow<Output: Debug, Error: Debug>,
    D: DepsOf<F>,
{
    let store: Arc<dyn Store> = Arc::new(store);
    let undisturbed = Undisturbed(with_crashes(&store, &call, &[]).await);
    undisturbed.has_one_key_for_each_body();
    undisturbed.is_the_same_without_a_store(&without_a_store(&store, &call).await);
    for crashes in undisturbed.crashes() {
        let run = with_crashes(&store, &call, &crashes).await;
        undisturbed.is_continued_by(&run, &crashes);
    }
    undisturbed.points::<F>()
}

/// The same for a flow that waits for signals, which `send` sends in front of each execution, or has somebody send while it goes on: again each
/// time, under ids, so that they are taken once. Such a flow is not run without a store.
pub(crate) async fn sweep_signalled<F, D>(call: impl Fn(&World) -> Call<F, D>, send: impl AsyncFn(&World)) -> Points
where
    F: Flow<Output: Debug, Error: Debug>,
    D: DepsOf<F>,
{
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let undisturbed = Undisturbed(with_crashes_and_signals(&store, &call, &send, &[]).await);
    undisturbed.has_one_key_for_each_body();
    for crashes in undisturbed.crashes() {
        let run = with_crashes_and_signals(&store, &call, &send, &crashes).await;
        undisturbed.is_continued_by(&run, &crashes);
    }
    undisturbed.points::<F>()
}

/// The run that no crash disturbs.
pub(super) struct Undisturbed(pub(super) Run);

impl Undisturbed {
    pub(super) fn commits(&self) -> usize {
        self.0.checkpoints.len()
    }

    /// Every single crash; pairs of them, the second one at the very next commit and in the middle of what is left; and one
    /// at every commit.
    fn crashes(&self) -> Vec<Vec<Crash>> {
        let last = self.commits();
        let single = (1..=last).flat_map(|n| [vec![Crash::Before(n)], vec![Crash::After(n)]]);
        let next = (1..last).map(|n| vec![Crash::After(n), Crash::Before(n + 1)]);
        let later = (1..last).map(|n| vec![Crash::Before(n), Crash::After(n.midpoint(last + 1))]);
        let every = [
            (1..=last).map(Crash::After).collect(),
            (1..=last).flat_map(|n| [Crash::Before(n), Crash::After(n)]).collect(),
        ];
        single.chain(next).chain(later).chain(every).collect()
    }

    pub(super) fn has_one_key_for_each_body(&self) {
        let mut seen = HashSet::new();
        for told in self.told().filter(|told| told.key.is_some()) {
            assert!(seen.insert((&told.key, told.attempt)), "a second body, or a second word of one: {told:?}");
        }
        let mut ids = HashSet::new();
        for event in &self.0.events {
            assert!(ids.insert(&event.id), "a second event with the id of {event:?}");
        }
    }

    /// Else it would not be noticed that a body runs again. What has failed is not done.
    pub(super) fn says_of_each_body_that_it_is_done(&self) {
        let done: HashSet<&String> = self.0.done.iter().flatten().collect();
        let failed = &self.0.checkpoints.last().unwrap()["failed_step"]["name"];
        let has_failed = |key: &str| failed.as_str().is_some_and(|step| key.starts_with(&format!("{RUN}:{step}")));
        let keys = self.told().filter_map(|told| told.key.as_ref());
        let open: Vec<_> = keys.filter(|key| !done.contains(key) && !has_failed(key)).collect();
        assert!(open.is_empty(), "no commit says that these are done: {open:?}");
    }

    pub(super) fn points<F: Flow>(&self) -> Points {
        let end = match self.0.checkpoints.last().unwrap()["status"].as_str() {
            Some("completed") => Some(NodeKind::Completed),
            Some("cancelled") => None,
            _ => Some(NodeKind::Failed),
        };
        Points::of_a_run::<F>(&self.0.points, end)
    }

    fn is_the_same_without_a_store(&self, plain: &Run) {
        let told = |told: &Told| (told.attempt, told.what.clone());
        let events =
            |run: &Run| run.events.iter().map(|event| (event.channel.clone(), event.what.clone())).collect::<Vec<_>>();
        let plain_told: Vec<_> = plain.told.iter().flatten().map(told).collect();
        assert_eq!(plain_told, self.told().map(told).collect::<Vec<_>>(), "without a store");
        assert_eq!(
            (&plain.outcome, &plain.rows, events(plain)),
            (&self.0.outcome, &self.0.rows, events(&self.0)),
            "without a store"
        );
    }

    /// `run` crashed, and was continued.
    fn is_continued_by(&self, run: &Run, crashes: &[Crash]) {
        let context = format!("{crashes:?} of {}", self.commits());
        assert_eq!(run.told.len(), crashes.len() + 1, "executions, {context}: {}", run.outcome);
        let mut found = 0;
        for (crash, told) in crashes.iter().zip(&run.told) {
            assert_eq!(*told, self.told_between(found, crash.commit()), "the execution from commit {found}, {context}");
            found = crash.written();
        }
        let told = run.told.last().unwrap();
        assert_eq!(*told, self.told_from(found), "the last execution, from commit {found}, {context}: {}", run.outcome);
        assert_eq!((&run.outcome, &run.rows), (&self.0.outcome, &self.0.rows), "{context}");
        assert_eq!(first_publications(&run.events), self.0.events, "{context}");
        for (number, checkpoint) in run.checkpoints.iter().enumerate() {
            // A run that had failed fails once more.
            let expected = &self.0.checkpoints[number.min(self.commits() - 1)];
            assert_eq!(checkpoint, expected, "behind commit {}, {context}", number + 1);
        }
    }

    pub(super) fn told(&self) -> impl Iterator<Item = &Told> {
        self.0.told.iter().flatten()
    }

    /// What the bodies told that ran when there were this many commits.
    fn told_between(&self, from: usize, to: usize) -> Vec<Told> {
        self.told().filter(|told| (from..to).contains(&told.behind)).cloned().collect()
    }

    /// What is told by an execution that finds this many commits. One that finds the run failed runs the failed body again, unless
    /// what the run had done was undone.
    fn told_from(&self, found: usize) -> Vec<Told> {
        if found < self.commits() {
            return self.told_between(found, self.commits());
        }
        let last = &self.0.checkpoints[found - 1];
        let again = if !last["failed_step"]["name"].is_null() && last["compensation"].is_null() {
            self.told_between(found - 1, found)
        } else {
            Vec::new()
        };
        again.into_iter().map(|told| Told { behind: found, ..told }).collect()
    }
}

/// An event that is published again is the same event.
pub(super) fn first_publications(events: &[Event]) -> Vec<Event> {
    let mut first: Vec<Event> = Vec::new();
    for event in events {
        match first.iter().find(|known| known.id == event.id) {
            Some(known) => assert_eq!(event, known, "another event with the same id"),
            None => first.push(event.clone()),
        }
    }
    first
}
