//! The engine: flows that go on by themselves, in any of the processes that share a store.
//!
//! ```text
//! submit ─▶ queue (the store) ─▶ claim, in batches ─▶ execute, so many at once ─▶ ended · waits · given back
//!              ▲                                                                          │
//!              └── timers · signals · cancel · dead processes' runs ◀─────────────────────┘
//! ```

mod builder;
mod check;
mod control;
mod deps;
mod drain;
mod flows;
mod handle;
mod recent;
mod submit;
mod upkeep;
mod watch;
mod without_code;
mod work;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use builder::{EngineBuilder, EngineError};
pub use check::Misfit;
pub use control::ControlError;
pub use deps::{HadBy, IntoDeps};
pub use drain::Drained;
pub use handle::RunHandle;
pub use submit::{Submission, SubmitError};

use crate::store::Store;
use drain::Phase;
use flows::Flows;
use watch::Watch;

/// Executes the runs of its flows, in this process, beside the engines of other processes that share the store.
///
/// A run that is [submitted](Self::submit) is executed by whichever engine is free. When that one's process dies, another one goes on with it:
/// at once if the operating system has noticed, else when the lease has run out. A run that waits (`#[sleep]`, `#[signal]`, a child that
/// waits) leaves memory, and is a row until what it waits for is there. A run that this build of the code cannot go on with is left to builds that can.
///
/// The engine runs on the tokio runtime that it was started on. It stops when its last clone is dropped, when the token of
/// [`stop_on`](EngineBuilder::stop_on) is cancelled, or, without cutting steps off, by [`drain`](Self::drain). Whatever stops it, its runs
/// go on elsewhere, or when it is started again. It can still be submitted to, asked and awaited then; but what nobody executes does not end, and a
/// handle waits as long as that.
///
/// ```
/// use prose::{Ctx, Engine, MemoryStore, flow};
///
/// #[flow]
/// async fn greet(ctx: Ctx, name: String) -> Result<String, std::convert::Infallible> {
///     #[step]
///     let greeting: String = format!("Hello, {name}!");
///     Ok(greeting)
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new(); // or a SqliteStore, a PostgresStore
/// let engine = Engine::builder(&store, ()).flow::<greet::Flow>().start().await?;
///
/// let handle = engine.submit(greet("Ada".to_owned()).run_id("greeting-1")).await?;
/// assert_eq!(handle.await?, "Hello, Ada!");
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "an engine stops when its last clone is dropped: bind it to a name that lives as long as the process, not to `_`"]
pub struct Engine(Arc<Stopper>);

/// Stops the engine with its last clone: what executes runs holds the core, and not this.
struct Stopper(Arc<Core>);

impl Drop for Stopper {
    fn drop(&mut self) {
        self.0.stop_within(Duration::ZERO);
    }
}

/// What the parts of an engine share.
struct Core {
    store: Arc<dyn Store>,
    flows: Flows,
    settings: Settings,
    watch: Arc<Watch>,
    /// Whether it works, ends, or has ended.
    phase: tokio::sync::watch::Sender<Phase>,
    stop: CancellationToken,
}

/// How an engine was built.
#[derive(Clone, Debug)]
struct Settings {
    name: String,
    lease: Option<Duration>,
    concurrency: usize,
    poll_interval: Duration,
    max_crashes: u32,
}

impl Engine {
    /// An engine on a store, for flows with these dependencies. Takes a value, or an `Arc` to share one. Flows with others are added by
    /// [`flow_with`](EngineBuilder::flow_with).
    pub fn builder<S: Store + Clone, D: Send + Sync + 'static>(store: &S, deps: impl IntoDeps<D>) -> EngineBuilder<D> {
        EngineBuilder::new(Arc::new(store.clone()), deps.into_deps())
    }

    fn core(&self) -> &Arc<Core> {
        &self.0.0
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("settings", &self.core().settings).finish_non_exhaustive()
    }
}
