//! How a call of a flow can fail.

use std::fmt;
use std::time::Duration;

use crate::database::DatabaseError;
use crate::event::PublishError;
use crate::flow::FlowError;
use crate::run_id::RunIdError;
use crate::store::{NotUndone, StoreError};

/// Why a flow gave no output. `E` is the flow's own error.
///
/// Each variant says whether the run is over: it can be called again (with the same run id) unless it was cancelled.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error<E> {
    /// The flow returned an error. The run is `failed`; calling again goes on from its last commit, or, if steps of it were
    /// undone (`compensate`), returns the same failure.
    Failed {
        /// The step whose body failed; `None` if it was plain code, between or around the steps.
        step: Option<String>,
        /// What the flow returned.
        error: E,
    },
    /// The run failed in another call, which this one has joined, or which has undone what the run had done. Its error exists
    /// over there only, so this is its text. The run is `failed`.
    JoinedFailed {
        /// The run.
        run_id: String,
        /// The step that failed.
        step: Option<String>,
        /// What the error said.
        message: String,
    },
    /// The time given with `.timeout(..)` is over. The run is `failed`; calling again goes on from its last commit. If it was
    /// being undone, it is `compensating`, and calling again goes on with that. If this call had joined another one, only its
    /// waiting is over: the run goes on there.
    Timeout {
        /// The step that was running.
        step: Option<String>,
        /// The time that was given.
        after: Duration,
    },
    /// A step took longer than its `timeout`, as often as its `retry` allows. The run is `failed`.
    StepTimeout {
        /// The step.
        step: String,
        /// Its time-out.
        after: Duration,
    },
    /// The run was cancelled. It is `cancelled` for good, or was never created. If this call had joined another one, only
    /// its waiting was cancelled: the run goes on there.
    Cancelled {
        /// The step that was running; `None` if it was none.
        step: Option<String>,
    },
    /// The run failed, or was cancelled, and not all of what it had done could be undone: somebody must see to these steps. The
    /// run's end is final.
    NotUndone {
        /// Why the run was undone.
        cause: Box<Self>,
        /// The steps whose compensation has failed for good.
        steps: Vec<NotUndone>,
    },
    /// The store failed. What it has acknowledged is safe; the run stands at its last commit, and can be called again.
    Store(StoreError),
    /// Another execution has taken the run over while this one was stopped or cut off. It goes on there.
    Fenced {
        /// The run.
        run_id: String,
    },
    /// There is no such run: it never was, or was deleted or pruned. Told to those who wait for one by its id.
    NoRun {
        /// The run.
        run_id: String,
    },
    /// No run can be called so. Nothing was run.
    RunId(RunIdError),
    /// The run id belongs to a run of another flow.
    OtherFlow {
        /// The run.
        run_id: String,
        /// The flow that was called.
        called: &'static str,
        /// The flow that the run is of.
        actual: String,
    },
    /// The run was made by other code, and this code cannot go on with it. It loses nothing: it is `blocked` (one that was failed
    /// stays so) until it is called with code that can, such as that which made it, or this with a `migrate(..)`.
    CodeChanged {
        /// The run.
        run_id: String,
        /// The step at which it stands.
        step: Option<String>,
        /// What does not fit.
        reason: String,
    },
    /// A value cannot be saved: JSON could not give it back as it is. The run is `failed`, and the step that made the value
    /// is not done: it runs again when the run is called again. If it is the input, nothing was created.
    Unsavable {
        /// The variable, or "the output", or "the input".
        what: String,
        /// Why.
        reason: String,
    },
    /// A transaction could not begin or commit; it was rolled back. The run is `failed`. ([`DatabaseError::Unknown`]: whether it was
    /// rolled back could not be found out. The run stays as it is, and the next call finds out.)
    Database {
        /// The step.
        step: String,
        /// What the database said.
        source: DatabaseError,
    },
    /// An event could not be published, by a flow that runs without a store. (With one, events wait in its outbox.)
    Publish {
        /// The step.
        step: String,
        /// What the publisher said.
        source: PublishError,
    },
    /// A child has failed. The run is `failed`; calling it again calls the child again, which goes on from its own last commit.
    Child {
        /// The step.
        step: String,
        /// The child's run; `None` without a store.
        run_id: Option<String>,
        /// The child's own [`Error`], where that is a `std::error::Error` that can be sent between threads; else its text.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A durable flow was called inside the body of a `#[transaction]`, where it could wait for that transaction for ever.
    /// Nothing was run.
    InsideTransaction {
        /// The run.
        run_id: String,
    },
    /// The flow has an `#[event]`, and was called without `.publisher(..)` where there is no [`Relay`](crate::Relay) for the store. Nothing
    /// was run.
    NoPublisher {
        /// The event's step.
        step: &'static str,
    },
    /// The flow waits for a `#[signal]`, and was called without `.durable(..)`: there is no run to send it to. Nothing was run.
    NoStore {
        /// The signal's step.
        step: &'static str,
    },
}

