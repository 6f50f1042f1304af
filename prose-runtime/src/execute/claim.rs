//! Getting hold of a run: create, take over, join, or return what it ended with.

use std::sync::Arc;
use std::time::SystemTime;

use super::{Execution, Outcome};
use crate::Json;
use crate::codec::encode;
use crate::error::Error;
use crate::flow::Flow;
use crate::machine::{Journal, Machine, Owner};
use crate::store::commit::{Ending, Phase, Position};
use crate::store::{Claim, ClaimRequest, ClaimedRun, NewRun, RunKey, RunState, Store, StoreError};

/// A run that is asked for.
pub(super) struct Asked<F: Flow> {
    store: Arc<dyn Store>,
    request: ClaimRequest,
    /// The input as given; gone once it was handed to the flow.
    input: Option<F::Input>,
    encoded: Json,
    /// Another execution was joined: its failure is this call's, and not restarted.
    joined: bool,
}

/// What came of it.
pub(super) enum Claimed<F: Flow> {
    Run(Box<Machine>, F::Input),
    Ended(Outcome<F>),
}

impl<F: Flow> Asked<F> {
    pub(super) fn new(store: Arc<dyn Store>, key: RunKey, input: F::Input) -> Result<Self, Error<F::Error>> {
        let unsavable =
            |error: serde_json::Error| Error::Unsavable { what: "the input".into(), reason: error.to_string() };
        let encoded = encode(&input).map_err(unsavable)?;
        let request = ClaimRequest { key, flow: F::META.name.to_owned(), restart_failed: true };
        Ok(Self { store, request, input: Some(input), encoded, joined: false })
    }

    fn run_id(&self) -> String {
        self.request.key.to_string()
    }

    /// The input for a new run. The first execution gets what the caller gave, so that nothing depends on a round trip.
    fn take_input(&mut self) -> Result<F::Input, Error<F::Error>> {
        match self.input.take() {
            Some(input) => Ok(input),
            None => decode_input::<F>(&self.encoded, &self.request.key),
        }
    }
}

impl<F: Flow> Execution<F> {
    /// Asks for the run until there is an answer that is not "wait".
    pub(super) async fn claim(&self, asked: &mut Asked<F>) -> Result<Claimed<F>, Error<F::Error>> {
        loop {
            self.not_stopped()?;
            asked.request.restart_failed = !asked.joined;
            match asked.store.claim(&asked.request).await.map_err(Error::Store)? {
                Claim::Missing => return self.create(asked),
                Claim::Claimed(claimed) => return self.go_on(asked, *claimed),
                Claim::Ended(state) => return Ok(Claimed::Ended(self.ended(asked, *state))),
                Claim::OtherFlow(actual) => {
                    return Err(Error::OtherFlow { run_id: asked.run_id(), called: F::META.name, actual });
                }
                Claim::Held { epoch } => {
                    asked.joined = true;
                    self.wait(asked, epoch).await?;
                }
            }
        }
    }

