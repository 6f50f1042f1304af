//! Executing a run that an engine has claimed.

use std::time::Duration;

use super::claim::{Asked, Claimed};
use super::compensate::give_up_compensation;
use super::ending::{store_error, write};
use super::subject::Subject;
use super::{Execution, Input, Outcome, Settings, fit};
use crate::error::Error;
use crate::flow::Meta;
use crate::machine::Machine;
use crate::migration::{self, Migrate};
use crate::store::queue::{Fit, Standing};
use crate::store::{ClaimedRun, Ending, Store, StoreError};

/// What became of an execution.
#[derive(Debug)]
pub(crate) enum Ran {
    /// The run has ended, was blocked, or is another execution's by now.
    Ended,
    /// It waits, out of memory.
    Waits,
    /// It has not ended, and is free again: what lies beneath it has failed, and this is what that said.
    Interrupted(String),
    /// It has not ended, and this code cannot go on with it; other code can.
    NotForThisCode(String),
}

/// Runs a claimed run until it has ended, waits, or cannot go on; then it is put off.
pub(crate) async fn execute_claimed(mut flow: Box<dyn Subject>, settings: Settings, claimed: ClaimedRun) -> Ran {
    Execution::new(flow.meta(), settings).run_claimed(&mut *flow, claimed).await
}

/// Whether a flow's code can go on with a run that stands there, by what is known in this process. `NotNow`: [`ask_for`] must be called first.
pub(crate) fn fits(meta: &'static Meta, migrations: &[Migrate], standing: &Standing) -> Fit {
    if standing.undoing {
        return Fit::Yes;
    }
    if standing.version != meta.version {
        return migration::no_way_from(migrations, meta, standing.version).map_or(Fit::Yes, Fit::No);
    }
    let Some(position) = &standing.position else { return Fit::Yes };
    match fit::compared_here(meta, standing.written_by, position).as_deref() {
        Some(Ok(_)) => Fit::Yes,
        Some(Err(reason)) => Fit::No(reason.clone()),
        None => Fit::NotNow,
    }
}

impl Execution {
    async fn run_claimed(&self, flow: &mut dyn Subject, claimed: ClaimedRun) -> Ran {
        let Some((store, _)) = self.settings.durable.clone() else { unreachable!("a claimed run is kept in a store") };
        let mut asked = Asked::claimed(store, &claimed, flow);
        let (mut machine, input, crashes) = match self.go_on(&mut asked, claimed).await {
            Ok(Claimed::Run { machine, input, crashes, .. }) => (machine, input, crashes),
            Ok(Claimed::Ended(_)) => unreachable!("a run that was claimed has not ended"),
            Err(Error::CodeChanged { .. }) => return Ran::Ended,
            Err(error) => return self.interrupted(error).await,
        };
        let input = Input { json: Some(&input), given: false };
        let outcome = match self.is_given_up(crashes) {
            true => self.give_up(&mut machine, flow, input, crashes).await,
            false => self.run(&mut machine, flow, input).await,
        };
        let is_put_off = self.put_off(&mut machine, &outcome).await;
        match outcome {
            Err(_) if self.has_parked() => Ran::Waits,
            Err(error) if is_put_off => Ran::Interrupted(error.text("")),
            Err(Error::CodeChanged { reason, .. }) if is_open(&machine) => Ran::NotForThisCode(reason),
            // Held meanwhile: nobody else tries it.
            Err(error) if is_open(&machine) => self.interrupted(error).await,
            _ => Ran::Ended,
        }
    }

    /// A run that can neither go on nor end is given back for a while, so that it takes no place meanwhile; whether that could be done. Not
    /// one that is being undone, whose status says so, or is to be cancelled, which would be due at once; and not one of which it is unknown
    /// whether its last commit was written.
    pub(super) async fn put_off(&self, machine: &mut Machine, outcome: &Outcome) -> bool {
        let (Some(parking), Err(error)) = (&self.settings.parking, outcome) else { return false };
        if self.has_parked() || !is_open(machine) {
            return false;
        }
        self.is_interrupted_by(error);
        let is_known = match error {
            Error::Database { source, .. } => !source.is_of_a_lost_commit(),
            Error::Child { .. } => true,
            _ => false,
        };
        let is_ending = machine.undoing().is_some() || machine.info().cancellation.is_cancelled();
        let Some(owner) = machine.owner.as_mut().filter(|_| is_known && !is_ending) else { return false };
        match owner.store.queue().now().await {
            Ok(now) => owner.postpone(now + parking.pause).await.is_ok(),
            Err(_) => false,
        }
    }

    /// Tells a parent's execution that this one has not ended its run.
    pub(super) fn is_interrupted_by(&self, error: &Error<()>) {
        let never_begun = matches!(error, Error::OtherFlow { .. } | Error::Cancelled { .. } | Error::Timeout { .. });
        if let Some(parking) = self.settings.parking.as_ref().filter(|_| !never_begun) {
            let _first = parking.interrupted.set(());
        }
    }

    /// Whether a run is not to be tried any more as it stands: it has killed its process too often.
    pub(super) fn is_given_up(&self, crashes: u32) -> bool {
        self.settings.parking.as_ref().is_some_and(|parking| crashes >= parking.max_crashes)
    }

    /// What kills its process again and again is not tried for ever: a run has failed; of one that is being undone, the compensation that it
    /// stands at.
    pub(super) async fn give_up(
        &self,
        machine: &mut Machine,
        flow: &mut dyn Subject,
        input: Input<'_>,
        crashes: u32,
    ) -> Outcome {
        let died = format!(
            "{crashes} executions in a row died with their process, or were stopped past their lease, without getting any further"
        );
        if machine.undoing().is_some() {
            give_up_compensation(machine, format!("{died}; whether it has done anything is not known")).await?;
            return self.run(machine, flow, input).await;
        }
        let run_id = machine.info().run_id.clone().unwrap_or_default();
        let (step, place) = match machine.stands_behind() {
            Some(step) => (None, format!(", somewhere behind step `{step}`")),
            None => (machine.stands_at(), String::new()),
        };
        let message = format!("{died}{place}; the run is not tried again by itself (`engine.restart(..)` does)");
        self.announce_error(machine, &message);
        write(machine, Ending::Failed { step: step.clone(), error: message.clone() }).await.map_err(store_error)?;
        Err(Error::JoinedFailed { run_id, step, message })
    }

    async fn interrupted(&self, error: Error<()>) -> Ran {
        let pause = self.settings.parking.as_ref().map_or(Duration::ZERO, |parking| parking.pause);
        tokio::time::sleep(pause).await;
        Ran::Interrupted(error.text(""))
    }
}

/// Whether the run is this execution's, and has not ended.
fn is_open(machine: &Machine) -> bool {
    machine.owner.as_ref().is_some_and(|owner| owner.lease().is_some())
}

/// Reads from the store what [`fits`] must know of the code that wrote where a run stands.
pub(crate) async fn ask_for(meta: &'static Meta, store: &dyn Store, standing: &Standing) -> Result<(), StoreError> {
    match &standing.position {
        Some(position) => fit::compared(meta, store, standing.written_by, position).await.map(drop),
        None => Ok(()),
    }
}