impl<E> Error<E> {
    /// The step at which the call failed, where it is known.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::Failed { step, .. }
            | Self::JoinedFailed { step, .. }
            | Self::Timeout { step, .. }
            | Self::Cancelled { step }
            | Self::CodeChanged { step, .. } => step.as_deref(),
            Self::NotUndone { cause, .. } => cause.step(),
            Self::StepTimeout { step, .. }
            | Self::Database { step, .. }
            | Self::Publish { step, .. }
            | Self::Child { step, .. } => Some(step),
            Self::NoPublisher { step } | Self::NoStore { step } => Some(step),
            Self::Store(_)
            | Self::Fenced { .. }
            | Self::NoRun { .. }
            | Self::RunId(_)
            | Self::OtherFlow { .. }
            | Self::Unsavable { .. }
            | Self::InsideTransaction { .. } => None,
        }
    }

    /// The flow's own error, if that is what it is.
    pub fn into_flow_error(self) -> Option<E> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::NotUndone { cause, .. } => cause.into_flow_error(),
            _ => None,
        }
    }

    /// Whether the flow itself has failed (or was cancelled), and not what lies beneath it.
    pub(crate) fn is_for_good(&self) -> bool {
        match self {
            Self::Failed { .. }
            | Self::JoinedFailed { .. }
            | Self::StepTimeout { .. }
            | Self::Cancelled { .. }
            | Self::NotUndone { .. }
            | Self::Child { .. } => true,
            Self::Timeout { .. }
            | Self::Store(_)
            | Self::Fenced { .. }
            | Self::NoRun { .. }
            | Self::RunId(_)
            | Self::OtherFlow { .. }
            | Self::CodeChanged { .. }
            | Self::Unsavable { .. }
            | Self::Database { .. }
            | Self::Publish { .. }
            | Self::InsideTransaction { .. }
            | Self::NoPublisher { .. }
            | Self::NoStore { .. } => false,
        }
    }

    fn flow_error(&self) -> Option<&E> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::NotUndone { cause, .. } => cause.flow_error(),
            _ => None,
        }
    }
}

impl Error<()> {
    /// The text, with that of the flow's own error, which is elsewhere.
    pub(crate) fn text(&self, flow_error: &str) -> String {
        Text(self, flow_error).to_string()
    }

    /// The same error with the flow's own, if there is one, in its place.
    pub(crate) fn with_flow_error<E>(self, flow_error: Option<E>) -> Error<E> {
        match (self, flow_error) {
            (Self::Failed { step, .. }, Some(error)) => Error::Failed { step, error },
            (Self::NotUndone { cause, steps }, flow_error) => {
                Error::NotUndone { cause: Box::new(cause.with_flow_error(flow_error)), steps }
            }
            (other, _) => other.without_flow_error(),
        }
    }

    /// The same error for any flow.
    fn without_flow_error<E>(self) -> Error<E> {
        match self {
            Self::Failed { .. } | Self::NotUndone { .. } => unreachable!("the flow's own error is in its place"),
            Self::JoinedFailed { run_id, step, message } => Error::JoinedFailed { run_id, step, message },
            Self::Timeout { step, after } => Error::Timeout { step, after },
            Self::StepTimeout { step, after } => Error::StepTimeout { step, after },
            Self::Cancelled { step } => Error::Cancelled { step },
            Self::Store(error) => Error::Store(error),
            Self::Fenced { run_id } => Error::Fenced { run_id },
            Self::NoRun { run_id } => Error::NoRun { run_id },
            Self::RunId(error) => Error::RunId(error),
            Self::OtherFlow { run_id, called, actual } => Error::OtherFlow { run_id, called, actual },
            Self::CodeChanged { run_id, step, reason } => Error::CodeChanged { run_id, step, reason },
            Self::Unsavable { what, reason } => Error::Unsavable { what, reason },
            Self::Database { step, source } => Error::Database { step, source },
            Self::Publish { step, source } => Error::Publish { step, source },
            Self::Child { step, run_id, source } => Error::Child { step, run_id, source },
            Self::NoPublisher { step } => Error::NoPublisher { step },
            Self::NoStore { step } => Error::NoStore { step },
            Self::InsideTransaction { run_id } => Error::InsideTransaction { run_id },
        }
    }
}

