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
//! # Where things are
//!
//! - A flow is made by [`#[flow]`](macro@flow), whose page lists the attributes of its steps: `#[step]`, `#[transaction]`, `#[event]`, `#[parallel]`,
//!   `#[each]`, `#[child]`, `#[sleep]`, `#[signal]`, `#[validate]`. Its steps find what they need in [`Ctx`].
//! - [Calling](Call) one with `.durable(&store, id)` runs it, or goes on with it, where it is called. A [`Store`] keeps the runs; [`Checkpoint`]
//!   shows how one stands.
//! - An [`Engine`] executes runs by itself, beside those of other processes on the same store: `engine.submit(..)` gives a [`RunHandle`] to await,
//!   `engine.cancel(..)`, `restart(..)` and `list(..)` are for those who operate it.
//! - `#[sleep]` and `#[signal]` let a run wait for days as a row of the store. The fns in the flow's module `signals` [send](SendSignal) what it
//!   waits for.
//! - A [`Publisher`] carries out a flow's events; a [`Relay`] does so for all runs of a store, [`inbox`] takes them in.
//! - An [`Observer`] is told what runs do; [`TracingObserver`] logs it.
//!
//! ```
//! use std::time::Duration;
//! use prose::{Ctx, Engine, MemoryStore, flow};
//!
//! #[flow]
//! async fn order(ctx: Ctx, total: u64) -> Result<String, String> {
//!     #[signal(timeout = "3d")]
//!     let approved: Option<bool>; // waits in the store, not in memory
//!
//!     #[sleep]
//!     Duration::from_millis(10); // or for days
//!
//!     if approved == Some(true) { Ok(format!("{total} it is")) } else { Err("not approved".to_owned()) }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MemoryStore::new();
//! let engine = Engine::builder(&store, ()).flow::<order::Flow>().start().await?;
//! let handle = engine.submit(order(700).run_id("ord_1")).await?;
//! order::signals::approved(&engine, "ord_1", true).await?;
//! assert_eq!(handle.await?, "700 it is");
//! # Ok(()) }
//! ```
//!
//! # Guarantees
//!
//! | what | guarantee |
//! |---|---|
//! | a committed step | never runs again |
//! | a step's outside effect | at least once; every attempt has the same idempotency key and the same input |
//! | `#[transaction]` | exactly once: its rows and the record that it is done are committed together |
//! | `#[event]` | recorded exactly once, with its step; published at least once, with the same id each time; without a store at most once |
//! | a signal, a timer | taken exactly once, by the commit of its step; survives restarts |
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
mod run_id;
mod signal;
mod std_macros;
pub mod store;
mod told_once;
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
    ControlError, Drained, Engine, EngineBuilder, EngineError, HadBy, IntoDeps, Misfit, RunHandle, Submission,
    SubmitError,
};
pub use error::Error;
pub use event::{Event, EventRecord, IntoEvents, MemoryPublisher, PublishError, Publisher, TracingPublisher};
pub use flow::{Flow, FlowError, RunValue};
pub use graph::Graph;
pub use json::Json;
pub use migration::Migration;
pub use observe::{Observer, TracingObserver};
pub use relay::{Relay, RelayBuilder};
pub use run_id::RunIdError;
pub use signal::{Delivery, SendSignal, SignalError, SignalTarget};
pub use store::memory::MemoryStore;
pub use store::queue::{ListRuns, RunSummary};
pub use store::{Checkpoint, RunKey, Status, Store, StoreError};
pub use tokio_util::sync::CancellationToken;
pub use typed::TypedCheckpoint;
pub use validation::{Issue, ValidationError};
pub use value::ValueError;

/// Turns an `async fn` into a durable flow, which is called as before: see [`Call`] for what a call can be given, [`Ctx`] for what its steps
/// see, and the [crate's documentation](crate) for what it is part of.
pub use prose_macros::flow;

/// Makes a struct an [`Event`](trait@Event).
pub use prose_macros::Event;