    /// Waits for a run that is executed elsewhere. Cancelling or timing out ends this call only, not that execution.
    async fn wait(&self, asked: &mut Asked<F>, epoch: u64) -> Result<(), Error<F::Error>> {
        let deadline = async {
            match self.limits.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let cancelled = async {
            match &self.settings.cancellation {
                Some(token) => token.cancelled().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = asked.store.changed(&asked.request.key, epoch) => Ok(()),
            () = deadline => self.not_stopped(),
            () = cancelled => self.not_stopped(),
        }
    }

    /// A call that was cancelled before it began leaves no trace.
    fn not_stopped(&self) -> Result<(), Error<F::Error>> {
        if self.settings.cancellation.as_ref().is_some_and(|token| token.is_cancelled()) {
            return Err(Error::Cancelled { step: None });
        }
        match (self.limits.deadline, self.settings.timeout) {
            (Some(deadline), Some(after)) if tokio::time::Instant::now() >= deadline => {
                Err(Error::Timeout { step: None, after })
            }
            _ => Ok(()),
        }
    }

    /// A run that does not exist: it is created by its first commit.
    fn create(&self, asked: &mut Asked<F>) -> Result<Claimed<F>, Error<F::Error>> {
        let input = asked.take_input()?;
        let new = NewRun {
            key: asked.request.key.clone(),
            uid: uuid::Uuid::new_v4().to_string(),
            flow: F::META.name.to_owned(),
            version: F::META.version,
            fingerprint: F::META.fingerprint,
            input: asked.encoded.clone(),
            correlation_id: self.correlation_id(),
        };
        let run_id = Some(new.key.run_id.clone());
        let info = self.run_info(run_id, new.correlation_id.clone(), SystemTime::now(), false);
        let mut machine = self.machine(info);
        machine.owner = Some(Owner::new(asked.store.clone(), new));
        self.announce_start(&machine);
        Ok(Claimed::Run(Box::new(machine), input))
    }

    /// A run that stands somewhere: on from there, with its own input.
    fn go_on(&self, asked: &mut Asked<F>, claimed: ClaimedRun) -> Result<Claimed<F>, Error<F::Error>> {
        let ClaimedRun { lease, state } = claimed;
        let position = state.folded.position.clone();
        let fits = fits::<F>(&state);
        let mut machine = self.machine_of(&state);
        self.announce_resumption(asked, &machine, &state);
        let written_by = state.folded.fingerprint.unwrap_or(state.run.fingerprint);
        let fingerprint = (written_by != F::META.fingerprint).then_some(F::META.fingerprint);
        let input = decode_input::<F>(&state.run.input, &asked.request.key);
        // From here on the run is given back if anything is wrong with it.
        machine.owner = Some(Owner::claimed(asked.store.clone(), lease, Journal::resume(state.folded, fingerprint)));
        if let Some((point, phase)) = fits? {
            machine.resume_at(point, phase);
        }
        debug_assert!(position.is_none() || !machine.running(), "a run with a position is resumed at it");
        Ok(Claimed::Run(Box::new(machine), input?))
    }

    /// A run that has ended: its result, without running anything.
    fn ended(&self, asked: &Asked<F>, state: RunState) -> Outcome<F> {
        let machine = self.machine_of(&state);
        self.announce_resumption(asked, &machine, &state);
        let outcome = saved_outcome::<F>(state);
        match &outcome {
            Ok(_) => self.observers().tell(|observer| observer.on_flow_complete(&machine.run, self.started.elapsed())),
            Err(error) => {
                let text = error.to_string();
                self.observers().tell(|observer| observer.on_flow_error(&machine.run, &text));
            }
        }
        outcome
    }

    fn machine_of(&self, state: &RunState) -> Machine {
        let run_id = Some(state.run.key.run_id.clone());
        self.machine(self.run_info(run_id, state.run.correlation_id.clone(), state.created_at, true))
    }

    fn announce_resumption(&self, asked: &Asked<F>, machine: &Machine, state: &RunState) {
        self.announce_start(machine);
        let run = &machine.run;
        if !same(&state.run.input, &asked.encoded) {
            self.observers().tell(|observer| observer.on_input_ignored(run));
        }
        for step in &state.folded.completed {
            self.observers().tell(|observer| observer.on_step_skipped(run, step));
        }
    }
}

/// The outcome that an ended run has saved.
fn saved_outcome<F: Flow>(state: RunState) -> Outcome<F> {
    let key = state.run.key;
    let run_id = key.to_string();
    match state.folded.ending {
        Some(Ending::Completed { output }) => output.decode().map_err(|error| Error::CodeChanged {
            run_id,
            step: None,
            reason: format!("its saved output is not what this flow returns: {error}"),
        }),
        Some(Ending::Failed { step, error }) => Err(Error::JoinedFailed { run_id, step, message: error }),
        Some(Ending::Cancelled { step }) => Err(Error::Cancelled { step }),
        None => Err(Error::Store(StoreError::Corrupt {
            key,
            place: "the store".into(),
            reason: "it is reported as ended, but has no ending".into(),
        })),
    }
}

/// Equal in meaning: hash maps have no order, so the text alone would tell too much.
fn same(saved: &Json, given: &Json) -> bool {
    saved == given || saved.to_value() == given.to_value()
}

fn decode_input<F: Flow>(input: &Json, key: &RunKey) -> Result<F::Input, Error<F::Error>> {
    input.decode().map_err(|error| Error::CodeChanged {
        run_id: key.to_string(),
        step: None,
        reason: format!("its saved input is not what this flow takes: {error}"),
    })
}

/// Where in this code the run goes on; an error if this code has no such place, or needs more than was saved.
fn fits<F: Flow>(state: &RunState) -> Result<Option<(u16, Phase)>, Error<F::Error>> {
    let changed = |step: Option<&Position>, reason: String| Error::CodeChanged {
        run_id: state.run.key.to_string(),
        step: step.map(|position| position.step.clone()),
        reason,
    };
    if state.run.version != F::META.version {
        let (saved, code) = (state.run.version, F::META.version);
        return Err(changed(
            state.folded.position.as_ref(),
            format!("it is of version {saved}, the code is version {code}"),
        ));
    }
    let Some(position) = &state.folded.position else { return Ok(None) };
    let Some(index) = F::META.points.iter().position(|point| point.name == position.step) else {
        return Err(changed(Some(position), "this code has no step of that name".into()));
    };
    let point = &F::META.points[index];
    let outputs = if position.phase == Phase::Done { point.outputs } else { &[] };
    match point.live.iter().chain(outputs).find(|variable| state.folded.state.get(variable.name).is_none()) {
        Some(missing) => {
            Err(changed(Some(position), format!("variable `{}` is needed there and was not saved", missing.name)))
        }
        None => Ok(Some((index as u16, position.phase))),
    }
}