/// An error, with the text of the flow's own.
struct Text<'a>(&'a Error<()>, &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.0, &self.1, f)
    }
}

/// ` at step `x``, or nothing.
struct At<'a>(&'a Option<String>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |step| write!(f, " at step `{step}`"))
    }
}

impl<E: FlowError> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.flow_error() {
            Some(error) => write(self, error.shown(), f),
            None => write(self, &"", f),
        }
    }
}

/// The text of an error; `flow_error` is that of the flow's own.
fn write<E>(error: &Error<E>, flow_error: &dyn fmt::Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Error::Failed { step, .. } if f.alternate() => write!(f, "the flow failed{}: {flow_error:#}", At(step)),
        Error::Failed { step, .. } => write!(f, "the flow failed{}: {flow_error}", At(step)),
        Error::JoinedFailed { run_id, step, message } => {
            write!(f, "run `{run_id}` failed{}: {message}", At(step))
        }
        Error::NotUndone { cause, steps } => {
            write(cause, flow_error, f)?;
            f.write_str("; and not all that was done could be undone")?;
            steps
                .iter()
                .zip(std::iter::once(": ").chain(std::iter::repeat(", ")))
                .try_for_each(|(step, before)| write!(f, "{before}`{}` ({})", step.name, step.error))
        }
        Error::Timeout { step, after } => write!(f, "the flow timed out after {after:?}{}", At(step)),
        Error::StepTimeout { step, after } => write!(f, "step `{step}` timed out after {after:?}"),
        Error::Cancelled { step } => write!(f, "the flow was cancelled{}", At(step)),
        Error::Store(error) => write!(f, "the store failed: {error}"),
        Error::Fenced { run_id } => {
            write!(f, "run `{run_id}` was taken over by another execution and goes on there")
        }
        Error::NoRun { run_id } => write!(f, "there is no run `{run_id}`; if there was, it was deleted"),
        Error::RunId(error) => write!(f, "{error}"),
        Error::OtherFlow { run_id, called, actual } => {
            write!(f, "run id `{run_id}` belongs to a run of flow `{actual}`, not of `{called}`; use another run id")
        }
        Error::CodeChanged { run_id, step, reason } => {
            write!(f, "run `{run_id}` cannot go on with this code{}: {reason}", At(step))
        }
        Error::Unsavable { what, reason } => write!(f, "{what} cannot be saved: {reason}"),
        Error::Database { step, source } => write!(f, "transaction `{step}` did not commit: {source}"),
        Error::Publish { step, source } => write!(f, "event `{step}` was not published: {source}"),
        Error::Child { step, run_id: Some(run_id), source } => {
            write!(f, "child `{step}` (run `{run_id}`) failed: {source:#}")
        }
        Error::Child { step, run_id: None, source } => write!(f, "child `{step}` failed: {source:#}"),
        Error::InsideTransaction { run_id } => {
            write!(
                f,
                "run `{run_id}` was called inside a transaction's body, where it could wait for itself; call it in a step of its own"
            )
        }
        Error::NoPublisher { step } => {
            write!(
                f,
                "the flow publishes event `{step}`, but has no publisher; call it with `.publisher(..)`, or start a `Relay` for its store \
                 (one that was dropped, as by `let _ = Relay::start(..)`, has stopped)"
            )
        }
        Error::NoStore { step } => {
            write!(
                f,
                "the flow waits for signal `{step}`, which needs a run to be sent to; call it with `.durable(&store, run_id)`"
            )
        }
    }
}

/// For any `E` that can be shown, `anyhow::Error` and `Box<dyn Error>` included. Each variant's text contains that of the error
/// that it carries (with `{:#}`: as that error shows itself then), so `source` goes on behind it.
impl<E: fmt::Debug + FlowError> std::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(carried) => carried.source(),
            Self::Database { source: carried, .. } => carried.source(),
            Self::Publish { source: carried, .. } => carried.source(),
            Self::Child { source: carried, .. } => carried.source(),
            Self::NotUndone { cause, .. } => cause.source(),
            _ => None,
        }
    }
}
