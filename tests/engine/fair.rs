//! How many at once, and in what order.

use prose::{Ctx, Engine, Store, flow};

use crate::support::{World, client, world};

on_each_store! {
    no_more_runs_are_executed_at_once_than_told
    a_flow_with_many_runs_does_not_keep_another_from_its_turn
}

#[flow(name = "many")]
async fn many(ctx: Ctx<World>, number: u32) -> Result<(), String> {
    #[step]
    'work: {
        let _running = ctx.deps.running();
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

async fn no_more_runs_are_executed_at_once_than_told(store: impl Store + Clone) {
    let world = world();
    let client = client(&store).await;
    let mut handles = Vec::new();
    for number in 0..100 {
        handles.push(client.submit(many(number).run_id(number.to_string())).await.unwrap());
    }
    let builder = Engine::builder(&store, world.clone()).flow::<many::Flow>().concurrency(7);
    let _engine = builder.start().await.unwrap();
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(world.log().len(), 100);
    assert!((2..=7).contains(&world.most()), "{} at once", world.most());
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
