//! The order flow.

use std::time::Duration;

use bench_order::{self as order, Order, OrderError, Receipt};
use durare::{DurableContext, Error, Result, StepCtx, StepOptions, params};

/// `mark` is told each step's number when its body begins.
pub(crate) async fn process_order(
    ctx: DurableContext,
    order: Order,
    mark: impl Fn(usize) + Copy + Send + Sync + 'static,
) -> Result<Receipt> {
    ctx.step("validate", || async {
        mark(0);
        order::validate(&order).map_err(failed)
    })
    .await?;
    let receipt = ctx
        .step_with(charging(), |step: StepCtx| {
            let order = order.clone();
            async move {
                mark(1);
                order::charge(&order, Some(&step.idempotency_key_for("charge"))).await.map_err(failed)
            }
        })
        .await?;
    persist(&ctx, &order, receipt.cents, mark).await?;
    ctx.step("mail", |step: StepCtx| async {
        let step = step;
        mark(3);
        order::mail(&order.user_id, &receipt, Some(&step.idempotency_key_for("mail"))).await.map_err(failed)
    })
    .await?;
    ctx.step("publish", |step: StepCtx| async {
        let step = step;
        mark(4);
        let event = order::confirmed(&order, &receipt);
        order::publish(&event, Some(&step.idempotency_key_for("publish"))).await.map_err(failed)
    })
    .await?;
    Ok(receipt)
}

/// The row and the record that the step is done are one commit.
async fn persist(
    ctx: &DurableContext,
    order: &Order,
    cents: u64,
    mark: impl Fn(usize) + Copy + Send + Sync + 'static,
) -> Result<()> {
    let (id, user) = (order.id.clone(), order.user_id.clone());
    let cents = i64::try_from(cents).map_err(|e| Error::app(e.to_string()))?;
    ctx.transaction("persist", move |tx| {
        let row = params![id.as_str(), user.as_str(), cents];
        Box::pin(async move {
            mark(2);
            tx.execute("insert into orders (id, user_id, cents) values (?, ?, ?)", &row).await.map(drop)
        })
    })
    .await
}

fn charging() -> StepOptions {
    StepOptions::new("charge")
        .max_retries(2)
        .base_interval(Duration::from_millis(500))
        .backoff_factor(2.0)
        .retry_if(|error| error.is_retryable() || is_transient(error))
}

fn is_transient(error: &Error) -> bool {
    std::error::Error::source(error).and_then(|e| e.downcast_ref()).is_some_and(OrderError::is_transient)
}

fn failed(error: OrderError) -> Error {
    Error::app_source(error.to_string(), error)
}
