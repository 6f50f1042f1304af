//! Durable flows for Rust.

mod database;
mod json;
pub mod store;

pub use database::{Database, DatabaseError, Record};
pub use json::Json;
pub use store::memory::MemoryStore;
pub use store::{Checkpoint, Status, Store, StoreError};
