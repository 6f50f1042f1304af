//! Durable flows for Rust: an annotated `async fn` becomes a state machine that survives `kill -9`.
//!
//! ```
//! use prose::{Ctx, MemoryStore, flow};
//!
//! #[flow]
//! async fn greet(ctx: Ctx, name: String) -> Result<String, std::convert::Infallible> {
//!     #[step]
//!     let greeting: String = format!("Hello, {name}!");
//!     Ok(greeting)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), prose::Error<std::convert::Infallible>> {
//! let store = MemoryStore::new(); // or prose_sqlite::SqliteStore::open("app.db").await?
//! let greeting = greet("Ada".to_owned()).durable(&store, "greeting-1").await?;
//! assert_eq!(greeting, "Hello, Ada!");
//! # Ok(()) }
//! ```
//!
//! Other runtimes replay a run's history after a crash. This one *continues*: what a body sees is on disk before the body
//! starts, so a run goes on from the saved program point with the saved values of its variables. Nothing is replayed, clocks
//! and random numbers between steps are harmless, and resuming costs what is live, not what has happened.
//!
//! | what | guarantee |
//! |---|---|
//! | a committed step | never runs again |
//! | a step's outside effect | at least once; every attempt has the same idempotency key and the same input |
//! | `#[transaction]` | exactly once: its rows and the record that it is done are committed together |
//! | `#[event]` | recorded exactly once, with its step; published at least once, with the same id each time; without a store at most once |
//! | input, result | saved as first given; a completed run returns its result and runs nothing |

mod call;
mod child;
mod codec;
mod ctx;
mod database;
mod editor;
mod engine;
mod error;
mod event;
mod execute;
mod flow;
pub mod graph;
pub mod inbox;
mod json;
mod machine;
mod migration;
pub mod observe;
mod relay;
pub mod store;
mod typed;
mod validation;
mod validation_probe;
mod value;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use call::{Call, DepsOf, NoDeps, Unneeded};
pub use ctx::Ctx;
pub use database::{Beginning, Begun, Database, DatabaseError, Isolation, Record, TransactionStep};
pub use engine::{
    ControlError, Drained, Engine, EngineBuilder, EngineError, Misfit, RunHandle, Submission, SubmitError,
};
pub use error::Error;
pub use event::{Event, EventRecord, IntoEvents, MemoryPublisher, PublishError, Publisher, TracingPublisher};
pub use flow::Flow;
pub use graph::Graph;
pub use json::Json;
pub use migration::Migration;
pub use observe::{Observer, TracingObserver};
pub use relay::{Relay, RelayBuilder};
pub use store::memory::MemoryStore;
pub use store::{Checkpoint, Status, Store, StoreError};
pub use tokio_util::sync::CancellationToken;
pub use typed::TypedCheckpoint;
pub use validation::{Issue, ValidationError};
pub use value::ValueError;

/// Turns an `async fn` into a durable flow. See the [crate's documentation](crate).
pub use prose_macros::flow;

/// Makes a struct an [`Event`](trait@Event).
pub use prose_macros::Event;
