//! Why a signal was not sent.

use crate::run_id::RunIdError;
use crate::store::{Status, StoreError};

/// Why a signal was not kept. The run is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignalError {
    /// There is no such run, and the signal was not to be kept for one.
    #[error(
        "there is no run `{run_id}` that could take the signal `{name}`: check the id, or send it with `.keep_for(..)`, which keeps it for a run that comes later"
    )]
    NoRun {
        /// The run.
        run_id: String,
        /// The signal.
        name: String,
    },
    /// The run has ended, or is being undone: it takes no signals any more.
    #[error("run `{run_id}` is {status}, and takes no signals any more: `{name}` came too late")]
    Over {
        /// The run.
        run_id: String,
        /// The signal.
        name: String,
        /// What became of the run.
        status: Status,
    },
    /// A signal of this id was sent before with another value, which stands.
    #[error(
        "a signal `{name}` was sent to run `{run_id}` before with the id `{id}` and another value, which stands; send it with another id"
    )]
    OtherValue {
        /// The run.
        run_id: String,
        /// The signal.
        name: String,
        /// The sender's id for it.
        id: String,
    },
    /// The run is one of another flow.
    #[error(
        "run `{run_id}` is one of flow `{actual}`, not of `{flow}`: send it one of that flow's signals, or check the id"
    )]
    OtherFlow {
        /// The run.
        run_id: String,
        /// The flow that the signal is one of.
        flow: String,
        /// The flow that the run is of.
        actual: String,
    },
    /// JSON could not give the value back as it is.
    #[error("the value of signal `{name}` of flow `{flow}` cannot be kept: {reason}")]
    Unsavable {
        /// The flow.
        flow: &'static str,
        /// The signal.
        name: String,
        /// Why.
        reason: String,
    },
    /// A signal of this id was sent before, and the run has refused it: its code could not decode it.
    #[error(
        "run `{run_id}` has refused the signal `{name}` that was sent before with the id `{id}`: {reason}; send a value that its code takes, with another id"
    )]
    Refused {
        /// The run.
        run_id: String,
        /// The signal.
        name: String,
        /// The sender's id for it.
        id: String,
        /// Why the run has refused it.
        reason: String,
    },
    /// The value is none that the flow takes. Told to those who send JSON; the fns in `signals` take the right type only.
    #[error(
        "flow `{flow}` does not take this value as signal `{name}`: {reason}; send what is declared at its `#[signal]`"
    )]
    Undecodable {
        /// The flow.
        flow: &'static str,
        /// The signal.
        name: String,
        /// What is wrong with the value.
        reason: String,
    },
    /// The flow has no such signal. Told to those who send by name; the fns in `signals` are those that there are.
    #[error("flow `{flow}` waits for no signal `{name}`; {}", those(.known))]
    Unknown {
        /// The flow.
        flow: &'static str,
        /// The name that was given.
        name: String,
        /// The names of the signals that it waits for.
        known: Vec<&'static str>,
    },
    /// It was to be kept for a run that can never come: no run can be called so.
    #[error(transparent)]
    RunId(#[from] RunIdError),
    /// The store failed. Whether the signal was kept is not known: send it again, with an id so that it is taken once.
    #[error("whether the signal was kept is not known: send it again, with `.id(..)` so that it is taken once")]
    Store(#[source] StoreError),
}

fn those(known: &[&str]) -> String {
    match known {
        [] => "it has none".to_owned(),
        known => format!("it has: {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}
