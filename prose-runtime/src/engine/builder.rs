//! Building and starting an engine.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::deps::{HadBy, IntoDeps};
use super::drain::Phase;
use super::flows::{Flows, Registered};
use super::watch::Watch;
use super::{Core, Engine, Settings, Stopper, check, upkeep, work};
use crate::event::Publisher;
use crate::flow::{Flow, PointKind};
use crate::observe::{Observer, Observers};
use crate::relay::Relay;
use crate::store::queue::Attendance;
use crate::store::{Store, StoreError};

/// Settings of an [`Engine`]; made by [`Engine::builder`].
#[must_use = "an engine does nothing until it is started"]
pub struct EngineBuilder<D> {
    store: Arc<dyn Store>,
    deps: Arc<D>,
    flows: Vec<Registered>,
    observers: Observers,
    publisher: Option<Arc<dyn Publisher>>,
    stop: Option<CancellationToken>,
    settings: Settings,
}

/// Longer nobody waits for what a glance would tell.
const LONGEST_INTERVAL: Duration = Duration::from_secs(86_400);

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Two of its flows have one name, by which runs are told apart.
    #[error("two flows of this engine are named `{name}`; give one of them another name: `#[flow(name = \"..\")]`")]
    SameName {
        /// The name.
        name: &'static str,
    },
    /// It would execute runs, of no flow.
    #[error(
        "the engine has no flow; add `.flow::<process_order::Flow>()`, or `.concurrency(0)` where others execute the runs"
    )]
    NoFlow,
    /// A flow has an `#[event]`, and nobody publishes it.
    #[error(
        "flow `{flow}` publishes event `{step}`, but the engine has no publisher; add `.publisher(..)`, or start a `Relay` for its store before"
    )]
    NoPublisher {
        /// The flow.
        flow: &'static str,
        /// The event's step.
        step: &'static str,
    },
    /// The store failed.
    #[error("the engine could not start: {0}")]
    Store(#[from] StoreError),
}

