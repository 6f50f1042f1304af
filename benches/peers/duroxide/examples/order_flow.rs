//! The order flow and nothing else: for how long it compiles and how large it is. Processes one order: `order_flow FOLDER`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bench_order::Receipt;
use duroxide::providers::sqlite::SqliteProvider;
use duroxide::runtime::Runtime;
use duroxide::{Client, OrchestrationRegistry};

#[path = "../src/order.rs"]
mod order;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: order_flow FOLDER")?;
    let store = Arc::new(SqliteProvider::new(&format!("sqlite:{folder}/duroxide.db?mode=rwc"), None).await?);
    let database = order::database(&Path::new(&folder).join("orders.db")).await?;
    let orchestrations = OrchestrationRegistry::builder().register_typed("orders", order::process_order);
    let activities = order::activities(database, |_, _| ());
    let runtime = Runtime::start_with_store(store.clone(), activities.build(), orchestrations.build()).await;
    let client = Client::new(store);
    let order = bench_order::order(0);
    let id = order.id.clone();
    client.start_orchestration_typed(&id, "orders", (0, order)).await?;
    let receipt = client.wait_for_orchestration_typed::<Receipt>(&id, Duration::from_secs(60)).await??;
    println!("{receipt:?}");
    runtime.shutdown(None).await;
    Ok(())
}
