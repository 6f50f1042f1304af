//! The order flow: an orchestration, and an activity for each step.

use std::time::Duration;

use bench_order::{self as order, ORDERS_TABLE, Order, OrderError, Receipt};
use duroxide::runtime::registry::{ActivityRegistry, ActivityRegistryBuilder};
use duroxide::{ActivityContext, BackoffStrategy, OrchestrationContext, RetryPolicy};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

/// The number that `mark` gets, and the order.
pub(crate) type Input = (usize, Order);

pub(crate) async fn process_order(ctx: OrchestrationContext, input: Input) -> Result<Receipt, String> {
    ctx.schedule_activity_typed::<_, ()>("validate", &input).await?;
    let receipt: Receipt = ctx.schedule_activity_with_retry_typed("charge", &input, charging()).await?;
    let input = (input.0, input.1, receipt);
    ctx.schedule_activity_typed::<_, ()>("persist", &input).await?;
    ctx.schedule_activity_typed::<_, ()>("mail", &input).await?;
    ctx.schedule_activity_typed::<_, ()>("publish", &input).await?;
    Ok(input.2)
}

fn charging() -> RetryPolicy {
    RetryPolicy::new(3).with_backoff(BackoffStrategy::Exponential {
        base: Duration::from_millis(500),
        multiplier: 2.0,
        max: Duration::from_secs(5),
    })
}

/// `mark` is told the order's number and the step's when its body begins.
pub(crate) fn activities(
    database: SqlitePool,
    mark: impl Fn(usize, usize) + Copy + Send + Sync + 'static,
) -> ActivityRegistryBuilder {
    ActivityRegistry::builder()
        .register_typed("validate", move |_: ActivityContext, (run, order): Input| async move {
            mark(run, 0);
            order::validate(&order).map_err(failed)
        })
        .register_typed("charge", move |ctx: ActivityContext, (run, order): Input| async move {
            mark(run, 1);
            order::charge(&order, Some(ctx.instance_id())).await.map_err(failed)
        })
        .register_typed("persist", move |_: ActivityContext, (run, order, receipt): (usize, Order, Receipt)| {
            let database = database.clone();
            async move {
                mark(run, 2);
                persist(&database, &order, &receipt).await.map_err(|error| error.to_string())
            }
        })
        .register_typed(
            "mail",
            move |ctx: ActivityContext, (run, order, receipt): (usize, Order, Receipt)| async move {
                mark(run, 3);
                order::mail(&order.user_id, &receipt, Some(ctx.instance_id())).await.map_err(failed)
            },
        )
        .register_typed(
            "publish",
            move |ctx: ActivityContext, (run, order, receipt): (usize, Order, Receipt)| async move {
                mark(run, 4);
                order::publish(&order::confirmed(&order, &receipt), Some(ctx.instance_id())).await.map_err(failed)
            },
        )
}

/// It has no transactions with the application's database: a crash behind this commit does it again.
async fn persist(database: &SqlitePool, order: &Order, receipt: &Receipt) -> Result<(), sqlx::Error> {
    let inserted = sqlx::query("insert into orders (id, user_id, cents) values (?1, ?2, ?3) on conflict do nothing")
        .bind(&order.id)
        .bind(&order.user_id)
        .bind(receipt.cents.cast_signed())
        .execute(database)
        .await;
    inserted.map(drop)
}

fn failed(error: OrderError) -> String {
    error.to_string()
}

/// The application's database, with its table.
pub(crate) async fn database(path: &std::path::Path) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let database = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    sqlx::raw_sql(ORDERS_TABLE).execute(&database).await?;
    Ok(database)
}
