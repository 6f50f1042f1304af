//! The order flow and nothing else: for how long it compiles and how large it is. Processes one order: `order_flow FOLDER`.

use std::path::Path;
use std::sync::Arc;

use cano::RedbCheckpointStore;

#[path = "../src/order.rs"]
mod order;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: order_flow FOLDER")?;
    let folder = Path::new(&folder);
    let store = Arc::new(RedbCheckpointStore::new(folder.join("cano.redb"))?);
    let order = bench_order::order(0);
    let database = order::database(&folder.join("orders.db"))?;
    order::run(store, order::ProcessOrder { order, database, mark: |_| () }).await?;
    println!("processed");
    Ok(())
}
