//! Undoing a run that has failed for good or was cancelled, and then ending it.
//!
//! ```text
//! begun: because ..     one commit, with what the last step had staged; from here on the run only undoes
//! undone: charge        one commit a compensation, in reverse; it says so if one has failed for good
//! undone: reserve
//! failed                the ending
//! ```
//!
//! Whoever finds a run between two of these goes on from there.

use super::drive::{self, End, panic_text};
use super::subject::{Subject, text};
use super::{Execution, Outcome};
use crate::Json;
use crate::database::DatabaseError;
use crate::error::Error;
use crate::machine::{Exit, Machine, pattern_differs};
use crate::store::{Ending, NotUndone};

use super::claim::input_changed;
use super::ending::{store_error, write};

impl Execution {
    /// Ends a run for good: if anything it has done can be undone, that is undone first. `error` is what the caller gets.
    pub(super) async fn undo_and_end(
        &self,
        machine: &mut Machine,
        flow: &mut dyn Subject,
        input: Option<&Json>,
        ending: Ending,
        error: Error<()>,
    ) -> Outcome {
        if !machine.can_be_undone() {
            write(machine, ending).await.map_err(store_error)?;
            return Err(error);
        }
        machine.turn_back(ending.clone()).await.map_err(store_error)?;
        self.go_on_undoing(machine, flow, input, ending, error).await
    }

    /// Undoes what is not undone yet of a run whose undoing has begun, and ends it.
    pub(super) async fn go_on_undoing(
        &self,
        machine: &mut Machine,
        flow: &mut dyn Subject,
        input: Option<&Json>,
        ending: Ending,
        error: Error<()>,
    ) -> Outcome {
        self.observers().tell(&|observer| observer.on_undo_start(machine.info()));
        machine.begin_undoing();
        while let Some(next) = machine.next_undo() {
            let point = next.map_err(|step| no_compensation(machine, step))?;
            let failure = self.undo(machine, flow, input, point).await?;
            machine.undone(point, failure).await.map_err(store_error)?;
        }
        write(machine, ending).await.map_err(store_error)?;
        Err(and_not_undone(error, machine.not_undone()))
    }

    /// Runs a compensation. `Ok`: why it has failed for good, if it has. `Err`: the run stays as it is, to be called again.
    async fn undo(
        &self,
        machine: &mut Machine,
        flow: &mut dyn Subject,
        input: Option<&Json>,
        point: u16,
    ) -> Result<Option<String>, Error<()>> {
        let stops = drive::Stops { slot: machine.shared().exit.clone(), token: None, deadline: self.limits.deadline };
        let run = machine.info().clone();
        let Some(input) = input else { unreachable!("a flow with compensations has its input kept") };
        let undoing = flow
            .undo(machine, input, point)
            .map_err(|error| changed(run.run_id.clone(), None, input_changed(&error)))?;
        let end = drive::drive(undoing, stops).await;
        let step = machine.current_step();
        match end {
            End::Returned => Ok(flow.undo_error().map(text)),
            End::Stopped(exit) => stopped(machine, exit).map(Some),
            End::Panicked(panic) => {
                let text = format!("panicked: {}", panic_text(&*panic));
                machine.tell_failed(point, &text);
                Ok(Some(text))
            }
            End::TimedOut => {
                run.cancellation.cancel();
                Err(Error::Timeout { step, after: self.settings.timeout.unwrap_or_default() })
            }
            End::Cancelled => Err(Error::Cancelled { step }),
        }
    }
}

/// The compensation at which a run stands is not tried any more: it has failed for good, and this is why. The others go on.
pub(super) async fn give_up_compensation(machine: &mut Machine, error: String) -> Result<(), Error<()>> {
    machine.begin_undoing();
    let Some(next) = machine.next_undo() else { return Ok(()) };
    let point = next.map_err(|step| no_compensation(machine, step))?;
    machine.tell_failed(point, &error);
    machine.undone(point, Some(error)).await.map_err(store_error)
}

/// Why a compensation was stopped: its own failure, or one of what lies beneath it, from which the run can go on.
fn stopped(machine: &Machine, exit: Exit) -> Result<String, Error<()>> {
    let run_id = machine.info().run_id.clone();
    let step = machine.current_step();
    match exit {
        Exit::Store(error) => Err(store_error(error)),
        Exit::Database { source: DatabaseError::Fenced, .. } => {
            Err(Error::Fenced { run_id: run_id.unwrap_or_default() })
        }
        Exit::Unreadable { variable, reason } => Err(changed(run_id, step, format!("variable `{variable}`: {reason}"))),
        Exit::Unmatched { pattern } => Err(changed(run_id, step, pattern_differs(pattern))),
        Exit::StepTimeout { after, .. } => Ok(format!("timed out after {after:?}")),
        // The compensation itself has not failed: the database was not there. The next call goes on.
        Exit::Database { step, begun, source } if !begun || source.is_of_a_lost_commit() => {
            Err(Error::Database { step: step.into_owned(), source })
        }
        Exit::Database { source, .. } => Ok(format!("its transaction did not commit: {source}")),
        Exit::Publish { source, .. } => Ok(source.to_string()),
        Exit::Child { source, .. } => Ok(source.to_string()),
        Exit::Unsavable { variable, reason } => Ok(format!("`{variable}` cannot be saved: {reason}")),
        Exit::Wait { .. } | Exit::Failed(_) => unreachable!("no point stands in a compensation"),
    }
}

fn no_compensation(machine: &Machine, step: String) -> Error<()> {
    let reason = "it is to be undone, and this code has no compensation for it".to_owned();
    changed(machine.info().run_id.clone(), Some(step), reason)
}

/// This code cannot go on undoing; the run stays `compensating`, for code that can.
fn changed(run_id: Option<String>, step: Option<String>, reason: String) -> Error<()> {
    Error::CodeChanged { run_id: run_id.unwrap_or_default(), step, reason }
}

/// The error of a run that was undone.
pub(crate) fn and_not_undone<E>(cause: Error<E>, steps: Vec<NotUndone>) -> Error<E> {
    if steps.is_empty() { cause } else { Error::NotUndone { cause: Box::new(cause), steps } }
}
