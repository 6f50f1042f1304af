//! The call of a flow: a builder to `.await`.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::event::Publisher;
use crate::execute::{self, Settings};
use crate::flow::Flow;
use crate::observe::Observer;
use crate::store::{RunKey, Store};

/// A call of a flow, made by calling the annotated function. Nothing happens until it is awaited.
///
/// ```
/// use prose::{Ctx, MemoryStore, flow};
///
/// #[flow]
/// async fn greet(ctx: Ctx, name: String) -> Result<String, std::convert::Infallible> {
///     #[step]
///     let greeting: String = format!("Hello, {name}!");
///     Ok(greeting)
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), prose::Error<std::convert::Infallible>> {
/// let once = greet("Ada".to_owned()).await?; // no store: a plain async fn
///
/// let store = MemoryStore::new();
/// let durable = greet("Ada".to_owned()).durable(&store, "greeting-1").await?; // run, resume, or return the saved result
/// assert_eq!(once, durable);
/// # Ok(()) }
/// ```
///
/// # Dropping
/// Dropping the future stops the run where it stands; calling again goes on from its last commit.
#[must_use = "a flow does nothing unless awaited"]
pub struct Call<F: Flow, D = NoDeps> {
    input: F::Input,
    deps: D,
    settings: Settings,
}

/// The state of a [`Call`] before [`Call::deps`].
#[derive(Clone, Copy, Debug)]
pub struct NoDeps;

/// A [`Call`] that has what its flow needs.
#[diagnostic::on_unimplemented(
    message = "this flow needs its dependencies",
    label = "call `.deps(..)` before `.await`"
)]
pub trait DepsOf<F: Flow>: Send + 'static {
    #[doc(hidden)]
    fn into_deps(self) -> Arc<F::Deps>;
}

impl<F: Flow> DepsOf<F> for Arc<F::Deps> {
    fn into_deps(self) -> Arc<F::Deps> {
        self
    }
}

impl<F: Flow<Deps = ()>> DepsOf<F> for NoDeps {
    fn into_deps(self) -> Arc<()> {
        Arc::new(())
    }
}

impl<F: Flow> Call<F> {
    #[doc(hidden)]
    pub fn new(input: F::Input) -> Self {
        Self { input, deps: NoDeps, settings: Settings::default() }
    }

    /// What the steps find in `ctx.deps`. Takes a value, or an `Arc` to share one between calls.
    pub fn deps(self, deps: impl Into<Arc<F::Deps>>) -> Call<F, Arc<F::Deps>> {
        Call { input: self.input, deps: deps.into(), settings: self.settings }
    }
}

impl<F: Flow, D> Call<F, D> {
    /// Makes the run durable: it is kept in `store` under `run_id`, and survives the process.
    ///
    /// Awaiting runs it, or goes on from where it stands, or returns the saved result if it is completed. If somebody
    /// executes it just now, this call joins it and gets that execution's outcome. The input that was given first stands.
    pub fn durable<S: Store + Clone>(mut self, store: &S, run_id: impl Into<String>) -> Self {
        self.settings.durable = Some((Arc::new(store.clone()), RunKey::new(run_id)));
        self
    }

    /// How long this call may take, waiting for retries included. Then it ends with [`Error::Timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// How long an attempt of a step may take that has no `timeout` of its own.
    pub fn step_timeout(mut self, timeout: Duration) -> Self {
        self.settings.step_timeout = Some(timeout);
        self
    }

    /// Cancels the run when the token is cancelled, with [`Error::Cancelled`]. That is final: the run is `cancelled` and
    /// does not go on. To stop a process and go on later, drop the future instead.
    pub fn cancellation(mut self, token: CancellationToken) -> Self {
        self.settings.cancellation = Some(token);
        self
    }

    /// The id by which logs and events of several services belong together. Generated when not given.
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        self.settings.correlation_id = Some(id.into());
        self
    }

    /// Adds an observer. There may be several.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.settings.observers.push(Arc::new(observer));
        self
    }

    /// Who publishes the flow's events. Needed if it has any.
    pub fn publisher(mut self, publisher: impl Publisher) -> Self {
        self.settings.publisher = Some(Arc::new(publisher));
        self
    }
}

impl<F: Flow, D: DepsOf<F>> IntoFuture for Call<F, D> {
    type Output = Result<F::Output, Error<F::Error>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(execute::execute::<F>(self.input, self.deps.into_deps(), self.settings))
    }
}

impl<F: Flow, D> std::fmt::Debug for Call<F, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("flow", &F::META.name).finish_non_exhaustive()
    }
}
