//! Waiting for a run's end.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use super::Engine;
use super::watch::Watch;
use crate::error::Error;
use crate::execute::{and_not_undone, saved_output};
use crate::flow::Flow;
use crate::store::{Checkpoint, RunKey, Status, StoreError, in_transaction};

/// A run of a flow, to be waited for: `handle.await`, in any process, as often as one likes, whoever executes the run.
///
/// It gives the output; of a run that failed [`Error::JoinedFailed`], with the error's text (the error itself exists only where it happened);
/// of one that was cancelled [`Error::Cancelled`]; of one that is not there, because it never was, or was deleted or pruned, [`Error::NoRun`]. Dropping it changes nothing of the run.
pub struct RunHandle<F> {
    key: RunKey,
    is_new: bool,
    watch: Arc<Watch>,
    /// Nothing of the flow is in it.
    flow: PhantomData<fn() -> F>,
}

impl Engine {
    /// A run that was submitted, or called, before: here or in another process. Whether there is one is found out by awaiting it.
    pub fn handle<F: Flow>(&self, run_id: impl Into<String>) -> RunHandle<F> {
        self.handle_of(RunKey::new(run_id), false)
    }

    pub(super) fn handle_of<F: Flow>(&self, key: RunKey, is_new: bool) -> RunHandle<F> {
        RunHandle { key, is_new, watch: Arc::clone(&self.core().watch), flow: PhantomData }
    }
}

impl<F: Flow> RunHandle<F> {
    /// Waits for the run's end.
    ///
    /// # Errors
    /// As [described](Self); [`Error::OtherFlow`] if the run is one of another flow, [`Error::NoRun`] if there is none
    /// (any more).
    pub async fn outcome(&self) -> Result<F::Output, Error<F::Error>> {
        if in_transaction() {
            return Err(Error::InsideTransaction { run_id: self.key.to_string() });
        }
        // One that was submitted just now has hardly ended.
        if self.is_new {
            self.watch.ended(&self.key).await;
        }
        loop {
            let checkpoint = self.load().await.map_err(Error::Store)?;
            let Some(checkpoint) = checkpoint else { return Err(Error::NoRun { run_id: self.key.to_string() }) };
            if let Some(outcome) = self.outcome_of(checkpoint) {
                return outcome;
            }
            self.watch.ended(&self.key).await;
        }
    }

    /// `None`: it has not ended.
    fn outcome_of(&self, checkpoint: Checkpoint) -> Option<Result<F::Output, Error<F::Error>>> {
        let run_id = self.key.to_string();
        if checkpoint.flow_name != F::META.name {
            return Some(Err(Error::OtherFlow { run_id, called: F::META.name, actual: checkpoint.flow_name }));
        }
        let not_undone = checkpoint.compensation.map_or_else(Vec::new, |compensation| compensation.failed);
        let error = match (checkpoint.status, checkpoint.output, checkpoint.failed_step) {
            (Status::Completed, Some(output), _) => return Some(saved_output(run_id, &output)),
            (Status::Failed, _, Some(failed)) => {
                Error::JoinedFailed { run_id, step: failed.name, message: failed.error }
            }
            (Status::Cancelled, ..) => Error::Cancelled { step: None },
            _ => return None,
        };
        Some(Err(and_not_undone(error, not_undone)))
    }
}

impl<F> RunHandle<F> {
    /// The run's id.
    pub fn run_id(&self) -> &str {
        &self.key.run_id
    }

    /// Whether the submission that gave this handle has created the run; else it was there, with the same input.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The run as it stands now.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is no such run.
    pub async fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        self.load().await?.ok_or_else(|| StoreError::Missing(self.key.clone()))
    }

    async fn load(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.watch.store().load_run(&self.key).await
    }
}

impl<F: Flow> IntoFuture for RunHandle<F> {
    type Output = Result<F::Output, Error<F::Error>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.outcome().await })
    }
}

impl<F> Clone for RunHandle<F> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), is_new: self.is_new, watch: Arc::clone(&self.watch), flow: PhantomData }
    }
}

impl<F> fmt::Debug for RunHandle<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle").field("run", &self.key).finish_non_exhaustive()
    }
}
