//! What is asked of runs from outside: to end, to start again, to be listed, to be forgotten.

use std::time::Duration;

use super::{Engine, without_code};
use crate::codec::encode;
use crate::flow::Flow;
use crate::signal::{SendSignal, SignalTarget};
use crate::store::queue::{Asked, ListRuns, RunSummary};
use crate::store::{RunKey, Status, Store, StoreError, in_transaction};

/// Why nothing was asked of a run. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// There is no such run.
    #[error("there is no run `{run_id}`")]
    Missing {
        /// The run.
        run_id: String,
    },
    /// It was to be cancelled, and has ended.
    #[error("run `{run_id}` cannot be cancelled: it is {status} already")]
    Over {
        /// The run.
        run_id: String,
        /// How it has ended.
        status: Status,
    },
    /// It was to be started again, and has not failed, or what it had done was undone.
    #[error("run `{run_id}` cannot be started again: it is {status}{}", if *.status == Status::Failed { ", and what it had done was undone as far as that went: its end is final" } else { "; only failed runs can" })]
    NotRestartable {
        /// The run.
        run_id: String,
        /// Its status.
        status: Status,
    },
    /// It was to be started again, and is a step of a run that has ended: nobody would execute it.
    #[error("run `{run_id}` cannot be started again by itself: it is a step of run `{above}`, which is {status}{}", if *.status == Status::Failed { "; start that one again, and it goes on with its steps" } else { "" })]
    AboveIsOver {
        /// The run.
        run_id: String,
        /// The topmost run above it that has ended.
        above: String,
        /// How that has ended.
        status: Status,
    },
    /// It was asked inside of a transaction's body, where it could wait for that transaction for ever.
    #[error(
        "run `{run_id}` was asked for inside a transaction's body, where that could wait for itself; do it in a step of its own"
    )]
    InsideTransaction {
        /// The run.
        run_id: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Signals to runs of the engine's store, whoever executes them.
impl SignalTarget for Engine {
    fn store(&self) -> &dyn Store {
        &*self.core().store
    }
}

impl Engine {
    /// Asks a run to end as cancelled. Wherever it is executed, its step is told by `ctx.cancellation()` and dropped, what the run has done
    /// is undone, and then it is `cancelled`; until then it is `cancelling` or `compensating`. Returns when the request is on disk: await the
    /// run's [handle](Self::handle) for its end.
    ///
    /// A run that is completing just then may still complete. One that a call executes in a process without an engine hears of it
    /// within a second or so.
    ///
    /// One that is `blocked`, or was asked before and has found no engine since, is ended without its code, if nothing of it is to be undone; if all of
    /// it can be undone by the compensations of this engine's code, they do that. Else it stays `cancelling`, until an engine has code that can go
    /// on with it.
    ///
    /// # Errors
    /// [`ControlError`]: there is no such run, or it has ended.
    pub async fn cancel(&self, run_id: impl Into<String>) -> Result<(), ControlError> {
        let key = self.key(run_id)?;
        let store = &self.core().store;
        // A run that cannot be read can be asked all the same.
        let before = store.load_run(&key).await.unwrap_or_default();
        match store.queue().cancel(&key).await? {
            Asked::Done => {
                store.queue().wakes().cancel(&key);
                let stuck = before.filter(|run| matches!(run.status, Status::Blocked | Status::Cancelling));
                if let Some(run) = stuck
                    && let Err(error) = without_code::end(self.core(), &key, run.flow_name).await
                {
                    tracing::warn!(run = %key, %error, "a run that is to end as cancelled could not be looked at; engines do");
                }
                Ok(())
            }
            Asked::Missing => Err(ControlError::Missing { run_id: key.to_string() }),
            Asked::Status(status) | Asked::Above(_, status) => {
                Err(ControlError::Over { run_id: key.to_string(), status })
            }
        }
    }

    /// Starts a failed run again, from its last commit on.
    ///
    /// # Errors
    /// [`ControlError`]: there is no such run, it has not failed, what it had done was undone, or it is a step of a run that has ended.
    pub async fn restart(&self, run_id: impl Into<String>) -> Result<(), ControlError> {
        let key = self.key(run_id)?;
        match self.core().store.queue().restart(&key).await? {
            Asked::Done => Ok(()),
            Asked::Missing => Err(ControlError::Missing { run_id: key.to_string() }),
            Asked::Status(status) => Err(ControlError::NotRestartable { run_id: key.to_string(), status }),
            Asked::Above(above, status) => {
                Err(ControlError::AboveIsOver { run_id: key.to_string(), above: above.to_string(), status })
            }
        }
    }

    /// Sends a signal by its name, to a run of flow `F`: what `name_of_the_fn::signals::name(&engine, run_id, payload)` does with the name
    /// and the type checked by the compiler. Here the payload is looked at when it is sent: the flow's code must be able to decode it.
    pub fn signal<F: Flow>(
        &self,
        run_id: impl Into<String>,
        name: &str,
        payload: &impl serde::Serialize,
    ) -> SendSignal<'_> {
        SendSignal::new(F::META, name, &*self.core().store, run_id.into(), encode(payload))
    }

    /// A page of runs, the newest first.
    ///
    /// ```
    /// # use prose::{Ctx, Engine, ListRuns, MemoryStore, Status, flow};
    /// # #[flow] async fn greet(ctx: Ctx, name: String) -> Result<String, String> { Ok(name) }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = MemoryStore::new();
    /// # let engine = Engine::builder(&store, ()).flow::<greet::Flow>().start().await?;
    /// let mut request = ListRuns { status: Some(Status::Failed), ..ListRuns::default() };
    /// loop {
    ///     let page = engine.list(&request).await?;
    ///     let Some(last) = page.last() else { break };
    ///     request.behind = Some(last.place);
    ///     page.iter().for_each(|run| println!("{} of {}", run.key, run.flow));
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] if the store failed.
    pub async fn list(&self, request: &ListRuns) -> Result<Vec<RunSummary>, StoreError> {
        self.core().store.queue().list(request).await
    }

    /// Deletes the runs that ended more than `older_than` ago: see [`Store::prune`](crate::Store::prune). Returns how many.
    ///
    /// # Errors
    /// [`StoreError`] if the store failed.
    pub async fn prune(&self, older_than: Duration) -> Result<u64, StoreError> {
        self.core().store.prune(older_than).await
    }

    fn key(&self, run_id: impl Into<String>) -> Result<RunKey, ControlError> {
        let key = RunKey::new(run_id);
        match in_transaction() {
            true => Err(ControlError::InsideTransaction { run_id: key.to_string() }),
            false => Ok(key),
        }
    }
}
