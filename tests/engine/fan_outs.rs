//! Children that wait in a `#[parallel]`, beside others, and beside what fails.

use std::sync::Arc;

use prose::store::queue::{ClaimDue, Fit};
use prose::{Ctx, Engine, Error, Status, Store, flow};
use prose_sqlite::SqliteStore;

use crate::support::{Executions, LONG, World, eventually, until_status, world};

on_each_store! {
    a_child_that_is_not_woken_is_not_executed
    what_fails_beside_a_waiting_child_fails_once
    what_has_failed_beside_a_waiting_child_runs_again_if_its_run_is_started_again
    a_child_that_fails_beside_a_waiting_one_fails_once
}

#[flow(name = "asks")]
async fn asks(_ctx: Ctx<World>, words: u32) -> Result<String, String> {
    let mut all = Vec::new();
    for _ in 0..words {
        #[signal]
        let word: String;
        all.push(word);
    }
    Ok(all.join(" "))
}

#[flow(name = "two-children")]
async fn two_children(_ctx: Ctx<World>, _input: ()) -> Result<String, String> {
    #[parallel]
    let (one, two): (String, String) = (
        #[child]
        asks(3),
        #[child]
        asks(1),
    );
    Ok(format!("{one}, {two}"))
}

#[flow(name = "fails-beside")]
async fn fails_beside(ctx: Ctx<World>, compensates: bool) -> Result<String, String> {
    if compensates {
        #[step(compensate = { ctx.deps.did("undone"); })]
        'before: {
            ctx.deps.did("before");
        }
    }
    #[parallel]
    let (said, done): (String, u32) = (
        #[child]
        asks(2),
        #[step]
        {
            ctx.deps.did("beside");
            if !ctx.deps.gate.is_open() {
                return Err("out of order".to_owned());
            }
            7
        },
    );
    Ok(format!("{said} {done}"))
}

#[flow(name = "fails")]
async fn fails(ctx: Ctx<World>, _input: ()) -> Result<u32, String> {
    #[step]
    'fail: {
        ctx.deps.did("fails");
        return Err("out of order".to_owned());
    }
    Ok(7)
}

#[flow(name = "child-fails-beside")]
async fn child_fails_beside(_ctx: Ctx<World>, _input: ()) -> Result<String, String> {
    #[parallel]
    let (said, done): (String, u32) = (
        #[child]
        asks(2),
        #[child]
        fails(()),
    );
    Ok(format!("{said} {done}"))
}

async fn engine(store: &(impl Store + Clone), world: &Arc<World>, seen: &Executions) -> Engine {
    let builder = Engine::builder(store, world.clone()).flow::<two_children::Flow>().flow::<fails_beside::Flow>();
    builder.flow::<child_fails_beside::Flow>().observer(seen.clone()).start().await.unwrap()
}

async fn say(engine: &Engine, run_id: &str, word: &str) {
    asks::signals::word(engine, run_id, word.to_owned()).await.unwrap();
}

/// Waits until a run has been executed so often, and waits again.
async fn waits_again(store: &(impl Store + Clone), seen: &Executions, run_id: &str, executions: u32) {
    eventually(&format!("{run_id} waits again"), async || seen.of(run_id) >= executions).await;
    until_status(store, run_id, Status::Waiting).await;
}

async fn a_child_that_is_not_woken_is_not_executed(store: impl Store + Clone) {
    let (world, seen) = (world(), Executions::default());
    let engine = engine(&store, &world, &seen).await;
    let handle = engine.submit(two_children(()).run_id("p")).await.unwrap();
    for (turn, word) in [(1, "a"), (2, "b"), (3, "c")] {
        waits_again(&store, &seen, "p", turn).await;
        say(&engine, "p:one", word).await;
    }
    waits_again(&store, &seen, "p", 4).await;
    assert_eq!((seen.of("p:one"), seen.of("p:two")), (4, 1));
    say(&engine, "p:two", "d").await;
    assert_eq!(handle.await.unwrap(), "a b c, d");
    assert_eq!((seen.of("p"), seen.of("p:one"), seen.of("p:two")), (5, 4, 2));
}

