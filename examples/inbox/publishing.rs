//! The first process's work: orders, each a durable flow.

use std::path::Path;

use prose_events::NatsPublisher;
use prose_sqlite::SqliteStore;

use crate::Failure;
use crate::order::{Order, take_order};
use crate::stream::Stream;

pub(crate) const ORDERS: u64 = 50;

pub(crate) const CUSTOMERS: [&str; 3] = ["ada", "grace", "edsger"];

/// The `n`th order.
pub(crate) fn order(n: u64) -> Order {
    let customer = CUSTOMERS[n as usize % CUSTOMERS.len()];
    Order { customer: customer.to_owned(), cents: 100 + 7 * n as i64 }
}

/// The flows' store, and the broker that their events go to.
pub(crate) struct Shop {
    store: SqliteStore,
    publisher: NatsPublisher,
}

impl Shop {
    pub(crate) async fn open(folder: &Path, stream: &Stream) -> Result<Self, Failure> {
        Ok(Self { store: SqliteStore::open(folder.join("orders.db")).await?, publisher: stream.publisher().await? })
    }

    pub(crate) async fn take_all_orders(&self) -> Result<(), Failure> {
        for n in 0..ORDERS {
            take_order(order(n)).publisher(self.publisher.clone()).durable(&self.store, format!("ord_{n}")).await?;
        }
        Ok(())
    }
}
