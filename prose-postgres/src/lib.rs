//! Postgres for [prose]: the store for many machines, and transactions whose rows are committed with the step.
//!
//! [`PostgresStore`] keeps runs in a schema of a Postgres database. What it acknowledges is on the server's disk; a connection that
//! is cut, or a server that restarts within a minute, is waited for. [`PostgresDatabase`] wraps the application's own [`sqlx::PgPool`]
//! for `#[transaction]`: a body's rows are committed exactly once. [`PostgresInbox`] is for the other side,
//! who consumes the events that flows publish: it applies each of them once.
//!
//! ```no_run
//! use std::sync::Arc;
//! use prose::{Ctx, flow};
//! use prose_postgres::{PostgresDatabase, PostgresStore};
//!
//! struct Deps {
//!     db: PostgresDatabase,
//! }
//!
//! #[flow]
//! async fn sign_up(ctx: Ctx<Deps>, name: String) -> Result<i64, sqlx::Error> {
//!     #[transaction(tx = ctx.deps.db)]
//!     let id: i64 = sqlx::query_scalar("insert into users (name) values ($1) returning id")
//!         .bind(&name)
//!         .fetch_one(&mut **tx)
//!         .await?;
//!     Ok(id)
//! }
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let url = "postgres://shop:secret@db.example/shop";
//! let store = PostgresStore::connect(url).await?;
//! let deps = Arc::new(Deps { db: PostgresDatabase::new(sqlx::PgPool::connect(url).await?) });
//! let id = sign_up("Ada".to_owned()).deps(deps).durable(&store, "sign-up-1").await?;
//! # Ok(()) }
//! ```
//!
//! # How it writes
//! ```text
//! commit ──▶ a line is free: one statement, one round trip
//!      └───▶ both lines are busy: what waits travels together, in one statement; each commit has its own fence
//! ```
//! A commit whose answer was lost is sent again: its place in the run's log is written once, and under an owner's epoch by
//! nobody else. The events of a commit go into the table `outbox` by the same statement, from where a [`Relay`](prose::Relay) takes
//! them: of all opened stores of a schema one publishes at a time.
//!
//! # What is one transaction
//! ```text
//! the run in the same database        begin │ the body's statements │ fence + the run's next commit │ COMMIT
//! the run elsewhere                   begin │ receipt │ the body's statements │ receipt complete │ COMMIT     then: the run's commit
//! ```
//! *Fence*: the last statement locks the run's row `for share` and checks the epoch, so that an executor which was stopped while
//! another one took the run over commits nothing, at any isolation level. *Receipt*: see [`PostgresDatabase`].
//!
//! The answer to COMMIT may be lost. Then the run is claimed once more, which waits until the transaction has ended and keeps it
//! from being committed later, and its log tells; or, elsewhere, the receipt is asked for, which waits likewise. If the server does not
//! come back within a minute, the flow ends with [`DatabaseError::Unknown`](prose::DatabaseError::Unknown), with nothing
//! written that could be wrong: the next call finds out.
//!
//! # Round trips
//! | | |
//! |---|---|
//! | a step's commit, with its events | 1, or a share of 1 |
//! | a transaction, the run in the same database | 4: begin, the body's one statement, record, COMMIT |
//! | a transaction, the run elsewhere | 5: begin, receipt, the body's one statement, receipt complete, COMMIT |
//! | what is due in the outbox | 1 |
//! | a run that waits (`#[sleep]`, `#[signal]`) | 4: begin, its commit, a look at whether what it waits for is there, COMMIT |
//! | submitting a run | 1 |
//! | claiming what is due, however many runs | 6 for one flow: begin, a look, the claims, the next instant, COMMIT, reading them |
//!
//! `tests/round_trips.rs` counts the first four. What the driver adds is told at [`PostgresDatabase`].
//!
//! # Who hears of what
//! Engines of several processes find runs in the table, each run by one of them (`for update skip locked`), and look by themselves every
//! [`poll_interval`](prose::EngineBuilder::poll_interval). What others submit, signal, cancel or give back they are told by `NOTIFY`, a moment
//! behind the write and outside of its transaction: a notice may be lost with its connection, a run never.
//!
//! # Who owns a run
//! A claim writes the claimer's instance and a new epoch into the run's row; every commit is conditional on the epoch. An instance
//! is alive while its own connection holds an advisory lock, which the server drops when the process dies, and while its heartbeat
//! is fresh, by the server's clock: a process that is stopped or cut off loses its runs after the lease (30 seconds).
//!
//! # Limits
//! - A value, and so what a commit writes in one variable, is less than 1 GB.
//! - Nothing keeps a body from ending its transaction by itself. It is found out, but what it has committed stays.
//! - A statement of a body that was timed out or cancelled is not broken off on the server: its locks stay until it has ended.
//! - Connections through a pooler that gives a session to several clients (PgBouncer's `transaction` mode) are not for the
//!   store: the advisory lock that says that it is alive belongs to its session.
//! - Receipts stay until [`prune_receipts`](PostgresDatabase::prune_receipts) takes them.

mod append;
mod claim;
mod columns;
mod core;
mod create;
mod create_many;
mod database;
mod due;
mod error;
mod fold;
mod inbox;
mod instance;
mod link;
mod list;
mod load;
mod look;
mod names;
mod notices;
mod outbox;
mod patience;
mod queue;
mod reclaim;
mod recover;
mod remove;
mod schema;
mod signals;
mod standing;
mod store;
mod submit;
mod text;
mod together;
mod transaction;
mod turns;
mod wait;
mod wake;
mod writer;

pub use database::{OpenTransaction, PostgresDatabase};
pub use inbox::{PostgresInbox, PostgresInboxBuilder};
pub use prose::inbox::{Delivery, InboxError};
pub use store::{PostgresStore, PostgresStoreBuilder};
