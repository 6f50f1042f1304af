//! The order flow.

use std::time::Duration;

use bench_order::{self as order, Order, OrderError, Receipt};
use dbos::{Error, Result, StepOptions, step, step_with};
use sqlx::PgPool;

/// `mark` is told each step's number when its body begins.
pub(crate) async fn process_order(
    database: PgPool,
    order: Order,
    mark: impl Fn(usize) + Copy + Send + Sync + 'static,
) -> Result<Receipt, OrderError> {
    let (order, database) = (&order, &database);
    step("validate", || async move {
        mark(0);
        order::validate(order).map_err(Error::Application)
    })
    .await?;
    let receipt = step_with("charge", charging(), || async move {
        mark(1);
        order::charge(order, key().as_deref()).await.map_err(Error::Application)
    })
    .await?;
    let receipt = &receipt;
    step("persist", || async move {
        mark(2);
        persist(database, order, receipt.cents).await.map_err(Error::Application)
    })
    .await?;
    step("mail", || async move {
        mark(3);
        order::mail(&order.user_id, receipt, key().as_deref()).await.map_err(Error::Application)
    })
    .await?;
    step("publish", || async move {
        mark(4);
        order::publish(&order::confirmed(order, receipt), key().as_deref()).await.map_err(Error::Application)
    })
    .await?;
    Ok(receipt.clone())
}

fn charging() -> StepOptions<OrderError> {
    let options: StepOptions<OrderError> = StepOptions {
        max_attempts: 3,
        interval: Duration::from_millis(500),
        backoff_rate: 2.0,
        ..StepOptions::default()
    };
    options.should_retry(|error| matches!(error, Error::Application(error) if error.is_transient()))
}

/// It has no transactional step: the row is committed in front of the step's record, so a crash in between does it again.
async fn persist(database: &PgPool, order: &Order, cents: u64) -> std::result::Result<(), OrderError> {
    let inserted = sqlx::query("insert into orders (id, user_id, cents) values ($1, $2, $3) on conflict do nothing")
        .bind(&order.id)
        .bind(&order.user_id)
        .bind(cents.cast_signed())
        .execute(database)
        .await;
    inserted.map(drop).map_err(|error| OrderError::Unreachable(error.to_string()))
}

fn key() -> Option<String> {
    Some(format!("{}:{}", dbos::workflow_id()?, dbos::step_id()?))
}
