//! The call of a flow: a builder to `.await`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::engine::IntoDeps;
use crate::error::Error;
use crate::event::Publisher;
use crate::execute::{self, Outcome, Settings, Subject, Typed};
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
///
/// # Spawning
/// A call is a future: `tokio::spawn(process_order(input).deps(deps).durable(&store, id))`.
#[must_use = "a flow does nothing unless awaited"]
pub struct Call<F: Flow, D = NoDeps> {
    /// What the call was built of, until it is polled.
    parts: Option<Parts<F, D>>,
    running: Option<Running>,
}

struct Parts<F: Flow, D> {
    input: F::Input,
    deps: D,
    settings: Settings,
}

/// With the flow's types hidden, as all that is around it.
type Running = Pin<Box<dyn Future<Output = (Box<dyn Subject>, Outcome)> + Send>>;

/// The state of a [`Call`] before [`Call::deps`].
#[derive(Clone, Copy, Debug)]
pub struct NoDeps;

/// Where a [`Call`]'s dependencies come from: `.deps(..)`, or nowhere, for a flow that has none.
pub trait DepsOf<F: Flow>: Send + 'static {
    #[doc(hidden)]
    fn into_deps(self) -> Arc<F::Deps>;
}

impl<F: Flow> DepsOf<F> for Arc<F::Deps> {
    fn into_deps(self) -> Arc<F::Deps> {
        self
    }
}

impl<F: Flow> DepsOf<F> for NoDeps
where
    F::Deps: Unneeded,
{
    fn into_deps(self) -> Arc<F::Deps> {
        Arc::new(F::Deps::none())
    }
}

/// Dependencies that need not be given: `()`.
#[diagnostic::on_unimplemented(
    message = "this flow needs its dependencies, a `{Self}`",
    label = "call `.deps(..)` before this is awaited",
    note = "`.deps(..)` takes a `{Self}`, or an `Arc` of one to share it between calls"
)]
pub trait Unneeded {
    #[doc(hidden)]
    fn none() -> Self;
}

impl Unneeded for () {
    fn none() {}
}

impl<F: Flow> Call<F, NoDeps> {
    #[doc(hidden)]
    pub fn new(input: F::Input) -> Self {
        Self { parts: Some(Parts { input, deps: NoDeps, settings: Settings::default() }), running: None }
    }

    /// What the steps find in `ctx.deps`. Takes a value, or an `Arc` to share one between calls.
    pub fn deps(self, deps: impl IntoDeps<F::Deps>) -> Call<F, Arc<F::Deps>> {
        let with_deps =
            |parts: Parts<F, NoDeps>| Parts { input: parts.input, deps: deps.into_deps(), settings: parts.settings };
        Call { parts: self.parts.map(with_deps), running: None }
    }
}

impl<F: Flow, D> Call<F, D> {
    /// Makes the run durable: it is kept in `store` under `run_id`, and survives the process.
    ///
    /// Awaiting runs it, or goes on from where it stands, or returns the saved result if it is completed. If somebody
    /// executes it just now, this call joins it and gets that execution's outcome. The input that was given first stands.
    pub fn durable<S: Store + Clone>(self, store: &S, run_id: impl Into<String>) -> Self {
        self.set(|settings| settings.durable = Some((Arc::new(store.clone()), RunKey::new(run_id))))
    }

    /// How long this call may take, waiting for retries included. Then it ends with [`Error::Timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(|settings| settings.timeout = Some(timeout))
    }

    /// How long an attempt of a step may take that has no `timeout` of its own.
    pub fn step_timeout(self, timeout: Duration) -> Self {
        self.set(|settings| settings.step_timeout = Some(timeout))
    }

    /// Cancels the run when the token is cancelled, with [`Error::Cancelled`]. That is final: the run is `cancelled` and
    /// does not go on. To stop a process and go on later, drop the future instead. A call that has joined another one cancels
    /// its own waiting only.
    pub fn cancellation(self, token: CancellationToken) -> Self {
        self.set(|settings| settings.cancellation = Some(token))
    }

    /// The id by which logs and events of several services belong together. Generated when not given.
    pub fn correlation_id(self, id: impl Into<String>) -> Self {
        self.set(|settings| settings.correlation_id = Some(id.into()))
    }

    /// Adds an observer. There may be several.
    pub fn observer(self, observer: impl Observer) -> Self {
        self.set(|settings| settings.observers.push(Arc::new(observer)))
    }

    /// Who publishes the flow's events. Needed if it has any, unless a [`Relay`](crate::Relay) was started for the store.
    ///
    /// Without a store events are published in place. With one they are committed with their step and wait in the store's outbox; this
    /// call then publishes what waits there while it runs, if nobody else does, and waits up to 5 seconds for its own events behind the
    /// end of the run. What is left is published by the next call with a publisher, or by a relay.
    ///
    /// **All flows of a store share one outbox.** Where a relay, or another call's publisher, carries it just now, that one publishes the events
    /// of this call too, and this publisher is not asked. So give all calls of a store the same publisher, or start a
    /// [`Relay`](crate::Relay).
    pub fn publisher(self, publisher: impl Publisher) -> Self {
        self.set(|settings| settings.publisher = Some(Arc::new(publisher)))
    }
}

impl<F: Flow, D> Call<F, D> {
    /// What a call consists of that was not polled.
    pub(crate) fn into_input(mut self) -> (F::Input, Settings) {
        match self.parts.take() {
            Some(parts) => (parts.input, parts.settings),
            None => unreachable!("a call that was polled is pinned, and has not been moved"),
        }
    }

    /// What was set, until it is polled.
    pub(crate) fn settings(&mut self) -> Option<&mut Settings> {
        self.parts.as_mut().map(|parts| &mut parts.settings)
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        if let Some(parts) = &mut self.parts {
            set(&mut parts.settings);
        }
        self
    }
}

/// Nothing in a call is pinned but what runs, which is boxed.
impl<F: Flow, D> Unpin for Call<F, D> {}

impl<F: Flow, D: DepsOf<F>> Future for Call<F, D> {
    type Output = Result<F::Output, Error<F::Error>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(Parts { input, deps, settings }) = self.parts.take() {
            self.running = Some(start(Typed::<F>::boxed(Some(input), deps.into_deps()), settings));
        }
        match poll_running(&mut self.running, cx) {
            Poll::Ready((flow, ended)) => Poll::Ready(Typed::<F>::outcome(flow, ended)),
            Poll::Pending => Poll::Pending,
        }
    }
}

fn start(flow: Box<dyn Subject>, settings: Settings) -> Running {
    Box::pin(execute::execute(flow, settings))
}

fn poll_running(running: &mut Option<Running>, cx: &mut Context<'_>) -> Poll<(Box<dyn Subject>, Outcome)> {
    match running {
        Some(running) => running.as_mut().poll(cx),
        None => unreachable!("a call has parts, or runs"),
    }
}

impl<F: Flow, D> std::fmt::Debug for Call<F, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("flow", &F::META.name).finish_non_exhaustive()
    }
}
