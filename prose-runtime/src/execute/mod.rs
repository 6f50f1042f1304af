//! Executing a flow: the I/O around its machine.

mod claim;
mod claimed;
mod compensate;
mod drive;
mod ending;
mod fit;
mod publish;
mod subject;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Json;
use crate::ctx::RunInfo;
use crate::error::Error;
use crate::event::Publisher;
use crate::flow::Meta;
pub(crate) use crate::machine::Parking;
use crate::machine::{Exit, Limits, Machine, Shared};
use crate::observe::Observers;
use crate::run_id;
use crate::store::{RunKey, Store, StoreError, in_transaction};

use claim::{Asked, Claimed};
pub(crate) use claimed::{Ran, ask_for, execute_claimed, fits};
pub(crate) use compensate::and_not_undone;
pub(crate) use drive::panic_text;
pub(crate) use fit::{Compared, Retyped};
pub(crate) use subject::{Subject, Typed, saved_output};
use subject::{output_changed, text};

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
    /// The run whose step this one is.
    pub(crate) parent: Option<RunKey>,
    /// Whether and how the run leaves memory while it waits: an engine is there, which goes on with it.
    pub(crate) parking: Option<Parking>,
}

/// The input of an execution.
#[derive(Clone, Copy)]
struct Input<'a> {
    /// As it is saved; `None` where nobody can need it.
    json: Option<&'a Json>,
    /// The flow takes the caller's own value, so that nothing depends on a round trip.
    given: bool,
}

/// The outcome of an execution. The flow's output, or its own error, stays in the subject.
pub(crate) type Outcome = Result<(), Error<()>>;

/// Runs a flow to its outcome, and gives it back.
pub(crate) async fn execute(mut flow: Box<dyn Subject>, settings: Settings) -> (Box<dyn Subject>, Outcome) {
    let ended = Execution::new(flow.meta(), settings).run_to_end(&mut *flow).await;
    (flow, ended)
}

/// One execution of a flow.
struct Execution {
    meta: &'static Meta,
    settings: Settings,
    started: Instant,
    limits: Limits,
}

impl Execution {
    fn new(meta: &'static Meta, settings: Settings) -> Self {
        let started = Instant::now();
        let limits = Limits {
            step_timeout: settings.step_timeout,
            deadline: settings.timeout.and_then(|timeout| started.checked_add(timeout)),
            // Anybody may ask a durable run to end.
            cancellable: settings.cancellation.is_some() || settings.durable.is_some(),
        };
        Self { meta, settings, started, limits }
    }

    async fn run_to_end(&self, flow: &mut dyn Subject) -> Outcome {
        self.needs_publisher()?;
        self.needs_store()?;
        match self.settings.durable.clone() {
            None => self.run_plain(flow).await,
            Some((store, key)) => self.publishing(store, key, flow).await,
        }
    }

    async fn run_plain(&self, flow: &mut dyn Subject) -> Outcome {
        // Saved nowhere: but whoever undoes what was done sees it as well.
        let json = self.meta.has_compensations().then(|| claim::encode_input(flow)).transpose()?;
        let run = self.run_info(None, self.correlation_id(), SystemTime::now(), false);
        let mut machine = self.machine(run);
        self.announce_start(&machine);
        self.run(&mut machine, flow, Input { json: json.as_ref(), given: true }).await
    }

    async fn run_durable(&self, store: Arc<dyn Store>, key: RunKey, flow: &mut dyn Subject) -> Outcome {
        self.refuse_in_transaction(&key)?;
        // A child's id is its parent's and its step's, however long.
        if self.settings.parent.is_none() {
            run_id::checked(&key.run_id).map_err(Error::RunId)?;
        }
        let mut asked = Asked::new(store, key, flow)?;
        loop {
            let claimed = self.claim(&mut asked).await.inspect_err(|error| self.is_interrupted_by(error))?;
            match claimed {
                Claimed::Ended(saved) => return saved.and_then(|output| take_saved_output(flow, &asked, &output)),
                Claimed::Run { mut machine, crashes, input, given } if self.is_given_up(crashes) => {
                    return self.give_up(&mut machine, flow, Input { json: Some(&input), given }, crashes).await;
                }
                Claimed::Run { mut machine, input, given, .. } => {
                    match self.run(&mut machine, flow, Input { json: Some(&input), given }).await {
                        // Somebody created the run while its plain code ran here, up to the first step: join that one.
                        Err(Error::Store(StoreError::Exists(_))) => continue,
                        outcome => {
                            self.put_off(&mut machine, &outcome).await;
                            return outcome;
                        }
                    }
                }
            }
        }
    }

    fn refuse_in_transaction(&self, key: &RunKey) -> Result<(), Error<()>> {
        match in_transaction() {
            true => Err(Error::InsideTransaction { run_id: key.to_string() }),
            false => Ok(()),
        }
    }

