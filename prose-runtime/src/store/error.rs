//! What can go wrong in a store.

use super::RunKey;

/// What a store says when it cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another owner has claimed the run meanwhile (or it was deleted); nothing was written.
    #[error("run `{0}` was taken over by another execution; nothing was written")]
    Fenced(RunKey),
    /// Somebody else created the run first; nothing was written.
    #[error("run `{0}` exists already")]
    Exists(RunKey),
    /// Somebody alive executes the run.
    #[error("run `{0}` is being executed; wait for its end, or cancel it first")]
    Busy(RunKey),
    /// There is no such run.
    #[error("there is no run `{0}`")]
    Missing(RunKey),
    /// The run was to be read as one of this flow, and is one of another.
    #[error("run `{key}` is one of flow `{actual}`, not of `{asked}`; load it as that one, or without types")]
    OtherFlow {
        /// The run.
        key: RunKey,
        /// The flow that was asked for.
        asked: String,
        /// The flow that the run is of.
        actual: String,
    },
    /// What the store holds is not what it wrote.
    #[error("run `{key}` in {place} cannot be read: {reason}")]
    Corrupt {
        /// The run.
        key: RunKey,
        /// The file, server or table.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file, server or disk behind the store failed. Says where, and what to do about it.
    #[error("{message}")]
    Unavailable {
        /// What happened, where, and what to do.
        message: String,
        /// The driver's own error.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl StoreError {
    /// An error of the file, server or disk behind the store.
    pub fn unavailable(
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable { message: message.into(), source: Some(source.into()) }
    }
}
