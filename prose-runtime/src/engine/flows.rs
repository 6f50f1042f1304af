//! The flows that an engine executes, by name, with their types hidden.

use std::collections::HashMap;
use std::sync::Arc;

use crate::execute::{self, Ran, Settings, Subject, Typed, execute_claimed};
use crate::flow::{Flow, Meta};
use crate::migration::Migrate;
use crate::store::queue::{Fit, Standing};
use crate::store::{BoxFuture, ClaimedRun};

/// What is needed to execute a flow's runs.
pub(super) struct Registered {
    pub(super) meta: &'static Meta,
    pub(super) migrations: &'static [Migrate],
    /// Makes one that is to be executed.
    subject: Box<dyn Fn() -> Box<dyn Subject> + Send + Sync>,
}

impl Registered {
    pub(super) fn new<F: Flow>(deps: Arc<F::Deps>) -> Self {
        let subject = Box::new(move || Typed::<F>::boxed(None, Arc::clone(&deps)));
        Self { meta: F::META, migrations: F::MIGRATIONS, subject }
    }

    /// Executes a run that was claimed.
    pub(super) fn run(&self, settings: Settings, claimed: ClaimedRun) -> BoxFuture<'static, Ran> {
        Box::pin(execute_claimed((self.subject)(), settings, claimed))
    }
}

/// The flows of an engine.
#[derive(Default)]
pub(super) struct Flows(HashMap<&'static str, Arc<Registered>>);

impl Flows {
    /// `false`: there is one of that name.
    pub(super) fn add(&mut self, flow: Registered) -> bool {
        self.0.insert(flow.meta.name, Arc::new(flow)).is_none()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Registered>> {
        self.0.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Registered>> {
        self.0.values()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.0.keys().map(|name| (*name).to_owned()).collect()
    }

    /// Whether this code can go on with a run that stands there, by what is known in this process.
    pub(super) fn fits(&self, standing: &Standing) -> Fit {
        match self.get(&standing.flow) {
            Some(flow) => execute::fits(flow.meta, flow.migrations, standing),
            None => Fit::NotNow,
        }
    }
}
