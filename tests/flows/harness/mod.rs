//! Interrupts a flow in every way that a crash can, continues it, and compares.
//!
//! ```text
//! without a store    ────────────────────────────►  result, effects
//! once through       ──1───2───3── .. ───N───────►  the same, and the checkpoint behind each commit
//! with crashes       ──1───✗   ──2───✗   ──3─ .. ►  the same: every execution goes on exactly where the last one stopped
//! ```
//!
//! A flow's *effects* are what its bodies [tell](World::tell), the [rows](World::rows) of its transactions and the events that it
//! publishes. A body tells what it sees; the harness adds its idempotency key and the number of its attempt. So a body that ran twice,
//! that ran with other inputs, or with the key of another turn of its loop, is seen. [`sweep`] says what is compared, and
//! [`sweep_concurrent`] what is of flows whose bodies run several at once. Each says which [`Points`] of the flow it has come to.

mod concurrent;
mod crash;
mod keys;
mod points;
mod run;
mod sweep;
mod way;
mod world;

pub(crate) use concurrent::sweep_concurrent;
pub(crate) use points::Points;
pub(crate) use run::RUN;
pub(crate) use sweep::{sweep, sweep_over, sweep_signalled};
pub(crate) use world::{Rows, World};
