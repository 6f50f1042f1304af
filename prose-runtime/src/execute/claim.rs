//! Getting hold of a run: create, take over, join, or return what it ended with.

use std::sync::Arc;
use std::time::SystemTime;

use super::compensate::and_not_undone;
use super::subject::Subject;
use super::{Execution, fit};
use crate::Json;
use crate::error::Error;
use crate::machine::{Journal, Machine, Owner};
use crate::migration::{self, Migrate};
use crate::store::{
    Claim, ClaimRequest, ClaimedRun, Ending, NewRun, RunKey, RunState, Store, StoreError, code, from_millis, to_millis,
};

/// A run that is asked for.
pub(super) struct Asked {
    store: Arc<dyn Store>,
    request: ClaimRequest,
    /// The input as given.
    input: Json,
    /// The given input was handed to an execution that turned out not to be the first: from now on the saved one counts.
    handed_over: bool,
    /// Another execution was joined: its failure is this call's, and not restarted.
    joined: bool,
    /// How the run had failed, if it is to be started again: so it stays if this code cannot go on with it.
    failed: Option<Ending>,
    migrations: &'static [Migrate],
}

/// What came of it.
pub(super) enum Claimed {
    /// A machine to drive, and the run's input; whether the flow takes the value that the caller has given for it.
    Run {
        machine: Box<Machine>,
        input: Json,
        given: bool,
        /// How many executions in a row have died with their process.
        crashes: u32,
    },
    /// With this output, or this error.
    Ended(Result<Json, Error<()>>),
}

impl Asked {
    pub(super) fn new(store: Arc<dyn Store>, key: RunKey, flow: &dyn Subject) -> Result<Self, Error<()>> {
        let input = encode_input(flow)?;
        let request = ClaimRequest { key, flow: flow.meta().name.to_owned(), restart_failed: false };
        let migrations = flow.migrations();
        Ok(Self { store, request, input, handed_over: false, joined: false, failed: None, migrations })
    }

    /// A run that was claimed already.
    pub(super) fn claimed(store: Arc<dyn Store>, claimed: &ClaimedRun, flow: &dyn Subject) -> Self {
        let run = &claimed.state.run;
        let request = ClaimRequest { key: run.key.clone(), flow: run.flow.clone(), restart_failed: false };
        let (input, migrations) = (run.input.clone(), flow.migrations());
        Self { store, request, input, handed_over: true, joined: false, failed: None, migrations }
    }

    pub(super) fn run_id(&self) -> String {
        self.request.key.to_string()
    }
}

impl Execution {
    /// Asks for the run until there is an answer that is not "wait".
    pub(super) async fn claim(&self, asked: &mut Asked) -> Result<Claimed, Error<()>> {
        loop {
            self.not_stopped()?;
            asked.request.restart_failed = asked.failed.is_some();
            match asked.store.claim(&asked.request).await.map_err(Error::Store)? {
                Claim::Missing => return Ok(self.create(asked)),
                Claim::Claimed(claimed) => return self.go_on(asked, *claimed).await,
                Claim::Ended(state) if !asked.joined && state.folded.can_restart() => {
                    asked.failed = state.folded.ending;
                }
                Claim::Ended(state) => return Ok(Claimed::Ended(self.ended(asked, *state))),
                Claim::OtherFlow(actual) => {
                    return Err(Error::OtherFlow { run_id: asked.run_id(), called: self.meta.name, actual });
                }
                Claim::Held { epoch } => {
                    (asked.joined, asked.failed) = (true, None);
                    self.wait(asked, epoch).await?;
                }
            }
        }
    }

