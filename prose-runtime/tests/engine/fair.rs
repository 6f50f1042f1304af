//! How many at once, and in what order.

use prose::{Ctx, Engine, MemoryStore, flow};

use crate::support::{World, client, world};

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

#[tokio::test]
async fn no_more_runs_are_executed_at_once_than_told() {
    let (store, world) = (MemoryStore::new(), world());
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

#[tokio::test]
async fn a_flow_with_many_runs_does_not_keep_another_from_its_turn() {
    let (store, world) = (MemoryStore::new(), world());
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