    /// Drives a machine to its end, and tells everyone.
    async fn run(&self, machine: &mut Machine, flow: &mut dyn Subject, input: Input<'_>) -> Outcome {
        let token = machine.info().cancellation.clone();
        let durable = self.settings.durable.as_ref();
        let _can_be_cancelled = durable.map(|(store, key)| store.queue().wakes().executing(key, &token));
        let outcome = tokio::select! {
            biased;
            outcome = self.drive_or_undo(machine, flow, input) => outcome,
            never = self.hear_of_cancels() => match never {},
        };
        self.announce_end(machine, flow, &outcome);
        outcome
    }

    async fn drive_or_undo(&self, machine: &mut Machine, flow: &mut dyn Subject, input: Input<'_>) -> Outcome {
        match machine.undoing().cloned() {
            Some(ending) => {
                let error = claim::saved_error(machine.info().run_id.clone().unwrap_or_default(), &ending);
                self.go_on_undoing(machine, flow, input.json, ending, error).await
            }
            None => self.drive(machine, flow, input).await,
        }
    }

    /// Where no engine asks for requests to cancel, executions do so themselves.
    async fn hear_of_cancels(&self) -> Infallible {
        match &self.settings.durable {
            Some((store, _)) if self.settings.parking.is_none() => {
                store.queue().wakes().pass_on_cancels(store.queue()).await
            }
            _ => std::future::pending().await,
        }
    }

    async fn drive(&self, machine: &mut Machine, flow: &mut dyn Subject, input: Input<'_>) -> Outcome {
        let stops = drive::Stops {
            slot: machine.shared().exit.clone(),
            token: self.limits.cancellable.then(|| machine.info().cancellation.clone()),
            deadline: self.limits.deadline,
        };
        let run = machine.info().clone();
        let saved = input.json.filter(|_| !input.given);
        if let Some(error) = saved.and_then(|saved| flow.take_saved_input(saved).err()) {
            return Err(claim::refuse(machine, claim::input_changed(&error)).await);
        }
        let end = drive::drive(flow.drive(machine), stops).await;
        if matches!(end, drive::End::Cancelled | drive::End::TimedOut) {
            run.cancellation.cancel();
        }
        tell_failed_in_place(machine, flow, &end);
        self.end(machine, flow, input.json, end).await
    }

    fn announce_start(&self, machine: &Machine) {
        self.observers().tell(&|observer| observer.on_flow_start(machine.info()));
    }

    fn announce_end(&self, machine: &Machine, flow: &dyn Subject, outcome: &Outcome) {
        let run = machine.info();
        match outcome {
            _ if self.observers().is_empty() => {}
            Ok(_) => {
                if !machine.reached_tail() {
                    self.observers().tell(&|observer| observer.on_flow_break(run));
                }
                self.observers().tell(&|observer| observer.on_flow_complete(run, self.started.elapsed()));
            }
            _ if self.has_parked() => self.observers().tell(&|observer| observer.on_flow_wait(run)),
            // Not an end: the execution joins the one that was there first.
            Err(Error::Store(StoreError::Exists(_))) => {}
            Err(error @ Error::Cancelled { .. }) => {
                self.observers().tell(&|observer| observer.on_flow_cancelled(run, &error.text("")));
            }
            Err(error) => {
                self.announce_error(machine, &error.text(&flow.error().map(text).unwrap_or_default()));
            }
        }
    }

    fn has_parked(&self) -> bool {
        self.settings.parking.as_ref().is_some_and(|parking| parking.parked.get().is_some())
    }

    fn announce_error(&self, machine: &Machine, text: &str) {
        self.observers().tell(&|observer| observer.on_flow_error(machine.info(), text));
    }

    fn machine(&self, run: RunInfo) -> Machine {
        Machine::new(Shared {
            meta: self.meta,
            run: Arc::new(run),
            observers: self.observers().clone(),
            limits: self.limits,
            publisher: self.settings.publisher.clone(),
            durable: self.settings.durable.clone(),
            exit: Arc::default(),
            parking: self.settings.parking.clone(),
        })
    }

    fn run_info(
        &self,
        run_id: Option<String>,
        correlation_id: String,
        started_at: SystemTime,
        resuming: bool,
    ) -> RunInfo {
        let given = self.settings.cancellation.as_ref();
        let cancellation = given.map_or_else(CancellationToken::new, CancellationToken::child_token);
        RunInfo { flow: self.meta.name, run_id, correlation_id, resuming, started_at, cancellation }
    }

    fn correlation_id(&self) -> String {
        self.settings.correlation_id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
    }

    fn observers(&self) -> &Observers {
        &self.settings.observers
    }
}

/// The run was completed before, with this output.
fn take_saved_output(flow: &mut dyn Subject, asked: &Asked, output: &Json) -> Outcome {
    flow.take_saved_output(output).map_err(|error| output_changed(asked.run_id(), &error))
}

/// Observers hear of the failure of a body that has run in place, before they hear that the flow has failed.
fn tell_failed_in_place(machine: &mut Machine, flow: &dyn Subject, end: &drive::End) {
    match end {
        drive::End::Returned => flow.error().into_iter().for_each(|error| machine.failed_in_place(error)),
        drive::End::Stopped(Exit::StepTimeout { .. }) => machine.failed_in_place(&"timed out"),
        _ => {}
    }
}
