//! Runs that wait out of memory: for an instant, for a signal, for a child that waits.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use prose::store::queue::ListRuns;
use prose::{Ctx, Delivery, Engine, Error, SignalError, Status, Store, flow};

use crate::support::{Executions, LONG, World, client, eventually, until_status, world};

on_each_store! {
    a_run_sleeps_out_of_memory_and_holds_no_slot
    a_nap_stays_in_memory
    an_instant_that_is_past_is_not_waited_for
    what_was_due_while_nobody_worked_is_caught_up_in_order
    a_signal_wakes_a_run_wherever_it_is_sent_from
    a_signal_that_comes_early_is_kept
    a_signal_that_does_not_come_in_time_is_none
    a_signal_by_name_is_looked_at_before_it_is_sent
    a_waiting_child_lets_its_parent_wait_and_wakes_it
    children_at_once_wait_together
    a_child_that_ends_before_its_parent_parks_is_not_missed
    a_child_whose_run_somebody_else_has_made_is_looked_at_now_and_then
    a_waiting_run_is_cancelled_at_once_and_undone
    a_waiting_child_is_cancelled_with_its_parent
    a_waiting_child_is_cancelled_with_a_parent_that_is_busy_beside_it
}

async fn engine(store: &(impl Store + Clone), world: &Arc<World>) -> Engine {
    let builder = Engine::builder(store, world.clone()).flow::<sleeps::Flow>().flow::<approved::Flow>();
    let builder = builder.flow::<parent::Flow>().flow::<both::Flow>().flow::<busy::Flow>().flow::<beside::Flow>();
    builder.concurrency(1).start().await.unwrap()
}

#[flow(name = "sleeps")]
async fn sleeps(ctx: Ctx<World>, (name, until): (String, SystemTime)) -> Result<String, String> {
    #[step]
    'before: {
        ctx.deps.did(format!("{name} sleeps"));
    }
    #[sleep]
    until;
    #[step]
    'behind: {
        ctx.deps.did(format!("{name} wakes"));
    }
    Ok(name)
}

#[flow(name = "approved")]
async fn approved(ctx: Ctx<World>, timeout: bool) -> Result<String, String> {
    #[step(compensate = { ctx.deps.did("undone"); })]
    'before: {
        ctx.deps.did("asks");
    }
    let mut words = Vec::new();
    if timeout {
        #[signal(timeout = "1500ms")]
        let hurry: Option<String>;
        words.push(hurry.unwrap_or("too late".to_owned()));
    } else {
        for _ in 0..2 {
            #[signal]
            let word: String;
            words.push(word);
        }
    }
    Ok(words.join(" "))
}

#[flow(name = "parent")]
async fn parent(ctx: Ctx<World>, _input: ()) -> Result<String, String> {
    #[step(compensate = { ctx.deps.did("parent undone"); })]
    'first: {
        ctx.deps.did("parent begins");
    }
    #[child]
    let said: String = approved(false);
    Ok(format!("child said {said}"))
}

#[flow(name = "both")]
async fn both(ctx: Ctx<World>, until: SystemTime) -> Result<String, String> {
    #[parallel]
    let (said, slept, done): (String, String, u32) = (
        #[child]
        approved(false),
        #[child]
        sleeps(("child".to_owned(), until)),
        #[step]
        {
            ctx.deps.did("beside");
            7
        },
    );
    Ok(format!("{said} {slept} {done}"))
}

#[flow(name = "busy")]
async fn busy(ctx: Ctx<World>, _input: ()) -> Result<String, String> {
    #[parallel]
    let (said, done): (String, u32) = (
        #[child]
        approved(false),
        #[step]
        {
            ctx.deps.did("busy");
            ctx.cancellation().cancelled().await;
            7
        },
    );
    Ok(format!("{said} {done}"))
}

#[flow(name = "beside")]
async fn beside(ctx: Ctx<World>, _input: ()) -> Result<String, String> {
    #[parallel]
    let (said, done): (String, u32) = (
        #[child]
        approved(false),
        #[step]
        {
            ctx.deps.gate.passed().await;
            7
        },
    );
    Ok(format!("{said} {done}"))
}

