//! Some of the flows over a store on disk: what is saved there is what is needed.

use super::harness::sweep_over;
use super::support::*;
use prose::{Call, Flow};
use prose_sqlite::SqliteStore;
use std::fmt::Debug;

/// Sweeps a flow in a file of its own.
async fn sweep_in_a_file<F, I>(flow: impl Fn(I) -> Call<F>, inputs: impl IntoIterator<Item = I>)
where
    F: Flow<Deps = Deps, Output: Debug, Error: Debug>,
    I: Clone,
{
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("runs.db")).await.unwrap();
    for input in inputs {
        let _some = sweep_over(store.clone(), |world| flow(input.clone()).deps(Deps::of(world))).await;
    }
}

#[tokio::test]
async fn straight_down() {
    sweep_in_a_file(super::straight::straight, [order()]).await;
}

#[tokio::test]
async fn a_queue() {
    sweep_in_a_file(super::loops::queue, [order()]).await;
}

#[tokio::test]
async fn three_loops() {
    sweep_in_a_file(super::nesting::three_deep, [2]).await;
}

#[tokio::test]
async fn rows_and_events_of_each_turn() {
    sweep_in_a_file(super::whiles::turns_with_rows, [order()]).await;
}

#[tokio::test]
async fn children() {
    sweep_in_a_file(super::children::shipments, [order()]).await;
}
