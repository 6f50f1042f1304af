//! A flow with its types hidden, so that the machinery around flows is compiled once and not for each of them.

use std::any::Any;
use std::fmt::Display;
use std::sync::Arc;

use crate::Json;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::flow::{Driving, Flow, FlowError, Meta, RunValue};
use crate::machine::Machine;
use crate::migration::Migrate;

/// A flow that is being executed.
pub(crate) trait Subject: Any + Send {
    /// What is known of it at compile time.
    fn meta(&self) -> &'static Meta;
    /// What moves runs of older versions over.
    fn migrations(&self) -> &'static [Migrate];
    /// The input as given, encoded.
    fn encode_input(&self) -> Result<Json, serde_json::Error>;
    /// The flow goes on with the input that its run has saved, not with the one that was given.
    fn take_saved_input(&mut self, input: &Json) -> Result<(), serde_json::Error>;
    /// The flow's own future.
    fn drive<'a>(&'a mut self, machine: &'a mut Machine) -> Driving<'a>;
    /// The future of a point's compensation.
    fn undo<'a>(
        &'a mut self,
        machine: &'a mut Machine,
        input: &Json,
        point: u16,
    ) -> Result<Driving<'a>, serde_json::Error>;
    /// The error of the last compensation, if it returned one.
    fn undo_error(&self) -> Option<&dyn Display>;
    /// The flow's error, if it returned one.
    fn error(&self) -> Option<&dyn Display>;
    /// The flow's output, encoded.
    fn encode_output(&self) -> Result<Json, serde_json::Error>;
    /// The run was completed before: its output is the flow's.
    fn take_saved_output(&mut self, output: &Json) -> Result<(), serde_json::Error>;
}

/// A flow, with what it is called with and what it returns.
///
/// It is written out with few closures and `?`s, and its futures hide it: all of this is compiled for each flow.
pub(crate) struct Typed<F: Flow> {
    input: Option<F::Input>,
    pub(crate) deps: Arc<F::Deps>,
    result: Option<Result<F::Output, F::Error>>,
    /// What the last compensation returned.
    pub(crate) undone: Option<Result<(), F::Error>>,
}

impl<F: Flow> Typed<F> {
    /// A flow that is to be executed, with this input, or the one that its run has saved.
    pub(crate) fn boxed(input: Option<F::Input>, deps: Arc<F::Deps>) -> Box<dyn Subject> {
        Box::new(Self { input, deps, result: None, undone: None })
    }

    /// The outcome with its types again.
    pub(crate) fn outcome(
        mut flow: Box<dyn Subject>,
        ended: Result<(), Error<()>>,
    ) -> Result<F::Output, Error<F::Error>> {
        let flow: &mut dyn Any = &mut *flow;
        let result = match flow.downcast_mut::<Self>() {
            Some(flow) => flow.result.take(),
            None => unreachable!("it is given back as it was handed over"),
        };
        match (ended, result) {
            (Ok(()), Some(Ok(output))) => Ok(output),
            (Err(error), Some(Err(own))) => Err(error.with_flow_error(Some(own))),
            (Err(error), _) => Err(error.with_flow_error(None)),
            (Ok(()), _) => unreachable!("a flow that has returned left its output"),
        }
    }
}

/// With its causes, where it shows them (`anyhow` does): whoever reads the checkpoint has nothing else.
pub(super) fn text(error: &dyn Display) -> String {
    format!("{error:#}")
}

/// The output that a run has saved.
pub(crate) fn saved_output<O: RunValue, E>(run_id: String, output: &Json) -> Result<O, Error<E>> {
    match O::CODEC.decode(output) {
        Ok(output) => Ok(output),
        Err(error) => Err(output_changed(run_id, &error)),
    }
}

/// The saved output does not decode.
pub(super) fn output_changed<E>(run_id: String, error: &serde_json::Error) -> Error<E> {
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
            Some(input) => F::Input::CODEC.encode(input),
            None => unreachable!("the input is encoded before it is handed over"),
        }
    }

    fn take_saved_input(&mut self, input: &Json) -> Result<(), serde_json::Error> {
        match F::Input::CODEC.decode(input) {
            Ok(input) => {
                self.input = Some(input);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn drive<'a>(&'a mut self, machine: &'a mut Machine) -> Driving<'a> {
        let Some(input) = self.input.take() else { unreachable!("the input is taken once") };
        let ctx = Ctx::new(self.deps.clone(), machine.info().clone());
        let result = &mut self.result;
        Box::pin(async move { *result = Some(F::drive(machine, ctx, input).await) })
    }

    fn undo<'a>(
        &'a mut self,
        machine: &'a mut Machine,
        input: &Json,
        point: u16,
    ) -> Result<Driving<'a>, serde_json::Error> {
        match F::UNDOING {
            Some(undoing) => undoing.start(self, machine, input, point),
            None => unreachable!("only a flow with compensations is undone"),
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
            Some(Ok(output)) => F::Output::CODEC.encode(output),
            _ => unreachable!("only an output is encoded"),
        }
    }

    fn take_saved_output(&mut self, output: &Json) -> Result<(), serde_json::Error> {
        match F::Output::CODEC.decode(output) {
            Ok(output) => {
                self.result = Some(Ok(output));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
