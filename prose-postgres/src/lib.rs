//! Postgres for [prose]: the store for many machines, and transactions on Postgres.

mod append;
mod claim;
mod columns;
mod core;
mod create;
mod error;
mod fold;
mod holds;
mod instance;
mod link;
mod load;
mod names;
mod patience;
mod remove;
mod schema;
mod store;
mod text;
mod writer;

pub use store::{PostgresStore, PostgresStoreBuilder};