async fn what_fails_beside_a_waiting_child_fails_once(store: impl Store + Clone) {
    let (world, seen) = (world(), Executions::default());
    let engine = engine(&store, &world, &seen).await;
    let handle = engine.submit(fails_beside(true).run_id("p")).await.unwrap();
    waits_again(&store, &seen, "p", 1).await;
    assert_eq!(world.log(), ["before", "beside"]);
    say(&engine, "p:said", "a").await;
    waits_again(&store, &seen, "p", 2).await;
    // Also if what has failed could go on by now.
    world.gate.open();
    say(&engine, "p:said", "b").await;
    let failed = handle.await.unwrap_err();
    assert!(matches!(&failed, Error::JoinedFailed { message, .. } if message == "out of order"), "{failed}");
    assert_eq!(world.log(), ["before", "beside", "undone"]);
    assert_eq!(store.load("p:said").await.unwrap().unwrap().status, Status::Completed);
    let failed = store.load("p").await.unwrap().unwrap().failed_step.unwrap();
    assert_eq!((failed.name.as_deref(), failed.error.as_str()), (Some("done"), "out of order"));
}

async fn what_has_failed_beside_a_waiting_child_runs_again_if_its_run_is_started_again(store: impl Store + Clone) {
    let (world, seen) = (world(), Executions::default());
    let engine = engine(&store, &world, &seen).await;
    let handle = engine.submit(fails_beside(false).run_id("p")).await.unwrap();
    waits_again(&store, &seen, "p", 1).await;
    for word in ["a", "b"] {
        say(&engine, "p:said", word).await;
    }
    handle.outcome().await.unwrap_err();
    assert_eq!(world.times("beside"), 1);
    world.gate.open();
    engine.restart("p").await.unwrap();
    assert_eq!(handle.await.unwrap(), "a b 7");
    assert_eq!(world.times("beside"), 2);
}

async fn a_child_that_fails_beside_a_waiting_one_fails_once(store: impl Store + Clone) {
    let (world, seen) = (world(), Executions::default());
    let engine = engine(&store, &world, &seen).await;
    let handle = engine.submit(child_fails_beside(()).run_id("p")).await.unwrap();
    for (turn, word) in [(1, "a"), (2, "b")] {
        waits_again(&store, &seen, "p", turn).await;
        say(&engine, "p:said", word).await;
    }
    let failed = handle.await.unwrap_err();
    assert!(failed.to_string().contains("out of order"), "{failed}");
    assert_eq!((world.times("fails"), seen.of("p:done")), (1, 1));
    assert_eq!(store.load("p:done").await.unwrap().unwrap().status, Status::Failed);
}

/// Whoever claims what is due dies of it, so often that it is given up.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_failed_beside_a_waiting_child_is_forgotten_by_a_run_that_is_given_up() {
    const CRASHES: u32 = 2;
    let (folder, world, seen) = (tempfile::tempdir().unwrap(), world(), Executions::default());
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let first = engine(&store, &world, &seen).await;
    let handle = first.submit(fails_beside(false).run_id("p")).await.unwrap();
    waits_again(&store, &seen, "p", 1).await;
    first.drain(LONG).await;
    say(&first, "p:said", "a").await;
    for _ in 0..CRASHES {
        let dying = SqliteStore::open(&file).await.unwrap();
        let request = ClaimDue { flows: vec!["fails-beside".to_owned()], limit: 1, blocked: false };
        assert_eq!(dying.queue().claim_due(&request, Arc::new(|_| Fit::Yes)).await.unwrap().runs.len(), 1);
        drop(dying);
        assert_eq!(store.queue().recover().await.unwrap(), 1);
    }
    let builder = Engine::builder(&store, world.clone()).flow::<fails_beside::Flow>().max_crashes(CRASHES);
    let second = builder.observer(seen.clone()).start().await.unwrap();
    let given_up = handle.outcome().await.unwrap_err();
    assert!(given_up.to_string().contains("died with their process"), "{given_up}");
    world.gate.open();
    second.restart("p").await.unwrap();
    say(&second, "p:said", "b").await;
    assert_eq!(handle.await.unwrap(), "a b 7");
}
