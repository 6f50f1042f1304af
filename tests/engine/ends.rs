//! How an engine ends, and who goes on.

use std::time::Duration;

use prose::{CancellationToken, Ctx, Engine, Status, Store, flow};

use crate::support::{LONG, World, status, world};

on_each_store! {
    what_ends_in_the_grace_time_is_finished
    what_does_not_is_given_back_and_goes_on_elsewhere
    an_engine_that_is_dropped_or_stopped_gives_its_runs_back
    a_grace_time_is_shortened_by_who_cannot_wait
}

#[flow(name = "two-steps")]
async fn two_steps(ctx: Ctx<World>, number: u32) -> Result<u32, String> {
    #[step]
    let one: u32 = {
        ctx.deps.did("one");
        number + 1
    };
    #[step]
    let two: u32 = {
        ctx.deps.did("two");
        ctx.deps.gate.passed().await;
        one + 1
    };
    Ok(two)
}

async fn engine(store: &(impl Store + Clone), world: &std::sync::Arc<World>) -> Engine {
    Engine::builder(store, world.clone()).flow::<two_steps::Flow>().start().await.unwrap()
}

async fn what_ends_in_the_grace_time_is_finished(store: impl Store + Clone) {
    let world = world();
    let engine = engine(&store, &world).await;
    let handle = engine.submit(two_steps(1).run_id("a")).await.unwrap();
    world.until("two", 1).await;
    let draining = tokio::spawn({
        let engine = engine.clone();
        async move { engine.drain(LONG).await }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    // It takes no more work.
    let late = engine.submit(two_steps(1).run_id("late")).await.unwrap();
    world.gate.open();
    let drained = draining.await.unwrap();
    assert_eq!((drained.finished, drained.given_back), (1, 0));
    assert_eq!(handle.await.unwrap(), 3);
    assert_eq!(late.checkpoint().await.unwrap().completed_steps.len(), 0);
}

async fn what_does_not_is_given_back_and_goes_on_elsewhere(store: impl Store + Clone) {
    let world = world();
    let first = engine(&store, &world).await;
    let handle = first.submit(two_steps(1).run_id("a")).await.unwrap();
    world.until("two", 1).await;
    let drained = first.drain(Duration::from_millis(10)).await;
    assert_eq!((drained.finished, drained.given_back), (0, 1));
    assert_eq!(first.drain(LONG).await, drained);
    let _second = engine(&store, &world).await;
    world.until("two", 2).await;
    world.gate.open();
    assert_eq!(handle.await.unwrap(), 3);
    assert_eq!(world.log(), ["one", "two", "two"]);
}

/// A second drain, or the token.
async fn a_grace_time_is_shortened_by_who_cannot_wait(store: impl Store + Clone) {
    let world = world();
    for (turn, run_id) in [(1, "a"), (2, "b")] {
        let token = CancellationToken::new();
        let builder = Engine::builder(&store, world.clone()).flow::<two_steps::Flow>().stop_on(token.clone());
        let engine = builder.concurrency(1).start().await.unwrap();
        engine.submit(two_steps(1).run_id(run_id)).await.unwrap();
        world.until("two", turn).await;
        let patient = tokio::spawn({
            let engine = engine.clone();
            async move { engine.drain(Duration::from_secs(86_400)).await }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        match turn {
            1 => drop(engine.drain(Duration::ZERO).await),
            _ => token.cancel(),
        }
        let drained = tokio::time::timeout(LONG, patient).await.expect("it goes on waiting").unwrap();
        assert_eq!((drained.finished, drained.given_back), (0, 1));
    }
}

async fn an_engine_that_is_dropped_or_stopped_gives_its_runs_back(store: impl Store + Clone) {
    let (world, token) = (world(), CancellationToken::new());
    let dropped = engine(&store, &world).await;
    let handle = dropped.submit(two_steps(1).run_id("a")).await.unwrap();
    world.until("two", 1).await;
    drop(dropped);
    let builder = Engine::builder(&store, world.clone()).flow::<two_steps::Flow>().stop_on(token.clone());
    let stopped = builder.start().await.unwrap();
    world.until("two", 2).await;
    token.cancel();
    stopped.drain(LONG).await;
    assert_eq!(status(&store, "a").await, Some(Status::Running));
    let _third = engine(&store, &world).await;
    world.until("two", 3).await;
    world.gate.open();
    assert_eq!(handle.await.unwrap(), 3);
    assert_eq!(world.times("one"), 1);
}