fn from_now(millis: u64) -> SystemTime {
    SystemTime::now() + Duration::from_millis(millis)
}

async fn a_run_sleeps_out_of_memory_and_holds_no_slot(store: impl Store + Clone) {
    let world = world();
    let engine = engine(&store, &world).await;
    let until = from_now(2_500);
    let sleeper = engine.submit(sleeps(("a".into(), until)).run_id("a")).await.unwrap();
    until_status(&store, "a", Status::Waiting).await;
    let waiting = sleeper.checkpoint().await.unwrap().waiting.unwrap();
    assert_eq!(waiting.step.as_deref(), Some("sleep"));
    let close = |a: SystemTime, b: SystemTime| a.duration_since(b).unwrap_or_default() < Duration::from_millis(2);
    assert!(close(until, waiting.until.unwrap()));
    // There is one slot, and it is free.
    let other = engine.submit(sleeps(("b".into(), SystemTime::now())).run_id("b")).await.unwrap();
    assert_eq!(other.await.unwrap(), "b");
    assert_eq!(sleeper.await.unwrap(), "a");
    assert!(SystemTime::now() >= until);
    assert_eq!(world.log(), ["a sleeps", "b sleeps", "b wakes", "a wakes"]);
}

async fn a_nap_stays_in_memory(store: impl Store + Clone) {
    let world = world();
    let engine = engine(&store, &world).await;
    let handle = engine.submit(sleeps(("a".into(), from_now(200))).run_id("a")).await.unwrap();
    world.until("a sleeps", 1).await;
    assert_ne!(handle.checkpoint().await.unwrap().status, Status::Waiting);
    assert_eq!(handle.await.unwrap(), "a");
}

async fn an_instant_that_is_past_is_not_waited_for(store: impl Store + Clone) {
    let world = world();
    let engine = engine(&store, &world).await;
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    assert_eq!(engine.submit(sleeps(("a".into(), long_ago)).run_id("a")).await.unwrap().await.unwrap(), "a");
}

async fn what_was_due_while_nobody_worked_is_caught_up_in_order(store: impl Store + Clone) {
    let world = world();
    let first = engine(&store, &world).await;
    let mut handles = Vec::new();
    for (name, millis) in [("c", 2_600), ("a", 2_200), ("b", 2_400)] {
        handles.push(first.submit(sleeps((name.into(), from_now(millis))).run_id(name)).await.unwrap());
    }
    for name in ["a", "b", "c"] {
        until_status(&store, name, Status::Waiting).await;
    }
    first.drain(Duration::ZERO).await;
    tokio::time::sleep(Duration::from_millis(2_700)).await;
    let _second = engine(&store, &world).await;
    for handle in handles {
        handle.await.unwrap();
    }
    let woken: Vec<_> = world.log().into_iter().filter(|did| did.ends_with("wakes")).collect();
    assert_eq!(woken, ["a wakes", "b wakes", "c wakes"]);
}

async fn a_signal_wakes_a_run_wherever_it_is_sent_from(store: impl Store + Clone) {
    let world = world();
    let _engine = engine(&store, &world).await;
    let client = client(&store).await;
    let handle = client.submit(approved(false).run_id("a")).await.unwrap();
    until_status(&store, "a", Status::Waiting).await;
    assert_eq!(handle.checkpoint().await.unwrap().waiting.unwrap().signal.as_deref(), Some("word"));
    for (word, id) in [("yes", "1"), ("yes", "1"), ("please", "2")] {
        approved::signals::word(&client, "a", word.to_owned()).id(id).await.unwrap();
    }
    assert_eq!(handle.await.unwrap(), "yes please");
    let late = approved::signals::word(&client, "a", "more".to_owned()).await.unwrap_err();
    assert!(matches!(late, SignalError::Over { status: Status::Completed, .. }), "{late}");
    assert_eq!(world.log(), ["asks"]);
}

