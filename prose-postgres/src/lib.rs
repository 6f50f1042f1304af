//! Postgres for [prose]: the store for many machines, and the inbox for consumers of events.
//!
//! - [`PostgresStore`] keeps runs in a schema of a Postgres database. What it acknowledges is on the server's disk; a connection
//!   that is cut, or a server that restarts within a minute, is waited for. `#[transaction]` on Postgres is not there yet.
//! - [`PostgresInbox`] is for the other side, who consumes the events that flows publish: it applies each of them once.
//!
//! ```no_run
//! use prose::{Ctx, flow};
//! use prose_postgres::PostgresStore;
//!
//! #[flow]
//! async fn greet(ctx: Ctx, name: String) -> Result<String, std::convert::Infallible> {
//!     #[step]
//!     let greeting: String = format!("Hello, {name}!");
//!     Ok(greeting)
//! }
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = PostgresStore::connect("postgres://shop:secret@db.example/shop").await?;
//! let greeting = greet("Ada".to_owned()).durable(&store, "greeting-1").await?;
//! # Ok(()) }
//! ```
//!
//! # How it writes
//! ```text
//! commit ──▶ a line is free: one statement, one round trip
//!      └───▶ both lines are busy: what waits travels together, in one statement; each commit has its own fence
//! ```
//! A commit whose answer was lost is sent again: its place in the run's log is written once, and under an owner's epoch by
//! nobody else.
//!
//! # Who owns a run
//! A claim writes the claimer's instance and a new epoch into the run's row; every commit is conditional on the epoch. An instance
//! is alive while its own connection holds an advisory lock, which the server drops when the process dies, and while its heartbeat
//! is fresh, by the server's clock: a process that is stopped or cut off loses its runs after the lease (30 seconds).

mod append;
mod claim;
mod columns;
mod core;
mod create;
mod database;
mod error;
mod fold;
mod inbox;
mod instance;
mod link;
mod load;
mod names;
mod outbox;
mod patience;
mod reclaim;
mod remove;
mod schema;
mod store;
mod text;
mod turns;
mod writer;

pub use database::{OpenTransaction, PostgresDatabase};
pub use inbox::{PostgresInbox, PostgresInboxBuilder};
pub use prose::inbox::{Delivery, InboxError};
pub use store::{PostgresStore, PostgresStoreBuilder};
