//! The order flow and nothing else: for how long it compiles and how large it is. Processes one order: `order_flow FOLDER`.

use std::sync::Arc;

use bench_order::{ORDERS_TABLE, Order, Receipt};
use durare::{DurableContext, DurableEngine, SqliteProvider, WorkflowOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

#[path = "../src/order.rs"]
mod order;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: order_flow FOLDER")?;
    let options = SqliteConnectOptions::new()
        .filename(format!("{folder}/durare.db"))
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    sqlx::raw_sql(ORDERS_TABLE).execute(&pool).await?;
    let mut builder = DurableEngine::builder(Arc::new(SqliteProvider::from_pool(pool)));
    builder.register("orders", |ctx: DurableContext, order: Order| order::process_order(ctx, order, |_| ()));
    let engine = builder.build().await?;
    engine.launch().await?;
    engine.recover().await?;
    let order = bench_order::order(0);
    let options = WorkflowOptions::with_id(order.id.clone());
    let receipt = engine.start::<_, Receipt>("orders", order, options).await?.result().await?;
    println!("{receipt:?}");
    Ok(())
}
