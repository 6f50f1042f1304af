//! SQLite for [prose](prose): the store that needs no server.
mod clock;
mod connection;
mod error;
mod gate;
mod holds;
mod instance;
mod job;
mod load;
mod schema;
mod statement;
mod store;
mod writer;

pub use store::{SqliteStore, SqliteStoreBuilder};
