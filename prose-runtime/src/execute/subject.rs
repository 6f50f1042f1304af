//! A flow with its types hidden, so that the machinery around flows is compiled once and not for each of them.

use std::fmt::Display;
use std::sync::Arc;

use crate::Json;
use crate::codec::encode;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::flow::{Driving, Flow, FlowError, Meta, RunValue, Undoing};
use crate::machine::Machine;
use crate::migration::Migrate;

use super::Ended;

/// A flow that is being executed.
pub(super) trait Subject: Send {
    /// What is known of it at compile time.
    fn meta(&self) -> &'static Meta;
    /// What moves runs of older versions over.
    fn migrations(&self) -> &'static [Migrate];
    /// The input as given, encoded.
    fn encode_input(&self) -> Result<Json, serde_json::Error>;
    /// The flow's own future. `saved` is the input of a run that exists; else the one that was given is taken.
    fn drive<'a>(
        &'a mut self,
        machine: &'a mut Machine,
        saved: Option<&Json>,
    ) -> Result<Driving<'a>, serde_json::Error>;
    /// The future of a point's compensation.
    fn undo<'a>(
        &'a mut self,
        machine: &'a mut Machine,
        input: Option<&Json>,
        point: u16,
    ) -> Result<Driving<'a>, serde_json::Error>;
    /// The error of the last compensation, if it returned one.
    fn undo_error(&self) -> Option<&dyn Display>;
    /// The flow's error, if it returned one.
    fn error(&self) -> Option<&dyn Display>;
    /// The flow's output, encoded.
    fn encode_output(&self) -> Result<Json, serde_json::Error>;
}

/// A flow, with what it is called with and what it returns.
pub(super) struct Typed<F: Flow> {
    pub(super) input: Option<F::Input>,
    pub(super) deps: Arc<F::Deps>,
    pub(super) result: Option<Result<F::Output, F::Error>>,
    /// What the last compensation returned.
    pub(super) undone: Option<Result<(), F::Error>>,
}

impl<F: Flow> Typed<F> {
    /// The outcome with its types again.
    pub(super) fn outcome(self, ended: Result<Ended, Error<()>>) -> Result<F::Output, Error<F::Error>> {
        // Written out, as all of this file: it is compiled for each flow.
        match (ended, self.result) {
            (Ok(Ended::Saved { run_id, output }), _) => saved_output(run_id, &output),
            (Ok(Ended::Returned), Some(Ok(output))) => Ok(output),
            (Err(error), Some(Err(own))) => Err(error.with_flow_error(Some(own))),
            (Err(error), _) => Err(error.with_flow_error(None)),
            (Ok(Ended::Returned), _) => unreachable!("a flow that has returned left its output"),
        }
    }
}

/// With its causes, where it shows them (`anyhow` does): whoever reads the checkpoint has nothing else.
pub(super) fn text(error: &dyn Display) -> String {
    format!("{error:#}")
}

/// The output that a run has saved.
pub(crate) fn saved_output<O: RunValue, E>(run_id: String, output: &Json) -> Result<O, Error<E>> {
    match (O::CODEC.read)(output) {
        Ok(output) => Ok(output),
        Err(error) => Err(changed(run_id, &error)),
    }
}

fn changed<E>(run_id: String, error: &serde_json::Error) -> Error<E> {
    Error::CodeChanged {
        run_id,
        step: None,
        reason: format!("its saved output is not what this flow returns: {error}"),
    }
}

impl<F: Flow> Subject for Typed<F> {
    fn meta(&self) -> &'static Meta {
        F::META
    }

    fn migrations(&self) -> &'static [Migrate] {
        F::MIGRATIONS
    }

    fn encode_input(&self) -> Result<Json, serde_json::Error> {
        match &self.input {
            Some(input) => encode((F::Input::CODEC.write)(input)),
            None => unreachable!("the input is encoded before it is handed over"),
        }
    }

    fn drive<'a>(
        &'a mut self,
        machine: &'a mut Machine,
        saved: Option<&Json>,
    ) -> Result<Driving<'a>, serde_json::Error> {
        let input = match (saved, self.input.take()) {
            (None, Some(given)) => given,
            (Some(saved), _) => (F::Input::CODEC.read)(saved)?,
            (None, None) => unreachable!("the given input is taken once, by the run that it creates"),
        };
        let ctx = Ctx::new(self.deps.clone(), machine.info().clone());
        let result = &mut self.result;
        Ok(Box::pin(async move { *result = Some(F::drive(machine, ctx, input).await) }))
    }

    fn undo<'a>(
        &'a mut self,
        machine: &'a mut Machine,
        input: Option<&Json>,
        point: u16,
    ) -> Result<Driving<'a>, serde_json::Error> {
        match (F::UNDOING, input) {
            (Some(Undoing(start)), Some(input)) => {
                let ctx = Ctx::new(self.deps.clone(), machine.info().clone());
                start(machine, ctx, input, point, &mut self.undone)
            }
            _ => unreachable!("a flow with compensations has its input kept"),
        }
    }

    fn undo_error(&self) -> Option<&dyn Display> {
        match &self.undone {
            Some(Err(error)) => Some(error.shown()),
            _ => None,
        }
    }

    fn error(&self) -> Option<&dyn Display> {
        match &self.result {
            Some(Err(error)) => Some(error.shown()),
            _ => None,
        }
    }

    fn encode_output(&self) -> Result<Json, serde_json::Error> {
        match &self.result {
            Some(Ok(output)) => encode((F::Output::CODEC.write)(output)),
            _ => unreachable!("only an output is encoded"),
        }
    }
}