async fn a_signal_that_comes_early_is_kept(store: impl Store + Clone) {
    let world = world();
    let client = client(&store).await;
    let early = || approved::signals::word(&client, "a", "early".to_owned());
    assert!(matches!(early().await, Err(SignalError::NoRun { .. })));
    assert_eq!(early().keep_for(Duration::from_secs(60)).await.unwrap(), Delivery::KeptForLater);
    let handle = client.submit(approved(false).run_id("a")).await.unwrap();
    assert_eq!(approved::signals::word(&client, "a", "bird".to_owned()).await.unwrap(), Delivery::Kept);
    let _engine = engine(&store, &world).await;
    assert_eq!(handle.await.unwrap(), "early bird");
}

async fn a_signal_that_does_not_come_in_time_is_none(store: impl Store + Clone) {
    let world = world();
    let engine = engine(&store, &world).await;
    let in_vain = engine.submit(approved(true).run_id("a")).await.unwrap();
    let in_time = engine.submit(approved(true).run_id("b")).await.unwrap();
    until_status(&store, "b", Status::Waiting).await;
    approved::signals::hurry(&engine, "b", "here".to_owned()).await.unwrap();
    assert_eq!(in_time.await.unwrap(), "here");
    assert_eq!(in_vain.await.unwrap(), "too late");
}

async fn a_signal_by_name_is_looked_at_before_it_is_sent(store: impl Store + Clone) {
    let world = world();
    let engine = engine(&store, &world).await;
    let handle = engine.submit(approved(true).run_id("a")).await.unwrap();
    until_status(&store, "a", Status::Waiting).await;
    let unknown = engine.signal::<approved::Flow>("a", "wurd", &"x").await.unwrap_err();
    assert!(matches!(&unknown, SignalError::Unknown { known, .. } if known.contains(&"word")), "{unknown}");
    let number = engine.signal::<approved::Flow>("a", "hurry", &7).await.unwrap_err();
    assert!(matches!(number, SignalError::Undecodable { .. }), "{number}");
    engine.signal::<approved::Flow>("a", "hurry", &"here").await.unwrap();
    assert_eq!(handle.await.unwrap(), "here");
}

async fn a_waiting_child_lets_its_parent_wait_and_wakes_it(store: impl Store + Clone) {
    let world = world();
    let engine = engine(&store, &world).await;
    let handle = engine.submit(parent(()).run_id("p")).await.unwrap();
    until_status(&store, "p", Status::Waiting).await;
    assert_eq!(store.load("p:said").await.unwrap().unwrap().status, Status::Waiting);
    // The one slot is free: neither holds it.
    engine.submit(sleeps(("x".into(), SystemTime::now())).run_id("x")).await.unwrap().await.unwrap();
    for word in ["thank", "you"] {
        approved::signals::word(&engine, "p:said", word.to_owned()).await.unwrap();
    }
    assert_eq!(handle.await.unwrap(), "child said thank you");
    assert_eq!((world.times("parent begins"), world.times("asks")), (1, 1));
}

async fn children_at_once_wait_together(store: impl Store + Clone) {
    let world = world();
    let engine = engine(&store, &world).await;
    let handle = engine.submit(both(from_now(2_000)).run_id("p")).await.unwrap();
    until_status(&store, "p", Status::Waiting).await;
    assert_eq!(world.times("beside"), 1);
    approved::signals::word(&engine, "p:said", "both".to_owned()).await.unwrap();
    eventually("the signal is taken, and the next one waited for", async || {
        let said = store.load("p:said").await.unwrap().unwrap();
        said.status == Status::Waiting && said.completed_steps.contains(&"word".to_owned())
    })
    .await;
    approved::signals::word(&engine, "p:said", "done".to_owned()).await.unwrap();
    assert_eq!(handle.await.unwrap(), "both done child 7");
    let once = ["beside", "asks", "child sleeps", "child wakes"].map(|did| world.times(did));
    assert_eq!(once, [1; 4]);
}

