//! Writing down how an execution ended, and saying so to the caller.

use super::claim;
use super::drive::{End, panic_text};
use super::subject::{Subject, text};
use super::{Execution, Outcome};
use crate::Json;
use crate::database::DatabaseError;
use crate::error::Error;
use crate::machine::{ChildEnd, Exit, FailedElement, Machine, pattern_differs};
use crate::store::{Ending, StoreError};

impl Execution {
    /// Commits the end of an execution, then tells it.
    pub(super) async fn end(
        &self,
        machine: &mut Machine,
        flow: &mut dyn Subject,
        input: Option<&Json>,
        end: End,
    ) -> Outcome {
        let step = machine.current_step();
        match end {
            End::Returned => match flow.error().map(text) {
                None => self.complete(machine, flow).await,
                Some(error) => {
                    let ending = Ending::Failed { step: step.clone(), error };
                    self.undo_and_end(machine, flow, input, ending, Error::Failed { step, error: () }).await
                }
            },
            End::TimedOut => {
                let after = self.settings.timeout.unwrap_or_default();
                let error = Error::Timeout { step, after };
                self.fail(machine, format!("the flow timed out after {after:?}"), error).await
            }
            End::Cancelled => self.cancel(machine, flow, input, step).await,
            End::Stopped(exit) => self.stopped(machine, flow, input, exit).await,
            End::Panicked(panic) => {
                let text = format!("panicked: {}", panic_text(&*panic));
                // The panic goes on whatever becomes of the record of it. Behind a commit that is on its way there is none: the store would take the
                // one that comes first for somebody else's. The run is given back then, as one whose process has died.
                if !machine.shared().exit.is_writing() {
                    let _recorded = write(machine, Ending::Failed { step, error: text.clone() }).await;
                }
                self.announce_error(machine, &text);
                std::panic::resume_unwind(panic)
            }
        }
    }

    async fn complete(&self, machine: &mut Machine, flow: &mut dyn Subject) -> Outcome {
        if machine.owner.is_none() {
            return Ok(());
        }
        let output = match flow.encode_output() {
            Ok(output) => output,
            Err(error) => {
                let error = Error::Unsavable { what: "the output".to_owned(), reason: error.to_string() };
                return self.fail(machine, error.text(""), error).await;
            }
        };
        write(machine, Ending::Completed { output }).await.map_err(store_error)?;
        Ok(())
    }

    /// Records a failure; if that cannot be done, the store's error is what the caller must know.
    async fn fail(&self, machine: &mut Machine, text: String, error: Error<()>) -> Outcome {
        let step = machine.current_step();
        write(machine, Ending::Failed { step, error: text }).await.map_err(store_error)?;
        Err(error)
    }

    async fn cancel(
        &self,
        machine: &mut Machine,
        flow: &mut dyn Subject,
        input: Option<&Json>,
        step: Option<String>,
    ) -> Outcome {
        let error = Error::Cancelled { step: step.clone() };
        // A run cancelled before its first commit was never there.
        if machine.owner.as_ref().is_some_and(|owner| !owner.exists()) {
            return Err(error);
        }
        self.undo_and_end(machine, flow, input, Ending::Cancelled { step }, error).await
    }

