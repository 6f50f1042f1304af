//! How many at once, and in what order.

use std::sync::Arc;
use std::time::Duration;

use prose::{Ctx, Engine, Store, flow};
use tokio::sync::Barrier;

use crate::support::{LONG, World, client, world};

on_each_store! {
    no_more_runs_are_executed_at_once_than_told
    a_flow_with_many_runs_does_not_keep_another_from_its_turn
    what_becomes_due_while_all_places_are_taken_has_its_turn
}

#[flow(name = "many")]
async fn many(ctx: Ctx<World>, number: u32) -> Result<(), String> {
    #[step]
    'work: {
        tokio::task::yield_now().await;
        ctx.deps.did(format!("many {number}"));
    }
    Ok(())
}

#[flow(name = "rare")]
async fn rare(ctx: Ctx<World>, number: u32) -> Result<(), String> {
    #[step]
    'work: {
        ctx.deps.did(format!("rare {number}"));
    }
    Ok(())
}

const AT_ONCE: usize = 7;

#[flow(name = "meets")]
async fn meets(ctx: Ctx<(World, Barrier)>, number: u32) -> Result<u32, String> {
    #[step]
    'work: {
        let (world, barrier) = &*ctx.deps;
        let _running = world.running();
        barrier.wait().await;
        // Whoever is executed beyond that has a moment in which it is seen.
        tokio::task::yield_now().await;
    }
    Ok(number)
}

/// And no fewer: none goes on before so many run at once.
async fn no_more_runs_are_executed_at_once_than_told(store: impl Store + Clone) {
    let deps = Arc::new((World::default(), Barrier::new(AT_ONCE)));
    let client = client(&store).await;
    let mut handles = Vec::new();
    for number in 0..14 * AT_ONCE as u32 {
        handles.push(client.submit(meets(number).run_id(number.to_string())).await.unwrap());
    }
    let builder = Engine::builder(&store, Arc::clone(&deps)).flow::<meets::Flow>().concurrency(AT_ONCE);
    let _engine = builder.start().await.unwrap();
    for (number, handle) in (0..).zip(handles) {
        assert_eq!(
            tokio::time::timeout(LONG, handle.into_future()).await.expect("so many never meet").unwrap(),
            number
        );
    }
    assert_eq!(deps.0.most(), AT_ONCE);
}

async fn a_flow_with_many_runs_does_not_keep_another_from_its_turn(store: impl Store + Clone) {
    let world = world();
    let client = client(&store).await;
    for number in 0..50 {
        client.submit(many(number).run_id(format!("m{number}"))).await.unwrap();
    }
    let last = client.submit(rare(0).run_id("r")).await.unwrap();
    let builder = Engine::builder(&store, world.clone()).flow::<many::Flow>().flow::<rare::Flow>().concurrency(2);
    let _engine = builder.start().await.unwrap();
    last.await.unwrap();
    let place = world.log().iter().position(|did| did == "rare 0").unwrap();
    assert!(place < 10, "it came behind {place} others");
}

#[flow(name = "held-up")]
async fn held_up(ctx: Ctx<World>, number: u32) -> Result<u32, String> {
    #[step]
    'work: {
        ctx.deps.did(format!("works {number}"));
        ctx.deps.gate.passed().await;
    }
    Ok(number)
}

/// Nothing but its own wake-up tells of it: the next look is an hour away.
async fn what_becomes_due_while_all_places_are_taken_has_its_turn(store: impl Store + Clone) {
    let world = world();
    let builder = Engine::builder(&store, world.clone()).flow::<held_up::Flow>().concurrency(1);
    let engine = builder.poll_interval(Duration::from_secs(3_600)).start().await.unwrap();
    let first = engine.submit(held_up(1).run_id("1")).await.unwrap();
    world.until("works 1", 1).await;
    let second = engine.submit(held_up(2).run_id("2")).await.unwrap();
    world.gate.open();
    let both = async { (first.await.unwrap(), second.await.unwrap()) };
    assert_eq!(tokio::time::timeout(LONG, both).await.expect("it is forgotten"), (1, 2));
}
