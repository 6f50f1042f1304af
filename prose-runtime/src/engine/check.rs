//! Where unfinished runs stand, beside this code.

use std::sync::Arc;

use super::{Core, Engine};
use crate::execute;
use crate::store::StoreError;
use crate::store::queue::{Fit, Standing};

/// Unfinished runs with which this code cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misfit {
    /// Their flow.
    pub flow: String,
    /// The version of the flow that they are of.
    pub version: u32,
    /// The step at which they stand; `None`: in front of the first.
    pub step: Option<String>,
    /// How many there are.
    pub runs: u64,
    /// One of them.
    pub run_id: String,
    /// What does not fit.
    pub reason: String,
}

impl Engine {
    /// The unfinished runs of the engine's flows with which this code cannot go on, by where they stand. They are left to instances that can,
    /// or wait for code that can. It compares each place once, however many runs stand there; values are not looked at.
    ///
    /// # Errors
    /// [`StoreError`] if the store failed.
    pub async fn misfits(&self) -> Result<Vec<Misfit>, StoreError> {
        self.core().misfits().await
    }
}

/// Warns of them.
pub(super) async fn warn(core: Arc<Core>) {
    match core.misfits().await {
        Ok(misfits) => misfits.iter().for_each(|misfit| {
            let Misfit { flow, version, step, runs, run_id, reason } = misfit;
            tracing::warn!(
                flow,
                version,
                step,
                runs,
                example = run_id,
                reason,
                "this code cannot go on with unfinished runs; they are left to code that can"
            );
        }),
        Err(error) => tracing::warn!(%error, "where unfinished runs stand cannot be told"),
    }
}

impl Core {
    async fn misfits(&self) -> Result<Vec<Misfit>, StoreError> {
        let mut misfits = Vec::new();
        for name in self.flows.names() {
            for (standing, runs) in self.store.queue().standings(&name).await? {
                if let Fit::No(reason) = self.fit(&standing).await? {
                    misfits.push(misfit(standing, runs, reason));
                }
            }
        }
        Ok(misfits)
    }

    async fn fit(&self, standing: &Standing) -> Result<Fit, StoreError> {
        if let (Fit::NotNow, Some(flow)) = (self.flows.fits(standing), self.flows.get(&standing.flow)) {
            execute::ask_for(flow.meta, &*self.store, standing).await?;
        }
        Ok(self.flows.fits(standing))
    }
}

fn misfit(standing: Standing, runs: u64, reason: String) -> Misfit {
    let Standing { key, flow, version, position, .. } = standing;
    Misfit { flow, version, step: position.map(|position| position.step), runs, run_id: key.run_id, reason }
}
