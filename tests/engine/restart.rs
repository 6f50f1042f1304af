//! Failed runs.

use std::time::Duration;

use prose::{ControlError, Ctx, Engine, Status, Store, flow};

use crate::support::{World, client, status, world};

on_each_store! {
    a_failed_run_goes_on_only_if_it_is_started_again
    a_failed_child_goes_on_with_its_parent_and_not_by_itself
}

#[flow(name = "mends")]
async fn mends(ctx: Ctx<World>, number: u32) -> Result<u32, String> {
    #[step]
    let one: u32 = {
        ctx.deps.did("one");
        number
    };
    #[step]
    'two: {
        ctx.deps.did("two");
        if !ctx.deps.gate.is_open() {
            return Err("out of order".to_owned());
        }
    }
    Ok(one)
}

#[flow(name = "undoes")]
async fn undoes(ctx: Ctx<World>, number: u32) -> Result<u32, String> {
    #[step(compensate = { ctx.deps.did("undone"); })]
    let _one: u32 = number;
    Err("no".to_owned())
}

#[flow(name = "parent")]
async fn parent(_ctx: Ctx<World>, number: u32) -> Result<u32, String> {
    #[child]
    let mended: u32 = mends(number);
    Ok(mended)
}

async fn a_failed_child_goes_on_with_its_parent_and_not_by_itself(store: impl Store + Clone) {
    let world = world();
    let engine = Engine::builder(&store, world.clone()).flow::<parent::Flow>().start().await.unwrap();
    let handle = engine.submit(parent(7).run_id("p")).await.unwrap();
    handle.outcome().await.unwrap_err();
    let refused = engine.restart("p:mended").await.unwrap_err();
    assert!(matches!(&refused, ControlError::AboveIsOver { above, .. } if above == "p"), "{refused}");
    assert!(refused.to_string().contains("start that one again"), "{refused}");
    assert_eq!(status(&store, "p:mended").await, Some(Status::Failed));

    world.gate.open();
    engine.restart("p").await.unwrap();
    assert_eq!(handle.await.unwrap(), 7);
    assert_eq!(world.log(), ["one", "two", "two"]);
}

async fn a_failed_run_goes_on_only_if_it_is_started_again(store: impl Store + Clone) {
    let world = world();
    let builder = Engine::builder(&store, world.clone()).flow::<mends::Flow>().flow::<undoes::Flow>();
    let engine = builder.poll_interval(Duration::from_millis(5)).start().await.unwrap();
    let handle = engine.submit(mends(7).run_id("a")).await.unwrap();
    handle.outcome().await.unwrap_err();
    engine.submit(mends(7).run_id("a")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!((status(&store, "a").await, world.times("two")), (Some(Status::Failed), 1));

    world.gate.open();
    client(&store).await.restart("a").await.unwrap();
    assert_eq!(handle.await.unwrap(), 7);
    assert_eq!(world.log(), ["one", "two", "two"]);

    let over = engine.restart("a").await.unwrap_err();
    assert!(matches!(over, ControlError::NotRestartable { status: Status::Completed, .. }), "{over}");
    engine.submit(undoes(1).run_id("u")).await.unwrap().await.unwrap_err();
    let undone = engine.restart("u").await.unwrap_err();
    assert!(undone.to_string().contains("undone"), "{undone}");
}