impl<D: Send + Sync + 'static> EngineBuilder<D> {
    pub(super) fn new(store: Arc<dyn Store>, deps: Arc<D>) -> Self {
        let settings = Settings {
            name: default_name(),
            lease: None,
            concurrency: 256,
            poll_interval: Duration::from_millis(500),
            max_crashes: 5,
        };
        let (observers, publisher, stop) = (Observers::default(), None, None);
        Self { store, deps, flows: Vec::new(), observers, publisher, stop, settings }
    }

    /// Adds a flow whose runs this engine executes, with the engine's dependencies.
    pub fn flow<F: Flow>(mut self) -> Self
    where
        F::Deps: HadBy<D>,
    {
        self.flows.push(Registered::new::<F>(HadBy::of(Arc::clone(&self.deps))));
        self
    }

    /// Adds a flow that has dependencies of its own. Takes a value, or an `Arc` to share one.
    pub fn flow_with<F: Flow>(mut self, deps: impl IntoDeps<F::Deps>) -> Self {
        self.flows.push(Registered::new::<F>(deps.into_deps()));
        self
    }

    /// The name of this instance, for people: in the store's table of instances. By default the program's, with the process id.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// How long this process may be stopped, or cut off from the store, before others take its runs over. By default as the store was
    /// opened (30 seconds). A process that has died is noticed sooner. Too short ones are lengthened by the store, to what its heartbeats need: a
    /// fraction of a second.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = Some(lease);
        self
    }

    /// How many runs are executed at once; 256 unless told otherwise. Runs that wait out of memory do not count. With 0 the engine executes
    /// none: it submits, signals, cancels, lists, and waits for runs that others execute.
    pub fn concurrency(mut self, runs: usize) -> Self {
        self.settings.concurrency = runs;
        self
    }

    /// How often it looks for what nobody has told it of: due runs, dead processes, requests to cancel. 500 milliseconds unless told
    /// otherwise, and no less than one, or more than a day. What happens in this process, it hears of at once; of timers it knows the next one; a store may pass on what other
    /// processes do.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.settings.poll_interval = interval.clamp(Duration::from_millis(1), LONGEST_INTERVAL);
        self
    }

    /// How many executions of a run in a row may die with their process, or be stopped past their lease, without getting any further: then it
    /// is `failed`, and not tried again by itself; a compensation has failed for good then, and the others go on. 5 unless told otherwise; 0 is
    /// taken as 1. Runs that are given back in good order keep their count. Of a run that dies in the midst of a child, the child's are counted.
    pub fn max_crashes(mut self, crashes: u32) -> Self {
        self.settings.max_crashes = crashes.max(1);
        self
    }

    /// Adds an observer of all its runs. There may be several.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Who publishes the events of its flows: the engine starts a [`Relay`] for its store. Not needed where one was started.
    pub fn publisher(mut self, publisher: impl Publisher) -> Self {
        self.publisher = Some(Arc::new(publisher));
        self
    }

    /// Stops the engine when the token is cancelled, as if it were dropped: what runs is cut off and given back at once.
    pub fn stop_on(mut self, token: CancellationToken) -> Self {
        self.stop = Some(token);
        self
    }

    /// Starts it, on the current tokio runtime. From then on it executes runs. Behind the start it looks at where all unfinished runs of its
    /// flows stand, and warns (by `tracing`) of those with which this code cannot go on; [`Engine::misfits`] tells as well.
    ///
    /// # Errors
    /// [`EngineError`]; nothing was started then.
    pub async fn start(self) -> Result<Engine, EngineError> {
        let Self { store, flows, observers, publisher, stop, settings, .. } = self;
        let flows = registered(flows)?;
        if settings.concurrency > 0 {
            needs(&flows, &*store, publisher.is_some())?;
            let attendance = Attendance { name: settings.name.clone(), lease: settings.lease };
            store.queue().attend(&attendance).await?;
        }
        let relay = publisher.map(|publisher| Relay::of_engine(Arc::clone(&store), publisher));
        let watch = Arc::new(Watch::new(Arc::clone(&store)));
        let (phase, stop) = (tokio::sync::watch::Sender::new(Phase::Works), stop.unwrap_or_default());
        tracing::info!(engine = settings.name, concurrency = settings.concurrency, flows = ?flows.names(), "the engine has started");
        let core = Arc::new(Core { store, flows, settings, watch, phase, stop });
        tokio::spawn(work::work(Arc::clone(&core), observers, relay));
        if core.settings.concurrency > 0 {
            tokio::spawn(upkeep::upkeep(Arc::clone(&core)));
            tokio::spawn(check::warn(Arc::clone(&core)));
        }
        Ok(Engine(Arc::new(Stopper(core))))
    }
}

fn registered(flows: Vec<Registered>) -> Result<Flows, EngineError> {
    let mut all = Flows::default();
    for flow in flows {
        let name = flow.meta.name;
        if !all.add(flow) {
            return Err(EngineError::SameName { name });
        }
    }
    Ok(all)
}

fn needs(flows: &Flows, store: &dyn Store, has_publisher: bool) -> Result<(), EngineError> {
    if flows.iter().next().is_none() {
        return Err(EngineError::NoFlow);
    }
    if has_publisher || store.outbox().bell().has_relay() {
        return Ok(());
    }
    let event = |flow: &Arc<Registered>| {
        let event = flow.meta.first(PointKind::Event)?;
        Some(EngineError::NoPublisher { flow: flow.meta.name, step: event.name })
    };
    flows.iter().find_map(event).map_or(Ok(()), Err)
}

fn default_name() -> String {
    let program = std::env::current_exe().ok();
    let program = program.as_ref().and_then(|path| path.file_stem()).map(|stem| stem.to_string_lossy());
    format!("{}-{}", program.unwrap_or("engine".into()), std::process::id())
}

impl<D> std::fmt::Debug for EngineBuilder<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
