//! Which points of its graph a flow was run through.

use super::run::RUN;
use super::way::is_way;
use prose::Flow;
use prose::graph::{Graph, NodeKind};
use prose::observe::{Observer, RunInfo, StepInfo};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Hears of the points that a run comes to, but not of those of its children. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Way(Arc<Mutex<Vec<StepInfo>>>);

impl Way {
    /// The names of the points, in order. All elements of an `#[each]` are one.
    pub(crate) fn points(&self) -> Vec<String> {
        let mut points: Vec<StepInfo> = self.0.lock().unwrap().clone();
        points.dedup_by(|next, last| next.index.is_some() && (&next.turns, next.name) == (&last.turns, last.name));
        points.into_iter().map(|step| step.name.to_owned()).collect()
    }
}

impl Observer for Way {
    fn on_step_start(&self, run: &RunInfo, step: &StepInfo) {
        let is_undoing = step.name.ends_with(":undo");
        if run.run_id.as_deref() == Some(RUN) && step.attempt == 1 && !is_undoing {
            self.0.lock().unwrap().push(step.clone());
        }
    }
}

/// The points that runs of a flow came to, and whether they came there on ways of its graph.
#[must_use = "tests say whether these are all points of the flow"]
pub(crate) struct Points {
    graph: &'static Graph,
    seen: BTreeSet<String>,
    /// Runs on no way of the graph.
    astray: Vec<String>,
}

impl Points {
    /// None yet.
    pub(crate) fn none_of<F: Flow>() -> Self {
        Self { graph: F::GRAPH, seen: BTreeSet::new(), astray: Vec::new() }
    }

    /// Those of a run that came to this end, or was stopped.
    pub(super) fn of_a_run<F: Flow>(points: &[String], end: Option<NodeKind>) -> Self {
        let is_way = is_way(F::GRAPH, points, end);
        let astray = (!is_way).then(|| format!("{points:?}, {end:?}")).into_iter().collect();
        Self { graph: F::GRAPH, seen: points.iter().cloned().collect(), astray }
    }

    /// These, and those.
    pub(crate) fn with(mut self, others: Self) -> Self {
        self.seen.extend(others.seen);
        self.astray.extend(others.astray);
        self
    }

    /// # Panics
    /// If the flow has a point that no run came to, or its graph lacks a way.
    pub(crate) fn are_all(self) {
        self.are_all_but(&[]);
    }

    /// # Panics
    /// If they are not all points of the flow but these, to which no run can come; or if its graph lacks a way.
    pub(crate) fn are_all_but(self, out_of_reach: &[&str]) {
        self.have_been_seen_but(out_of_reach);
        self.are_on_ways_of_the_graph();
    }

    /// # Panics
    /// If the flow's graph lacks a way.
    pub(crate) fn are_on_ways_of_the_graph(self) {
        let Self { graph, astray, .. } = &self;
        assert!(astray.is_empty(), "these are not ways of the graph: {astray:#?}\n{}", graph.to_mermaid());
    }

    /// The same of a flow with jumps that its graph does not show: they stand in macros.
    ///
    /// # Panics
    /// Also if the graph shows all ways.
    pub(crate) fn are_all_with_hidden_jumps(self) {
        assert!(!self.astray.is_empty(), "the graph of `{}` shows all of its jumps", self.graph.flow);
        self.have_been_seen_but(&[]);
    }

    fn have_been_seen_but(&self, out_of_reach: &[&str]) {
        let missed: Vec<&str> = points_of(self.graph).filter(|point| !self.seen.contains(*point)).collect();
        assert_eq!(missed, out_of_reach, "points of `{}` that no run came to", self.graph.flow);
    }
}

fn points_of(graph: &'static Graph) -> impl Iterator<Item = &'static str> {
    use NodeKind::{Branch, Completed, Failed, Loop, Parallel, Start};
    let is_point = |kind| !matches!(kind, Start | Completed | Failed | Branch | Loop | Parallel);
    graph.nodes.iter().filter(move |node| is_point(node.kind)).map(|node| node.name)
}