    /// Waits for a run that is executed elsewhere. Cancelling or timing out ends this call only, not that execution.
    async fn wait(&self, asked: &mut Asked, epoch: u64) -> Result<(), Error<()>> {
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
            () = cancelled => Err(Error::Cancelled { step: None }),
        }
    }

    /// A call that was cancelled before it began leaves no trace.
    fn not_stopped(&self) -> Result<(), Error<()>> {
        // A child that is there writes down that it was cancelled.
        let is_child = self.settings.parent.is_some();
        if !is_child && self.settings.cancellation.as_ref().is_some_and(|token| token.is_cancelled()) {
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
    fn create(&self, asked: &mut Asked) -> Claimed {
        let new = NewRun {
            key: asked.request.key.clone(),
            uid: uuid::Uuid::new_v4().to_string(),
            flow: self.meta.name.to_owned(),
            version: self.meta.version,
            fingerprint: self.meta.fingerprint,
            input: asked.input.clone(),
            correlation_id: self.correlation_id(),
            created_at: now(),
            parent: self.settings.parent.clone(),
        };
        let run_id = Some(new.key.run_id.clone());
        let mut machine = self.machine(self.run_info(run_id, new.correlation_id.clone(), new.created_at, false));
        machine.owner = Some(Owner::new(asked.store.clone(), new, code::of(self.meta)));
        self.announce_start(&machine);
        // The first execution gets what the caller gave, so that nothing depends on a round trip.
        let given = !std::mem::replace(&mut asked.handed_over, true);
        Claimed::Run { machine: Box::new(machine), input: asked.input.clone(), given, crashes: 0 }
    }

    /// A run that stands somewhere: on from there, with its own input.
    pub(super) async fn go_on(&self, asked: &mut Asked, claimed: ClaimedRun) -> Result<Claimed, Error<()>> {
        let ClaimedRun { lease, state, crashes } = claimed;
        let mut machine = self.machine_of(&state);
        if state.cancel_asked {
            machine.info().cancellation.cancel();
        }
        if let Some(parking) = self.settings.parking.as_ref().filter(|_| state.run.parent != self.settings.parent) {
            let _first = parking.of_another.set(());
        }
        self.announce_resumption(asked, &machine, &state);
        let written_by = state.written_by();
        let fingerprint = (written_by != self.meta.fingerprint).then_some(self.meta.fingerprint);
        // From here on the run is given back if anything is wrong with it.
        let journal = Journal::resume(state.folded.clone(), fingerprint);
        let mut owner = Owner::claimed(asked.store.clone(), lease, journal, asked.failed.take());
        if fingerprint.is_some() {
            owner.under_other_code(code::of(self.meta));
        }
        machine.owner = Some(owner);
        match self.fit(asked, &mut machine, state).await? {
            Ok(input) => Ok(Claimed::Run { machine: Box::new(machine), input, given: false, crashes }),
            Err(reason) => {
                let error = refuse(&mut machine, reason).await;
                self.announce_error(&machine, &error.text(""));
                Err(error)
            }
        }
    }

    /// Prepares a machine to go on with a run; its input then, or why this code cannot.
    async fn fit(
        &self,
        asked: &Asked,
        machine: &mut Machine,
        mut state: RunState,
    ) -> Result<Result<Json, String>, Error<()>> {
        // Undoing has no place in the code where it stands: each compensation finds what it needs in its own record.
        if state.folded.compensation.is_some() {
            return Ok(Ok(state.run.input));
        }
        let mut written_by = state.written_by();
        if state.run.version != self.meta.version {
            let migrated = match migration::migrate(asked.migrations, self.meta, &state) {
                Ok(migrated) => migrated,
                Err(reason) => return Ok(Err(reason)),
            };
            // What the older code had declared says nothing of what was made of it.
            written_by = self.meta.fingerprint;
            state.run.input = migrated.input.clone();
            state.folded = migrated.folded.clone();
            if let Some(owner) = &mut machine.owner {
                owner.migrated(migrated);
            }
        }
        let Some(position) = &state.folded.position else { return Ok(Ok(state.run.input)) };
        let compared = fit::compared(self.meta, &*asked.store, written_by, position).await.map_err(Error::Store)?;
        let point = match &*compared {
            Ok(fit) => fit.point,
            Err(reason) => return Ok(Err(reason.clone())),
        };
        if let Some(missing) = fit::missing(self.meta, point, position.phase, &state.folded) {
            return Ok(Err(format!("variable `{missing}` is needed there and was not saved")));
        }
        machine.compared = Some(compared);
        machine.resume_at(point, position.phase);
        Ok(Ok(state.run.input))
    }

    /// A run that has ended: its result, without running anything.
    fn ended(&self, asked: &Asked, state: RunState) -> Result<Json, Error<()>> {
        let machine = self.machine_of(&state);
        self.announce_resumption(asked, &machine, &state);
        let outcome = saved_outcome(state);
        match &outcome {
            Ok(_) => {
                self.observers().tell(&|observer| observer.on_flow_complete(machine.info(), self.started.elapsed()))
            }
            Err(error) => self.announce_error(&machine, &error.text("")),
        }
        outcome
    }

    fn machine_of(&self, state: &RunState) -> Machine {
        let run_id = Some(state.run.key.run_id.clone());
        // One that was submitted, and that nobody has executed yet, does not go on: it begins.
        let resuming = state.folded.position.is_some() || state.folded.ending.is_some();
        self.machine(self.run_info(run_id, state.run.correlation_id.clone(), state.run.created_at, resuming))
    }

    fn announce_resumption(&self, asked: &Asked, machine: &Machine, state: &RunState) {
        // Whether the inputs are the same may mean to parse both: not for nobody.
        if self.observers().is_empty() {
            return;
        }
        self.announce_start(machine);
        let run = machine.info();
        if !state.run.input.means(&asked.input) {
            self.observers().tell(&|observer| observer.on_input_ignored(run));
        }
        for step in &state.folded.completed {
            self.observers().tell(&|observer| observer.on_step_skipped(run, step));
        }
    }
}

/// As exact as a store keeps it: the first execution sees what the later ones see.
fn now() -> SystemTime {
    from_millis(to_millis(SystemTime::now()))
}

/// The output that an ended run has saved, or why it has none.
fn saved_outcome(state: RunState) -> Result<Json, Error<()>> {
    let key = state.run.key;
    let run_id = key.to_string();
    let not_undone = state.folded.compensation.map_or_else(Vec::new, |compensation| compensation.not_undone());
    match state.folded.ending {
        Some(Ending::Completed { output }) => Ok(output),
        Some(ending @ (Ending::Failed { .. } | Ending::Cancelled { .. })) => {
            Err(and_not_undone(saved_error(run_id, &ending), not_undone))
        }
        Some(Ending::Blocked { .. } | Ending::Waiting { .. }) | None => Err(Error::Store(StoreError::Corrupt {
            key,
            place: "the store".into(),
            reason: "it is reported as ended, but has no ending".into(),
        })),
    }
}

/// The error of a run that did not complete.
pub(super) fn saved_error(run_id: String, ending: &Ending) -> Error<()> {
    match ending {
        Ending::Failed { step, error } => Error::JoinedFailed { run_id, step: step.clone(), message: error.clone() },
        Ending::Cancelled { step } => Error::Cancelled { step: step.clone() },
        Ending::Completed { .. } | Ending::Blocked { .. } | Ending::Waiting { .. } => {
            unreachable!("only a run that has failed or was cancelled has an error")
        }
    }
}

/// The input as given.
pub(super) fn encode_input(flow: &dyn Subject) -> Result<Json, Error<()>> {
    flow.encode_input().map_err(|error| Error::Unsavable { what: "the input".into(), reason: error.to_string() })
}

/// The saved input does not decode.
pub(super) fn input_changed(error: &serde_json::Error) -> String {
    format!("its saved input is not what this flow takes: {error}")
}

/// This code cannot go on with a run: it is blocked, or failed as it was before. The error that says so.
pub(super) async fn refuse(machine: &mut Machine, reason: String) -> Error<()> {
    let run_id = machine.info().run_id.clone().unwrap_or_default();
    let step = machine.stands_at();
    machine.block(step.clone(), reason.clone()).await;
    Error::CodeChanged { run_id, step, reason }
}
