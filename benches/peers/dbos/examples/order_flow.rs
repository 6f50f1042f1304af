//! The order flow and nothing else: for how long it compiles and how large it is. Processes one order: `order_flow POSTGRES_URL`.

use bench_order::{ORDERS_TABLE, Order};
use dbos::{Config, DBOS, StartOptions};
use sqlx::PgPool;

#[path = "../src/order.rs"]
mod order;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: order_flow POSTGRES_URL")?;
    let database = PgPool::connect(&url).await?;
    sqlx::raw_sql(ORDERS_TABLE).execute(&database).await?;
    let dbos = DBOS::new(Config { app_version: Some("1".to_owned()), ..Config::new("orders", url) });
    let flow =
        dbos.register_workflow("orders", move |order: Order| order::process_order(database.clone(), order, |_| ()))?;
    dbos.launch().await?;
    let order = bench_order::order(0);
    let id = order.id.clone();
    let options = StartOptions { workflow_id: Some(&id), ..StartOptions::default() };
    let receipt = flow.start_with(order, options).await?.result().await?;
    println!("{receipt:?}");
    Ok(())
}
