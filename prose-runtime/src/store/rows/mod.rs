//! For stores that keep a run's commits as rows: a commit as columns and back, the run's own row, how a log of rows folds and when, and which
//! runs a process holds. No SQL: that is each store's own.
//!
//! ```
//! use prose::store::Commit;
//! use prose::store::rows::{CommitRow, LogFold};
//!
//! # fn main() -> Result<(), prose::store::rows::RowError> {
//! let commit = Commit { completed: vec!["charge".to_owned()], ..Commit::empty(1) };
//! let row = CommitRow::new(&commit)?; // to be inserted
//! assert_eq!(row.completed.as_deref(), Some(r#"["charge"]"#));
//!
//! let mut fold = LogFold::behind(None)?; // there is no snapshot yet
//! fold.add(1, row)?; // as it was read
//! assert_eq!(fold.folded.completed, ["charge"]);
//! # Ok(()) }
//! ```

mod commit;
mod ending;
mod event;
mod holds;
mod log;
mod run;

pub use commit::{CommitRow, integer, parse_fingerprint, print_fingerprint};
pub use ending::{EndingRow, WaitRow};
pub use event::EventRow;
pub use holds::Holds;
pub use log::{Log, LogFold};
pub use run::RunRow;

/// What stands in a row is not what was written there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// A column does not hold the JSON that it should.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A row is missing, or has a word or number that nobody writes.
    #[error("{0}")]
    Content(String),
}
