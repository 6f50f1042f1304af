//! What flows do, by behaviour. One file a subject; `faults.rs` holds one test for each fault of the library whose
//! ideas this project took up.
#![allow(unreachable_code, reason = "some steps do nothing but fail")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod cancellation;
mod chained_transactions;
mod child;
mod code_changes;
mod codec;
mod compensation;
mod context;
mod durability;
mod each;
mod errors;
mod events;
mod faults;
mod graph;
mod joins;
mod observers;
mod outbox;
mod parallel;
mod pinning;
mod receipts;
mod relay;
mod restarts;
mod retries;
mod signals;
mod sleep;
mod support;
mod transactions;
mod typed_state;
mod unknown;
#[path = "../flows/harness/way.rs"]
mod way;
