//! A flow of so many steps. cano saves which state a run has entered, and of a stepped task the cursor between two of its steps. So a flow
//! whose steps have results that outlive the process is one stepped task, whose cursor holds the last result: one commit a step.

use std::sync::Arc;

use bench_peers::Watch;
use bench_protocol::payload;
use cano::RedbCheckpointStore;
use cano::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Work,
    Done,
}

pub(crate) struct Steps {
    pub(crate) run: usize,
    pub(crate) steps: usize,
    pub(crate) watch: Arc<Watch>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Of the step that is next.
    step: usize,
    /// Of the step before.
    result: String,
}

#[task::stepped(state = State)]
impl Steps {
    async fn step(
        &self,
        _resources: &Resources,
        cursor: Option<Cursor>,
    ) -> Result<StepOutcome<Cursor, State>, CanoError> {
        let step = cursor.map_or(0, |cursor| cursor.step);
        if step == self.steps {
            return Ok(StepOutcome::Done(TaskResult::Single(State::Done)));
        }
        self.watch.body(self.run, step).await;
        Ok(StepOutcome::More(Cursor { step: step + 1, result: payload(self.run, step) }))
    }
}

/// A run with this id; a workflow is made for each.
pub(crate) fn workflow(store: Arc<RedbCheckpointStore>, id: &str, task: Steps) -> Workflow<State> {
    Workflow::bare()
        .register_stepped(State::Work, task)
        .add_exit_state(State::Done)
        .with_checkpoint_store(store)
        .with_workflow_id(id)
}
