//! Executing a flow: the I/O around its machine.

mod claim;
mod drive;
mod ending;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::ctx::{Ctx, RunInfo};
use crate::error::Error;
use crate::event::Publisher;
use crate::flow::{Flow, Meta, PointKind};
use crate::machine::{Limits, Machine};
use crate::observe::Observers;
use crate::store::{RunKey, Store};

use claim::Claimed;

/// What a caller has set.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) durable: Option<(Arc<dyn Store>, RunKey)>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) step_timeout: Option<Duration>,
    pub(crate) cancellation: Option<CancellationToken>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) observers: Observers,
    pub(crate) publisher: Option<Arc<dyn Publisher>>,
}

/// A result of a flow, or why there is none.
pub(crate) type Outcome<F> = Result<<F as Flow>::Output, Error<<F as Flow>::Error>>;

/// Runs a flow to its outcome.
pub(crate) async fn execute<F: Flow>(input: F::Input, deps: Arc<F::Deps>, settings: Settings) -> Outcome<F> {
    needs_publisher::<F>(&settings)?;
    let execution = Execution::<F>::new(deps, settings);
    match execution.settings.durable.clone() {
        None => execution.run_plain(input).await,
        Some((store, key)) => execution.run_durable(store, key, input).await,
    }
}

fn needs_publisher<F: Flow>(settings: &Settings) -> Result<(), Error<F::Error>> {
    let event = F::META.points.iter().find(|point| point.kind == PointKind::Event);
    match (event, &settings.publisher) {
        (Some(event), None) => Err(Error::NoPublisher { step: event.name }),
        _ => Ok(()),
    }
}

/// One execution of a flow.
struct Execution<F: Flow> {
    deps: Arc<F::Deps>,
    settings: Settings,
    started: Instant,
    limits: Limits,
}

impl<F: Flow> Execution<F> {
    const META: &'static Meta = F::META;

    fn new(deps: Arc<F::Deps>, settings: Settings) -> Self {
        let started = Instant::now();
        let limits = Limits {
            step_timeout: settings.step_timeout,
            deadline: settings.timeout.and_then(|timeout| started.checked_add(timeout)),
            cancellable: settings.cancellation.is_some(),
        };
        Self { deps, settings, started, limits }
    }

    async fn run_plain(&self, input: F::Input) -> Outcome<F> {
        let run = self.run_info(None, self.correlation_id(), SystemTime::now(), false);
        let machine = self.machine(run);
        self.announce_start(&machine);
        self.run(machine, input).await
    }

    async fn run_durable(&self, store: Arc<dyn Store>, key: RunKey, input: F::Input) -> Outcome<F> {
        let mut asked = claim::Asked::new(store, key, input)?;
        loop {
            match self.claim(&mut asked).await? {
                Claimed::Ended(outcome) => return outcome,
                Claimed::Run(machine, input) => match self.run(*machine, input).await {
                    // Somebody created the run while its plain code ran here, up to the first step: join that one.
                    Err(Error::Store(crate::StoreError::Exists(_))) => continue,
                    outcome => return outcome,
                },
            }
        }
    }

    /// Drives a machine to its end, and tells everyone.
    async fn run(&self, mut machine: Machine, input: F::Input) -> Outcome<F> {
        let run = machine.run.clone();
        let ctx = Ctx::new(self.deps.clone(), run.clone());
        let end = drive::drive::<F>(&mut machine, ctx, input).await;
        if matches!(end, drive::End::Cancelled | drive::End::TimedOut) {
            run.cancellation.cancel();
        }
        let outcome = self.end(&mut machine, end).await;
        self.announce_end(&machine, &outcome);
        outcome
    }

    fn announce_start(&self, machine: &Machine) {
        self.observers().tell(|observer| observer.on_flow_start(&machine.run));
    }

    fn announce_end(&self, machine: &Machine, outcome: &Outcome<F>) {
        let run = &machine.run;
        match outcome {
            Ok(_) => {
                if !machine.reached_tail() {
                    self.observers().tell(|observer| observer.on_flow_break(run));
                }
                self.observers().tell(|observer| observer.on_flow_complete(run, self.started.elapsed()));
            }
            // Not an end: the execution joins the one that was there first.
            Err(Error::Store(crate::StoreError::Exists(_))) => {}
            Err(error) => {
                let text = error.to_string();
                self.observers().tell(|observer| observer.on_flow_error(run, &text));
            }
        }
    }

    fn machine(&self, run: RunInfo) -> Machine {
        let mut machine = Machine::new(Self::META, Arc::new(run), self.observers().clone(), self.limits);
        machine.publisher = self.settings.publisher.clone();
        machine
    }

    fn run_info(
        &self,
        run_id: Option<String>,
        correlation_id: String,
        started_at: SystemTime,
        resuming: bool,
    ) -> RunInfo {
        let cancellation =
            self.settings.cancellation.as_ref().map_or_else(CancellationToken::new, CancellationToken::child_token);
        RunInfo { flow: Self::META.name, run_id, correlation_id, resuming, started_at, cancellation }
    }

    fn correlation_id(&self) -> String {
        self.settings.correlation_id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
    }

    fn observers(&self) -> &Observers {
        &self.settings.observers
    }
}
