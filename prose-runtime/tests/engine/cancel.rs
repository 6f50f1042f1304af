//! Cancelling, wherever a run is.

use prose::{ControlError, Ctx, Engine, Error, MemoryStore, Status, Store, flow};

use crate::support::{World, client, until_status, world};

#[flow(name = "order")]
async fn order(ctx: Ctx<World>, number: u32) -> Result<u32, String> {
    #[step(compensate = { ctx.deps.did("refunded"); })]
    let paid: u32 = {
        ctx.deps.did("paid");
        number
    };
    #[step]
    'ship: {
        ctx.deps.did("shipping");
        let told = ctx.cancellation().clone();
        let world = ctx.deps.clone();
        tokio::spawn(async move {
            told.cancelled().await;
            world.did("told");
        });
        ctx.deps.gate.passed().await;
    }
    Ok(paid)
}

#[flow(name = "parent")]
async fn parent(ctx: Ctx<World>, number: u32) -> Result<u32, String> {
    #[step(compensate = { ctx.deps.did("parent undone"); })]
    'first: {
        ctx.deps.did("parent began");
    }
    #[child]
    let paid: u32 = order(number);
    Ok(paid)
}

#[tokio::test]
async fn a_run_in_the_midst_of_a_step_is_told_undone_and_cancelled() {
    let (store, world) = (MemoryStore::new(), world());
    let _engine = Engine::builder(&store, world.clone()).flow::<order::Flow>().start().await.unwrap();
    let client = client(&store).await;
    let handle = client.submit(order(1).run_id("a")).await.unwrap();
    world.until("shipping", 1).await;
    client.cancel("a").await.unwrap();
    assert!(matches!(handle.await, Err(Error::Cancelled { .. })));
    world.until("told", 1).await;
    assert_eq!((world.times("paid"), world.times("refunded")), (1, 1));
    let again = client.cancel("a").await.unwrap_err();
    assert!(matches!(again, ControlError::Over { status: Status::Cancelled, .. }), "{again}");
}

#[tokio::test]
async fn a_run_that_nobody_has_begun_ends_as_cancelled_and_runs_nothing() {
    let (store, world) = (MemoryStore::new(), world());
    let client = client(&store).await;
    let handle = client.submit(order(1).run_id("a")).await.unwrap();
    client.cancel("a").await.unwrap();
    assert_eq!(handle.checkpoint().await.unwrap().status, Status::Cancelling);
    let _engine = Engine::builder(&store, world.clone()).flow::<order::Flow>().start().await.unwrap();
    assert!(matches!(handle.await, Err(Error::Cancelled { .. })));
    assert_eq!(world.log(), Vec::<String>::new());
    let missing = client.cancel("b").await.unwrap_err();
    assert!(matches!(missing, ControlError::Missing { .. }), "{missing}");
}

#[tokio::test]
async fn a_child_is_cancelled_with_its_parent_and_undone_before_it() {
    let (store, world) = (MemoryStore::new(), world());
    let builder = Engine::builder(&store, world.clone()).flow::<parent::Flow>();
    let engine = builder.start().await.unwrap();
    let handle = engine.submit(parent(1).run_id("p")).await.unwrap();
    world.until("shipping", 1).await;
    engine.cancel("p").await.unwrap();
    assert!(matches!(handle.await, Err(Error::Cancelled { .. })));
    assert_eq!(store.load("p:paid").await.unwrap().unwrap().status, Status::Cancelled);
    let undone: Vec<_> = world.log().into_iter().filter(|did| did.contains("undone") || did == "refunded").collect();
    assert_eq!(undone, ["refunded", "parent undone"]);
}

#[tokio::test]
async fn a_call_in_a_process_with_an_engine_is_cancelled_as_well() {
    let (store, world) = (MemoryStore::new(), world());
    let engine = Engine::builder(&store, world.clone()).flow::<order::Flow>().start().await.unwrap();
    let call = tokio::spawn(order(1).deps(world.clone()).durable(&store, "a"));
    world.until("shipping", 1).await;
    engine.cancel("a").await.unwrap();
    assert!(matches!(call.await.unwrap(), Err(Error::Cancelled { .. })));
    until_status(&store, "a", Status::Cancelled).await;
    assert_eq!(world.times("refunded"), 1);
}
