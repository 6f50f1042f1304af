//! The cases, each a function over a fresh, empty store. They panic where the store does not do what it must.
#![allow(clippy::unwrap_used, reason = "a case is a test")]

pub mod claims;
pub mod code;
pub mod compensation;
pub mod concurrency;
pub mod fences;
pub mod fold;
pub mod lifecycle;
pub mod lists;
pub mod outbox;
pub mod queue;
pub mod reclaim;
pub mod signals;
pub mod trees;
pub mod values;
pub mod waiting;
