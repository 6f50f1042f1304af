//! SQLite for [prose]: the store that needs no server, transactions on the same file, and the inbox for consumers of events.
//!
//! - [`SqliteStore`] keeps runs in a file. What it acknowledges is on the disk; when a process is killed, its runs are free
//!   at once for the next one that calls.
//! - [`SqliteDatabase`] (feature `sqlx`, on by default) runs the bodies of `#[transaction]` in the same file: their rows and
//!   the step's record are one commit.
//! - [`SqliteInbox`] (feature `sqlx`) is for the other side, who consumes the events that flows publish: it applies each of them
//!   once.
//!
//! ```
//! use prose::store::{Claim, ClaimRequest, Commit, NewRun, RunKey};
//! use prose::{Json, Store};
//! use prose_sqlite::SqliteStore;
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("orders.db");
//! let store = SqliteStore::open(&path).await?;
//! // What a flow does when it is called with `.durable(&store, "ord_abc123")`:
//! let run = NewRun {
//!     key: RunKey::new("ord_abc123"),
//!     uid: "7f3a".to_owned(),
//!     flow: "process-order".to_owned(),
//!     version: 1,
//!     fingerprint: 0,
//!     input: Json::parse(r#"{"items":[]}"#.to_owned())?,
//!     correlation_id: "web-17".to_owned(),
//!     created_at: std::time::SystemTime::now(),
//!     parent: None,
//! };
//! let lease = store.create(&run, Commit::empty(1)).await?;
//! store.commit(&lease, Commit::empty(2)).await?;
//!
//! // Anyone may read it, here or in another process, or in the shell: sqlite3 orders.db "select * from prose_runs"
//! let checkpoint = store.load("ord_abc123").await?.expect("it was created");
//! println!("{}", serde_json::to_string_pretty(&checkpoint)?);
//! # Ok(()) }
//! ```
//!
//! # The file
//! The tables are described in `src/schema.sql`. They may share the file with the application's own; a file whose
//! `application_id` or `user_version` is used by somebody else is refused. A file of an older version of this crate is
//! migrated when it is opened, one of a newer version is refused. Beside `orders.db` lie `orders.db-wal` and `orders.db-shm`
//! (SQLite's) and `orders.db-instances/` (a lock for each process that has it open). Keep all of them together, on a local
//! disk; SQLite is bundled, because versions before 3.51.3 can lose data in WAL mode.
//!
//! # How it writes
//! ```text
//!  claim, create, commit ──▶ queue ──▶ one thread: BEGIN IMMEDIATE, all that waits, COMMIT (one sync) ──▶ answers
//!            └──── nobody else writes or waits: the same, on the caller's own thread
//!  #[transaction] ────────▶ BEGIN IMMEDIATE, the body, the step's record, COMMIT
//! ```
//! Both stand in one fair queue for each file. Other processes that write to the file are waited for, 5 seconds unless told
//! otherwise.
//!
//! # Who owns a run
//! A claim writes the claimer's instance and a new epoch into the run's row; every commit is conditional on the epoch. An
//! instance is alive while it locks its file in `orders.db-instances/`, which the operating system unlocks when the process
//! dies, and while its heartbeat is fresh: a process that is stopped keeps its lock, so its runs are free after the lease
//! (30 seconds). One that is stopped *within* a `#[transaction]` holds up all who write to the file until it goes on or dies.

//!
//! # Who executes a run
//! What nobody holds has an instant `wake_at` in its row, and an index by flow has those that are due. Engines of all processes that
//! have the file open claim from there; the writer orders them, so each run goes to one. Within a process engines are told when something
//! becomes due; of what other processes do they hear when they look the next time (`poll_interval`). An engine makes the runs of dead instances
//! due as well.

mod clock;
mod connection;
#[cfg(feature = "sqlx")]
mod database;
mod error;
mod gate;
#[cfg(feature = "sqlx")]
mod inbox;
mod instance;
mod job;
mod list;
mod load;
mod outbox;
#[cfg(test)]
mod plans;
mod queue;
#[cfg(feature = "sqlx")]
mod receipt;
mod schema;
mod signals;
mod standing;
mod statement;
mod store;
mod submission;
mod writer;

#[cfg(feature = "sqlx")]
pub use database::{OpenTransaction, SqliteDatabase};
#[cfg(feature = "sqlx")]
pub use inbox::SqliteInbox;
#[cfg(feature = "sqlx")]
pub use prose::inbox::{Delivery, InboxError};
pub use store::{SqliteStore, SqliteStoreBuilder};

/// The blocks of the README and the guides, compiled with the doc tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../docs/engine.md")]
    struct Engine;
    #[doc = include_str!("../../docs/waiting.md")]
    struct Waiting;
    #[doc = include_str!("../../docs/cancelling.md")]
    struct Cancelling;
    #[doc = include_str!("../../docs/operating.md")]
    struct Operating;
}