    async fn stopped(
        &self,
        machine: &mut Machine,
        flow: &mut dyn Subject,
        input: Option<&Json>,
        exit: Exit,
    ) -> Outcome {
        let exit = match exit {
            Exit::Wait { point, ending } => return self.park(machine, point, ending).await,
            Exit::Failed(failed) => return self.failed_before(machine, flow, input, failed).await,
            exit => exit,
        };
        let run_id = machine.info().run_id.clone().unwrap_or_default();
        let for_good = matches!(exit, Exit::StepTimeout { .. } | Exit::Child { why: ChildEnd::ForGood, .. });
        let error = match exit {
            Exit::Store(error) => return Err(store_error(error)),
            Exit::Wait { .. } | Exit::Failed(_) => unreachable!("that is told above"),
            Exit::Database { source: DatabaseError::Fenced, .. } => return Err(Error::Fenced { run_id }),
            // What is written now may be behind a commit that nobody knows of. The run is given back; the next call finds it out.
            Exit::Database { step, source: source @ DatabaseError::Unknown { .. }, .. } if machine.owner.is_some() => {
                return Err(Error::Database { step: step.into_owned(), source });
            }
            // An engine goes on when the database is there again; whoever has called finds it out by himself.
            Exit::Database { step, begun, source } if self.by_engine() && (!begun || source.is_of_a_lost_commit()) => {
                return Err(Error::Database { step: step.into_owned(), source });
            }
            Exit::Child { step, run_id, source, why: ChildEnd::Interrupted } => {
                return Err(Error::Child { step: step.into_owned(), run_id, source });
            }
            // Not a failure of the run: other code can go on with it.
            Exit::Unreadable { variable, reason } => {
                return Err(claim::refuse(machine, format!("variable `{variable}`: {reason}")).await);
            }
            Exit::Unmatched { pattern } => return Err(claim::refuse(machine, pattern_differs(pattern)).await),
            Exit::Unsavable { variable, reason } => Error::Unsavable { what: format!("variable `{variable}`"), reason },
            Exit::StepTimeout { step, after } => Error::StepTimeout { step: step.into_owned(), after },
            Exit::Database { step, source, .. } => Error::Database { step: step.into_owned(), source },
            Exit::Child { step, run_id, source, .. } => Error::Child { step: step.into_owned(), run_id, source },
            Exit::Publish { step, source } => Error::Publish { step: step.into_owned(), source },
        };
        if for_good {
            let ending = Ending::Failed { step: machine.current_step(), error: error.text("") };
            return self.undo_and_end(machine, flow, input, ending, error).await;
        }
        self.fail(machine, error.text(""), error).await
    }
}

impl Execution {
    /// The run leaves memory; whoever has asked for that is told by the slot, and not by the outcome.
    async fn park(&self, machine: &mut Machine, point: u16, ending: Ending) -> Outcome {
        let until = if let Ending::Waiting { until, .. } = &ending { *until } else { None };
        machine.park(point, ending).await.map_err(store_error)?;
        if let Some(parking) = &self.settings.parking {
            let _first = parking.parked.set(until);
        }
        Err(Error::Cancelled { step: None })
    }

    /// An element of a fan-out had failed, and all beside it have ended since.
    async fn failed_before(
        &self,
        machine: &mut Machine,
        flow: &mut dyn Subject,
        input: Option<&Json>,
        failed: FailedElement,
    ) -> Outcome {
        let FailedElement { step, error: message, for_good } = failed;
        let ending = Ending::Failed { step: Some(step.clone()), error: message.clone() };
        let run_id = machine.info().run_id.clone().unwrap_or_default();
        let error = Error::JoinedFailed { run_id, step: Some(step), message };
        if for_good {
            return self.undo_and_end(machine, flow, input, ending, error).await;
        }
        write(machine, ending).await.map_err(store_error)?;
        Err(error)
    }

    fn by_engine(&self) -> bool {
        self.settings.parking.is_some()
    }
}

/// Commits what the finished steps have staged, with the ending; observers hear of its steps then.
pub(super) async fn write(machine: &mut Machine, ending: Ending) -> Result<(), StoreError> {
    if matches!(ending, Ending::Failed { .. }) {
        machine.forget_failed_element();
    }
    if let Some(owner) = &mut machine.owner {
        let commit = owner.journal.end(ending);
        owner.write(commit).await?;
        machine.announce();
    }
    Ok(())
}

pub(super) fn store_error(error: StoreError) -> Error<()> {
    match error {
        StoreError::Fenced(key) => Error::Fenced { run_id: key.to_string() },
        error => Error::Store(error),
    }
}
