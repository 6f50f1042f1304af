//! Cancelling, wherever a run is.

use std::sync::Arc;
use std::time::Duration;

use prose::store::queue::ListRuns;
use prose::{ControlError, Ctx, Engine, Error, Status, Store, flow};
use prose_sqlite::SqliteStore;

use crate::changed::{new, old};
use crate::support::{LONG, World, client, status, until_status, world};

on_each_store! {
    a_run_in_the_midst_of_a_step_is_told_undone_and_cancelled
    a_run_that_nobody_has_begun_ends_as_cancelled_and_runs_nothing
    a_child_is_cancelled_with_its_parent_and_undone_before_it
    a_call_in_a_process_with_an_engine_is_cancelled_as_well
    a_run_that_no_code_fits_is_cancelled_if_nothing_is_to_be_undone
    a_run_whose_flow_no_engine_has_is_cancelled_when_it_is_asked_again
}

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

async fn a_run_in_the_midst_of_a_step_is_told_undone_and_cancelled(store: impl Store + Clone) {
    let world = world();
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

async fn a_run_that_nobody_has_begun_ends_as_cancelled_and_runs_nothing(store: impl Store + Clone) {
    let world = world();
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

async fn a_child_is_cancelled_with_its_parent_and_undone_before_it(store: impl Store + Clone) {
    let world = world();
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

async fn a_call_in_a_process_with_an_engine_is_cancelled_as_well(store: impl Store + Clone) {
    let world = world();
    let engine = Engine::builder(&store, world.clone()).flow::<order::Flow>().start().await.unwrap();
    let call = tokio::spawn(order(1).deps(world.clone()).durable(&store, "a"));
    world.until("shipping", 1).await;
    engine.cancel("a").await.unwrap();
    assert!(matches!(call.await.unwrap(), Err(Error::Cancelled { .. })));
    until_status(&store, "a", Status::Cancelled).await;
    assert_eq!(world.times("refunded"), 1);
}

async fn left_waiting_by_old_code(store: &(impl Store + Clone), world: &Arc<World>) {
    let engine = Engine::builder(store, world.clone()).flow::<old::changed::Flow>().start().await.unwrap();
    for (run_id, compensates) in [("plain", false), ("undoable", true)] {
        engine.submit(old::changed(compensates).run_id(run_id)).await.unwrap();
        until_status(store, run_id, Status::Waiting).await;
    }
    engine.drain(Duration::ZERO).await;
}

async fn a_run_that_no_code_fits_is_cancelled_if_nothing_is_to_be_undone(store: impl Store + Clone) {
    let world = world();
    left_waiting_by_old_code(&store, &world).await;
    let engine = Engine::builder(&store, world.clone()).flow::<new::changed::Flow>().start().await.unwrap();
    for run_id in ["plain", "undoable"] {
        let called = new::changed(true).deps(world.clone()).durable(&store, run_id).await.unwrap_err();
        assert!(matches!(called, Error::CodeChanged { .. }), "{called}");
        assert_eq!(status(&store, run_id).await, Some(Status::Blocked));
        engine.cancel(run_id).await.unwrap();
    }
    assert_eq!(status(&store, "plain").await, Some(Status::Cancelled));
    // Given back, it is looked at again, by an engine whose code fits if there is one.
    let blocked_again = async {
        loop {
            let stuck = store.load("undoable").await.unwrap().unwrap();
            assert_eq!(stuck.status, Status::Cancelling);
            match stuck.blocked {
                Some(blocked) => break blocked.step,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    let blocked_at = tokio::time::timeout(LONG, blocked_again).await.expect("no engine has looked at it again");
    assert_eq!(blocked_at.as_deref(), Some("old_sleep"));
    let listed = ListRuns { status: Some(Status::Cancelling), ..ListRuns::default() };
    assert_eq!(engine.list(&listed).await.unwrap().len(), 1);
    assert_eq!(world.log(), ["first"]);

    // Code that can go on with it undoes it. (By a call: what is refused in a process, its engines are not given again.)
    let ended = old::changed(true).deps(world.clone()).durable(&store, "undoable").await.unwrap_err();
    assert!(matches!(ended, Error::Cancelled { .. }), "{ended}");
    assert_eq!(world.log(), ["first", "undone"]);
}

async fn a_run_whose_flow_no_engine_has_is_cancelled_when_it_is_asked_again(store: impl Store + Clone) {
    let world = world();
    left_waiting_by_old_code(&store, &world).await;
    let client = client(&store).await;
    for _ in 0..2 {
        for run_id in ["plain", "undoable"] {
            assert_ne!(status(&store, run_id).await, Some(Status::Cancelled));
            client.cancel(run_id).await.unwrap();
        }
    }
    assert_eq!(status(&store, "plain").await, Some(Status::Cancelled));
    assert_eq!(status(&store, "undoable").await, Some(Status::Cancelling));
}

/// One asks for all, once a second; not one that is held without being polled.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_a_process_without_an_engine_hears_of_it() {
    let (folder, world) = (tempfile::tempdir().unwrap(), world());
    let file = folder.path().join("runs.db");
    let here = SqliteStore::open(&file).await.unwrap();
    let mut held = Box::pin(order(1).deps(world.clone()).durable(&here, "held").into_future());
    tokio::select! {
        ended = &mut held => panic!("{ended:?}"),
        () = world.until("shipping", 1) => {}
    }
    let calls = ["a", "b"].map(|run_id| tokio::spawn(order(1).deps(world.clone()).durable(&here, run_id)));
    world.until("shipping", 3).await;
    let elsewhere = SqliteStore::open(&file).await.unwrap();
    let client = client(&elsewhere).await;
    for (call, run_id) in calls.into_iter().zip(["a", "b"]) {
        client.cancel(run_id).await.unwrap();
        let ended = tokio::time::timeout(LONG, call).await.expect("it has not heard of it").unwrap();
        assert!(matches!(ended, Err(Error::Cancelled { .. })));
    }
    assert_eq!(world.times("refunded"), 2);
}
