//! How an engine ends, and who goes on.

use std::time::Duration;

use prose::{CancellationToken, Ctx, Engine, MemoryStore, Status, flow};

use crate::support::{LONG, World, status, world};

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

async fn engine(store: &MemoryStore, world: &std::sync::Arc<World>) -> Engine {
    Engine::builder(store, world.clone()).flow::<two_steps::Flow>().start().await.unwrap()
}

#[tokio::test]
async fn what_ends_in_the_grace_time_is_finished() {
    let (store, world) = (MemoryStore::new(), world());
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

#[tokio::test]
async fn what_does_not_is_given_back_and_goes_on_elsewhere() {
    let (store, world) = (MemoryStore::new(), world());
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

#[tokio::test]
async fn an_engine_that_is_dropped_or_stopped_gives_its_runs_back() {
    let (store, world, token) = (MemoryStore::new(), world(), CancellationToken::new());
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
