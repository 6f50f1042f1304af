//! Submitting a run: it is on disk, and due, when that is answered.

use std::fmt;
use std::time::SystemTime;

use super::{Engine, RunHandle};
use crate::call::{Call, NoDeps};
use crate::flow::{Flow, RunValue};
use crate::run_id::{self, RunIdError};
use crate::store::queue::Submitted;
use crate::store::{NewRun, RunKey, StoreError, code, from_millis, in_transaction, to_millis};

/// A run that is to be submitted: `process_order(input).run_id("ord_1")`.
#[must_use = "nothing is submitted until it is given to `engine.submit(..)`"]
pub struct Submission<F: Flow> {
    input: F::Input,
    run_id: Option<String>,
    correlation_id: Option<String>,
    /// What was set of the call that only a call can keep.
    refused: Option<&'static str>,
}

/// Why a run was not submitted. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// There is a run of that id, with another input. The first one stands.
    #[error(
        "run `{run_id}` exists with another input, which stands; use another run id, or `engine.handle(..)` to wait for that run"
    )]
    OtherInput {
        /// The run.
        run_id: String,
    },
    /// The run id belongs to a run of another flow.
    #[error("run id `{run_id}` belongs to a run of flow `{actual}`, not of `{submitted}`; use another run id")]
    OtherFlow {
        /// The run.
        run_id: String,
        /// The flow that was submitted.
        submitted: &'static str,
        /// The flow that the run is of.
        actual: String,
    },
    /// The engine executes runs, but none of this flow, so that nobody might.
    #[error(
        "the engine has no flow `{flow}`; add `.flow::<{flow}::Flow>()` to its builder (an engine with `.concurrency(0)` submits for others)"
    )]
    NotRegistered {
        /// The flow.
        flow: &'static str,
    },
    /// The call was given something that it cannot take along to the process that executes it.
    #[error(
        "`.{option}(..)` belongs to a call that is awaited here, and cannot be submitted; {}", instead_of(.option)
    )]
    NotOfARun {
        /// The method of [`Call`].
        option: &'static str,
    },
    /// The input cannot be saved.
    #[error("the input of `{flow}` cannot be saved: {reason}")]
    Unsavable {
        /// The flow.
        flow: &'static str,
        /// Why not.
        reason: String,
    },
    /// No run can be called so.
    #[error(transparent)]
    RunId(#[from] RunIdError),
    /// It was submitted inside of a transaction's body, where it could wait for that transaction for ever.
    #[error(
        "run `{run_id}` was submitted inside a transaction's body, where that could wait for itself; submit it in a step of its own"
    )]
    InsideTransaction {
        /// The run.
        run_id: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What does the same for a run that an engine executes.
fn instead_of(option: &str) -> &'static str {
    match option {
        "durable" => "name the run with `.run_id(id)`: it is kept in the engine's store",
        "observer" | "publisher" => "give it to the engine's builder",
        "step_timeout" => "give the steps a `timeout` of their own",
        "cancellation" => "use `engine.cancel(id)`",
        _ => "leave it out: a submitted run has the time it takes, until `engine.cancel(id)`",
    }
}

impl<F: Flow> Call<F, NoDeps> {
    /// Names the run that an engine is to make of this: `engine.submit(process_order(input).run_id("ord_1"))`.
    pub fn run_id(self, run_id: impl Into<String>) -> Submission<F> {
        Submission { run_id: Some(run_id.into()), ..Submission::from(self) }
    }
}

/// A call without a run id makes a run with a random one: submitting it twice makes two.
impl<F: Flow> From<Call<F, NoDeps>> for Submission<F> {
    fn from(call: Call<F, NoDeps>) -> Self {
        let (input, settings) = call.into_input();
        let refused = [
            ("durable", settings.durable.is_some()),
            ("timeout", settings.timeout.is_some()),
            ("step_timeout", settings.step_timeout.is_some()),
            ("cancellation", settings.cancellation.is_some()),
            ("observer", !settings.observers.is_empty()),
            ("publisher", settings.publisher.is_some()),
        ];
        let refused = refused.iter().find(|(_, is_set)| *is_set).map(|(option, _)| *option);
        Self { input, run_id: None, correlation_id: settings.correlation_id, refused }
    }
}

impl<F: Flow> Submission<F> {
    /// The id by which logs and events of several services belong together. Generated when not given.
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        self.correlation_id = Some(id.into());
        self
    }

    fn into_run(self) -> Result<NewRun, SubmitError> {
        let meta = F::META;
        self.run_id.as_deref().map(run_id::checked).transpose()?;
        let input = F::Input::CODEC
            .encode(&self.input)
            .map_err(|error| SubmitError::Unsavable { flow: meta.name, reason: error.to_string() })?;
        let random = || uuid::Uuid::new_v4().to_string();
        Ok(NewRun {
            key: RunKey::new(self.run_id.unwrap_or_else(random)),
            uid: random(),
            flow: meta.name.to_owned(),
            version: meta.version,
            fingerprint: meta.fingerprint,
            input,
            correlation_id: self.correlation_id.unwrap_or_else(random),
            created_at: from_millis(to_millis(SystemTime::now())),
            parent: None,
        })
    }
}

impl Engine {
    /// Creates a run, which this engine or another one executes. When this returns, it is on disk. Submitting again, with the same id and
    /// input, gives a handle for the same run, whatever has become of it; a failed run is not started again by it
    /// ([`restart`](Self::restart) does that).
    ///
    /// # Errors
    /// [`SubmitError`]: the id belongs to a run with another input, or of another flow; or nothing could be written.
    pub async fn submit<F: Flow>(&self, submission: impl Into<Submission<F>>) -> Result<RunHandle<F>, SubmitError> {
        let submission = submission.into();
        if let Some(option) = submission.refused {
            return Err(SubmitError::NotOfARun { option });
        }
        let run = submission.into_run()?;
        let is_new = self.submit_run(&run, F::META).await?;
        Ok(self.handle_of(run.key, is_new))
    }

    async fn submit_run(&self, run: &NewRun, meta: &'static crate::flow::Meta) -> Result<bool, SubmitError> {
        let (core, run_id) = (self.core(), || run.key.to_string());
        if in_transaction() {
            return Err(SubmitError::InsideTransaction { run_id: run_id() });
        }
        if core.settings.concurrency > 0 && core.flows.get(meta.name).is_none() {
            return Err(SubmitError::NotRegistered { flow: meta.name });
        }
        if !core.phase.borrow().works() {
            tracing::info!(run = %run.key, "submitted to an engine that has stopped: the run waits for another one");
        }
        core.store.keep_code(&code::of(meta)).await?;
        match core.store.queue().submit(run).await? {
            Submitted::New => Ok(true),
            Submitted::Exists { flow, .. } if flow != meta.name => {
                Err(SubmitError::OtherFlow { run_id: run_id(), submitted: meta.name, actual: flow })
            }
            Submitted::Exists { input, .. } if !input.means(&run.input) => {
                Err(SubmitError::OtherInput { run_id: run_id() })
            }
            Submitted::Exists { .. } => Ok(false),
        }
    }
}

impl<F: Flow> fmt::Debug for Submission<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run_id, correlation_id, .. } = self;
        f.debug_struct("Submission")
            .field("flow", &F::META.name)
            .field("run_id", run_id)
            .field("correlation_id", correlation_id)
            .finish_non_exhaustive()
    }
}