/// Somebody calls it by its name, while something beside it keeps its parent from parking.
async fn a_child_that_ends_before_its_parent_parks_is_not_missed(store: impl Store + Clone) {
    let world = world();
    let engine = engine(&store, &world).await;
    let handle = engine.submit(beside(()).run_id("p")).await.unwrap();
    until_status(&store, "p:said", Status::Waiting).await;
    for word in ["by", "name"] {
        approved::signals::word(&engine, "p:said", word.to_owned()).await.unwrap();
    }
    let said = approved(false).deps(world.clone()).durable(&store, "p:said").await.unwrap();
    assert_eq!(said, "by name");
    world.gate.open();
    let ended = tokio::time::timeout(LONG, handle.into_future()).await.expect("the child's end was missed");
    assert_eq!(ended.unwrap(), "by name 7");
}

async fn a_waiting_run_is_cancelled_at_once_and_undone(store: impl Store + Clone) {
    let world = world();
    let engine = engine(&store, &world).await;
    let handle = engine.submit(approved(false).run_id("a")).await.unwrap();
    until_status(&store, "a", Status::Waiting).await;
    client(&store).await.cancel("a").await.unwrap();
    assert!(matches!(handle.await, Err(Error::Cancelled { .. })));
    assert_eq!(world.log(), ["asks", "undone"]);
}

async fn a_waiting_child_is_cancelled_with_its_parent(store: impl Store + Clone) {
    let world = world();
    let engine = engine(&store, &world).await;
    for (flow, child) in [("p", "p:said"), ("b", "b:said")] {
        let page = ListRuns::default();
        match flow {
            "p" => engine.submit(parent(()).run_id(flow)).await.map(drop).unwrap(),
            _ => engine.submit(both(from_now(600_000)).run_id(flow)).await.map(drop).unwrap(),
        }
        until_status(&store, flow, Status::Waiting).await;
        engine.cancel(flow).await.unwrap();
        until_status(&store, flow, Status::Cancelled).await;
        until_status(&store, child, Status::Cancelled).await;
        let open = engine.list(&page).await.unwrap().into_iter().filter(|run| !run.status.is_ended());
        assert_eq!(open.map(|run| run.key.run_id).collect::<Vec<_>>(), Vec::<String>::new());
    }
    assert_eq!((world.times("undone"), world.times("parent undone")), (2, 1));
}

async fn a_waiting_child_is_cancelled_with_a_parent_that_is_busy_beside_it(store: impl Store + Clone) {
    let world = world();
    let engine = engine(&store, &world).await;
    let handle = engine.submit(busy(()).run_id("b")).await.unwrap();
    until_status(&store, "b:said", Status::Waiting).await;
    world.until("busy", 1).await;
    engine.cancel("b").await.unwrap();
    assert!(matches!(handle.await, Err(Error::Cancelled { .. })));
    assert_eq!(store.load("b:said").await.unwrap().unwrap().status, Status::Cancelled);
    assert_eq!(world.times("undone"), 1);
}

/// Its parent is not woken by it.
async fn a_child_whose_run_somebody_else_has_made_is_looked_at_now_and_then(store: impl Store + Clone) {
    let (world, seen) = (world(), Executions::default());
    for run_id in ["p:said", "b:said"] {
        let call = tokio::spawn(approved(false).deps(world.clone()).durable(&store, run_id));
        until_status(&store, run_id, Status::Running).await;
        call.abort();
    }
    world.gate.open();
    let builder = Engine::builder(&store, world.clone()).flow::<parent::Flow>().flow::<beside::Flow>();
    let engine = builder.observer(seen.clone()).start().await.unwrap();
    let alone = engine.submit(parent(()).run_id("p")).await.unwrap();
    let at_once = engine.submit(beside(()).run_id("b")).await.unwrap();
    for run_id in ["p", "b"] {
        until_status(&store, run_id, Status::Waiting).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(seen.of("p") <= 2 && seen.of("b") <= 2, "{} and {} executions", seen.of("p"), seen.of("b"));
    for run_id in ["p:said", "b:said"] {
        for word in ["a", "b"] {
            approved::signals::word(&engine, run_id, word.to_owned()).await.unwrap();
        }
    }
    assert_eq!(alone.await.unwrap(), "child said a b");
    assert_eq!(at_once.await.unwrap(), "a b 7");
}
