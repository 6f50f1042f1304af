//! Postgres for [prose]: the store for many machines, and transactions on Postgres.
