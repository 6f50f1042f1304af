//! The order flow, as one stepped task: the cursor tells what has been done, and with which receipt. A workflow of a state for each step would
//! be more like cano, but what its tasks put into their store is lost with the process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bench_order::{self as order, Order, OrderError, Receipt};
use cano::prelude::*;
use cano::{CheckpointStore, RetryMode};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Processing,
    Processed,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Progress {
    Validated,
    Charged(Receipt),
    Persisted(Receipt),
    Mailed(Receipt),
    Published,
}

pub(crate) struct ProcessOrder<M> {
    pub(crate) order: Order,
    /// The application's; cano has no transactions.
    pub(crate) database: Arc<Mutex<rusqlite::Connection>>,
    /// Is told each step's number when its body begins.
    pub(crate) mark: M,
}

#[task::stepped]
impl<M: Fn(usize) + Send + Sync + 'static> SteppedTask<State> for ProcessOrder<M> {
    type Cursor = Progress;

    fn config(&self) -> TaskConfig {
        TaskConfig::new().with_retry(RetryMode::exponential_custom(
            2,
            Duration::from_millis(500),
            2.0,
            Duration::from_secs(5),
            0.0,
        ))
    }

    async fn step(
        &self,
        _resources: &Resources,
        progress: Option<Progress>,
    ) -> Result<StepOutcome<Progress, State>, CanoError> {
        let next = match progress {
            None => self.validate()?,
            Some(Progress::Validated) => self.charge().await?,
            Some(Progress::Charged(receipt)) => self.persist(receipt)?,
            Some(Progress::Persisted(receipt)) => self.mail(receipt).await?,
            Some(Progress::Mailed(receipt)) => self.publish(&receipt).await?,
            Some(Progress::Published) => return Ok(StepOutcome::Done(TaskResult::Single(State::Processed))),
        };
        Ok(StepOutcome::More(next))
    }
}

impl<M: Fn(usize)> ProcessOrder<M> {
    fn validate(&self) -> Result<Progress, CanoError> {
        (self.mark)(0);
        order::validate(&self.order).map_err(failed)?;
        Ok(Progress::Validated)
    }

    async fn charge(&self) -> Result<Progress, CanoError> {
        (self.mark)(1);
        let receipt = order::charge(&self.order, Some(&self.order.id)).await.map_err(failed)?;
        Ok(Progress::Charged(receipt))
    }

    /// A crash behind the insert runs it again, so it has to bear that.
    fn persist(&self, receipt: Receipt) -> Result<Progress, CanoError> {
        (self.mark)(2);
        let sql = "insert or ignore into orders (id, user_id, cents) values (?1, ?2, ?3)";
        let row = (&self.order.id, &self.order.user_id, receipt.cents.cast_signed());
        let database = self.database.lock().map_err(|poisoned| CanoError::task_execution(poisoned.to_string()))?;
        let inserted = database.prepare_cached(sql).and_then(|mut insert| insert.execute(row));
        inserted.map_err(|error| CanoError::task_execution(error.to_string()))?;
        Ok(Progress::Persisted(receipt))
    }

    async fn mail(&self, receipt: Receipt) -> Result<Progress, CanoError> {
        (self.mark)(3);
        order::mail(&self.order.user_id, &receipt, Some(&self.order.id)).await.map_err(failed)?;
        Ok(Progress::Mailed(receipt))
    }

    async fn publish(&self, receipt: &Receipt) -> Result<Progress, CanoError> {
        (self.mark)(4);
        let event = order::confirmed(&self.order, receipt);
        order::publish(&event, Some(&self.order.id)).await.map_err(failed)?;
        Ok(Progress::Published)
    }
}

fn failed(error: OrderError) -> CanoError {
    CanoError::task_execution(error.to_string())
}

/// Processes it to its end; a workflow is made for each order.
pub(crate) async fn run<M>(store: Arc<dyn CheckpointStore>, task: ProcessOrder<M>) -> Result<(), CanoError>
where
    M: Fn(usize) + Send + Sync + 'static,
{
    let id = task.order.id.clone();
    Workflow::bare()
        .register_stepped(State::Processing, task)
        .add_exit_state(State::Processed)
        .with_checkpoint_store(store)
        .with_workflow_id(id)
        .orchestrate(State::Processing, CancellationToken::disabled())
        .await?;
    Ok(())
}

/// The application's database, with its table.
pub(crate) fn database(path: &std::path::Path) -> rusqlite::Result<Arc<Mutex<rusqlite::Connection>>> {
    let database = rusqlite::Connection::open(path)?;
    database.execute_batch("pragma journal_mode = wal; pragma synchronous = full")?;
    database.execute_batch(order::ORDERS_TABLE)?;
    Ok(Arc::new(Mutex::new(database)))
}
