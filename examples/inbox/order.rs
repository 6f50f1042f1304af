//! The flow, and the events that it publishes.

use std::convert::Infallible;

use prose::{Ctx, Event, flow};
use serde::{Deserialize, Serialize};

/// What a customer orders.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) customer: String,
    pub(crate) cents: i64,
}

/// An order was placed.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(type = "order.placed")]
pub(crate) struct OrderPlaced {
    pub(crate) customer: String,
    pub(crate) cents: i64,
}

/// An order was paid for.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(type = "order.paid")]
pub(crate) struct OrderPaid {
    pub(crate) customer: String,
    pub(crate) cents: i64,
}

/// How many events an order publishes.
pub(crate) const EVENTS: u64 = 2;

/// Takes an order, and its payment. The ids of its events are `{run_id}:placed` and `{run_id}:paid`, however often it is called.
#[flow(name = "take-order")]
pub(crate) async fn take_order(ctx: Ctx, order: Order) -> Result<i64, Infallible> {
    #[event("placed")]
    OrderPlaced { customer: order.customer.clone(), cents: order.cents };

    #[step]
    let charged: i64 = order.cents; // here a payment service would be asked

    #[event("paid")]
    OrderPaid { customer: order.customer.clone(), cents: charged };

    Ok(charged)
}
