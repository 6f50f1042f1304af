//! Postgres for [prose]: room for the store for many machines, and for transactions on Postgres. Nothing is here yet.
