//! Waiting for runs, wherever they are executed.

use prose::{Ctx, Engine, Error, Store, flow};

use crate::support::{World, client, world};

on_each_store! {
    a_hundred_wait_for_one_run_from_another_engine
    a_handle_tells_how_a_run_has_failed
    handles_outlive_their_engine
    a_call_joins_what_an_engine_executes
}

#[flow(name = "work")]
async fn work(ctx: Ctx<World>, number: u32) -> Result<u32, String> {
    #[step(compensate = { refund(number)?; })]
    let twice: u32 = {
        ctx.deps.gate.passed().await;
        ctx.deps.did("worked");
        2 * number
    };
    match number {
        1 | 2 => Err(format!("{number} is not enough")),
        3 => panic!("three"),
        _ => Ok(twice),
    }
}

fn refund(number: u32) -> Result<(), String> {
    if number == 2 { Err("no refund".to_owned()) } else { Ok(()) }
}

#[flow(name = "other")]
async fn other(_ctx: Ctx<World>, number: u32) -> Result<u32, String> {
    Ok(number)
}

async fn a_hundred_wait_for_one_run_from_another_engine(store: impl Store + Clone) {
    let world = world();
    let _engine = Engine::builder(&store, world.clone()).flow::<work::Flow>().start().await.unwrap();
    let client = client(&store).await;
    let handle = client.submit(work(21).run_id("a")).await.unwrap();
    let waiting: Vec<_> = (0..100).map(|_| tokio::spawn(handle.clone().into_future())).collect();
    world.gate.open();
    for waits in waiting {
        assert_eq!(waits.await.unwrap().unwrap(), 42);
    }
    assert_eq!(client.handle::<work::Flow>("a").await.unwrap(), 42);
    assert_eq!(world.log(), ["worked"]);
}

async fn a_handle_tells_how_a_run_has_failed(store: impl Store + Clone) {
    let world = world();
    world.gate.open();
    let engine = Engine::builder(&store, world.clone()).flow::<work::Flow>().flow::<other::Flow>();
    let engine = engine.start().await.unwrap();
    let failed = engine.submit(work(1).run_id("a")).await.unwrap().await.unwrap_err();
    assert!(matches!(&failed, Error::JoinedFailed { message, .. } if message == "1 is not enough"), "{failed}");
    let kept = engine.submit(work(2).run_id("b")).await.unwrap().await.unwrap_err();
    assert!(matches!(&kept, Error::NotUndone { steps, .. } if steps[0].error == "no refund"), "{kept}");
    let panicked = engine.submit(work(3).run_id("c")).await.unwrap().await.unwrap_err();
    assert!(matches!(&panicked, Error::JoinedFailed { message, .. } if message == "panicked: three"), "{panicked}");
    let foreign = engine.handle::<other::Flow>("a").await.unwrap_err();
    assert!(matches!(&foreign, Error::OtherFlow { actual, .. } if actual == "work"), "{foreign}");
    let missing = engine.handle::<work::Flow>("x").await.unwrap_err();
    assert!(matches!(missing, Error::NoRun { .. }), "{missing}");
    // It still works.
    assert_eq!(engine.submit(work(4).run_id("d")).await.unwrap().await.unwrap(), 8);
}

async fn handles_outlive_their_engine(store: impl Store + Clone) {
    let world = world();
    let handle = {
        let client = client(&store).await;
        client.submit(work(5).run_id("a")).await.unwrap()
    };
    let waiting = tokio::spawn(handle.into_future());
    world.gate.open();
    let _engine = Engine::builder(&store, world).flow::<work::Flow>().start().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), 10);
}

/// A call and an engine on one store: whoever has the run executes it, the other one waits.
async fn a_call_joins_what_an_engine_executes(store: impl Store + Clone) {
    let world = world();
    let engine = Engine::builder(&store, world.clone()).flow::<work::Flow>().start().await.unwrap();
    let handle = engine.submit(work(6).run_id("a")).await.unwrap();
    let call = tokio::spawn(work(6).deps(world.clone()).durable(&store, "a"));
    world.gate.open();
    assert_eq!((handle.await.unwrap(), call.await.unwrap().unwrap()), (12, 12));
    assert_eq!(world.log(), ["worked"]);
}
