//! Executing a run that an engine has claimed.

use std::sync::Arc;
use std::time::Duration;

use super::claim::{Asked, Claimed};
use super::ending::{store_error, write};
use super::subject::{Subject, Typed};
use super::{Execution, Input, Settings, fit};
use crate::error::Error;
use crate::flow::{Flow, Meta};
use crate::machine::Machine;
use crate::migration::{self, Migrate};
use crate::store::queue::{Fit, Standing};
use crate::store::{ClaimedRun, Ending};

/// What an engine says of an execution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Orders {
    /// So many executions may die with their process before the run is given up.
    pub(crate) max_crashes: u32,
    /// How long a run that can neither go on nor end is kept from being tried again.
    pub(crate) pause: Duration,
}

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

/// Runs a claimed run until it has ended, waits, or cannot go on.
pub(crate) async fn execute_claimed<F: Flow>(
    deps: Arc<F::Deps>,
    settings: Settings,
    claimed: ClaimedRun,
    orders: Orders,
) -> Ran {
    let mut flow = Typed::<F> { input: None, deps, result: None, undone: None };
    Execution::new(F::META, settings).run_claimed(&mut flow, claimed, orders).await
}

/// Whether a flow's code can go on with a run that stands there, by what is known in this process. `Err`: what must be asked first.
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
    async fn run_claimed(&self, flow: &mut dyn Subject, claimed: ClaimedRun, orders: Orders) -> Ran {
        let Some((store, _)) = self.settings.durable.clone() else { unreachable!("a claimed run is kept in a store") };
        let crashes = claimed.crashes;
        let mut asked = Asked::claimed(store, &claimed, flow);
        let (mut machine, input) = match self.go_on(&mut asked, claimed).await {
            Ok(Claimed::Run { machine, input, .. }) => (machine, input),
            Ok(Claimed::Ended(_)) => unreachable!("a run that was claimed has not ended"),
            Err(Error::CodeChanged { .. }) => return Ran::Ended,
            Err(error) => return self.interrupted(error, orders.pause).await,
        };
        if crashes >= orders.max_crashes && machine.undoing().is_none() {
            return self.give_up(&mut machine, crashes, orders.pause).await;
        }
        let outcome = self.run(&mut machine, flow, Input { json: Some(&input), given: false }).await;
        let is_open = machine.owner.as_ref().is_some_and(|owner| owner.lease().is_some());
        match outcome {
            Err(_) if self.has_parked() => Ran::Waits,
            Err(Error::CodeChanged { reason, .. }) if is_open => Ran::NotForThisCode(reason),
            // Held meanwhile: nobody else tries it.
            Err(error) if is_open => self.interrupted(error, orders.pause).await,
            _ => Ran::Ended,
        }
    }

    /// What kills its process again and again is not tried for ever.
    async fn give_up(&self, machine: &mut Machine, crashes: u32, pause: Duration) -> Ran {
        let step = machine.stands_at();
        let error = format!(
            "{crashes} executions in a row died with their process, or were stopped past their lease, without getting any further; \
             the run is not tried again by itself (`engine.restart(..)` does)"
        );
        self.announce_error(machine, &error);
        match write(machine, Ending::Failed { step, error }).await {
            Ok(()) => Ran::Ended,
            Err(error) => self.interrupted(store_error(error), pause).await,
        }
    }

    async fn interrupted(&self, error: Error<()>, pause: Duration) -> Ran {
        tokio::time::sleep(pause).await;
        Ran::Interrupted(error.text(""))
    }
}

/// Whether the code that wrote where a run stands must be read from the store before [`fits`] can tell.
pub(crate) async fn ask_for(
    meta: &'static Meta,
    store: &dyn crate::store::Store,
    standing: &Standing,
) -> Result<(), crate::store::StoreError> {
    match &standing.position {
        Some(position) => fit::compared(meta, store, standing.written_by, position).await.map(drop),
        None => Ok(()),
    }
}
