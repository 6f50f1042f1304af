//! `examples/order_processing` as real processes: its contracts on the command line, and what is left of it by `kill -9`.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test that called it")]

#[path = "examples/binary.rs"]
mod binary;
#[path = "order_processing/commands.rs"]
mod commands;
#[path = "order_processing/crashes.rs"]
mod crashes;
#[path = "order_processing/failures.rs"]
mod failures;
#[path = "order_processing/harness.rs"]
mod harness;
#[path = "order_processing/random_kills.rs"]
mod random_kills;
