//! `examples/order_service` as real processes: what it answers, and what is left of it by `kill -9`.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test that called it")]
#![cfg(unix)]

#[path = "order_service/approvals.rs"]
mod approvals;
#[path = "examples/binary.rs"]
mod binary;
#[path = "order_service/crashes.rs"]
mod crashes;
#[path = "order_service/ending.rs"]
mod ending;
#[path = "order_service/harness.rs"]
mod harness;
#[path = "order_service/hostile.rs"]
mod hostile;
#[path = "order_service/instances.rs"]
mod instances;
#[path = "order_service/orders.rs"]
mod orders;
#[path = "order_service/way.rs"]
mod way;
