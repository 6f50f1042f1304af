//! Submitting.

use std::time::Duration;

use prose::{Ctx, Engine, EngineError, Event, Status, Store, SubmitError, flow};

use crate::support::{World, client, status, world};

on_each_store! {
    a_run_is_executed_once_however_often_it_is_submitted
    another_input_or_flow_under_the_same_id_is_refused
    what_was_submitted_is_there_before_anybody_executes_it
    without_a_run_id_each_submission_is_a_run_of_its_own
    what_cannot_be_submitted_is_refused_with_a_reason
    an_engine_that_could_not_work_does_not_start
    an_engine_publishes_the_events_of_its_flows
}

#[flow(name = "greet")]
async fn greet(ctx: Ctx<World>, name: String) -> Result<String, String> {
    #[step]
    let greeting: String = {
        ctx.deps.did(format!("greeted {name}"));
        format!("Hello, {name}!")
    };
    Ok(greeting)
}

#[flow(name = "leave")]
async fn leave(_ctx: Ctx<World>, name: String) -> Result<String, String> {
    Ok(name)
}

#[derive(serde::Serialize, Event)]
#[event(type = "told")]
struct Told;

#[flow]
async fn tell(_ctx: Ctx<World>, _name: String) -> Result<(), String> {
    #[event("talk")]
    Told;
    Ok(())
}

async fn a_run_is_executed_once_however_often_it_is_submitted(store: impl Store + Clone) {
    let world = world();
    let engine = Engine::builder(&store, world.clone()).flow::<greet::Flow>().start().await.unwrap();
    let first = engine.submit(greet("Ada".into()).run_id("a")).await.unwrap();
    let again = engine.submit(greet("Ada".into()).run_id("a")).await.unwrap();
    assert_eq!((first.is_new(), again.is_new(), again.run_id()), (true, false, "a"));
    assert_eq!(first.await.unwrap(), "Hello, Ada!");
    let once_more = engine.submit(greet("Ada".into()).run_id("a")).await.unwrap();
    assert_eq!(once_more.await.unwrap(), "Hello, Ada!");
    assert_eq!(world.log(), ["greeted Ada"]);
}

async fn another_input_or_flow_under_the_same_id_is_refused(store: impl Store + Clone) {
    let world = world();
    let builder = Engine::builder(&store, world.clone()).flow::<greet::Flow>().flow::<leave::Flow>();
    let engine = builder.start().await.unwrap();
    engine.submit(greet("Ada".into()).run_id("a")).await.unwrap().await.unwrap();
    let other = engine.submit(greet("Bob".into()).run_id("a")).await.unwrap_err();
    assert!(matches!(&other, SubmitError::OtherInput { run_id } if run_id == "a"), "{other}");
    let other = engine.submit(leave("Ada".into()).run_id("a")).await.unwrap_err();
    assert!(matches!(&other, SubmitError::OtherFlow { actual, .. } if actual == "greet"), "{other}");
    assert_eq!(world.log(), ["greeted Ada"]);
}

async fn what_was_submitted_is_there_before_anybody_executes_it(store: impl Store + Clone) {
    let world = world();
    let handle = client(&store).await.submit(greet("Ada".into()).run_id("a").correlation_id("c")).await.unwrap();
    let run = handle.checkpoint().await.unwrap();
    assert_eq!((run.status, run.correlation_id.as_str(), run.completed_steps.len()), (Status::Running, "c", 0));
    let _engine = Engine::builder(&store, world.clone()).flow::<greet::Flow>().start().await.unwrap();
    assert_eq!(handle.await.unwrap(), "Hello, Ada!");
}

async fn without_a_run_id_each_submission_is_a_run_of_its_own(store: impl Store + Clone) {
    let world = world();
    let engine = Engine::builder(&store, world.clone()).flow::<greet::Flow>().start().await.unwrap();
    let (one, two) = (engine.submit(greet("A".into())).await.unwrap(), engine.submit(greet("A".into())).await.unwrap());
    assert_ne!(one.run_id(), two.run_id());
    one.await.unwrap();
    two.await.unwrap();
    assert_eq!(world.log(), ["greeted A", "greeted A"]);
}

async fn what_cannot_be_submitted_is_refused_with_a_reason(store: impl Store + Clone) {
    let world = world();
    let engine = Engine::builder(&store, world).flow::<greet::Flow>().start().await.unwrap();
    let foreign = engine.submit(leave("Ada".into()).run_id("l")).await.unwrap_err();
    assert!(matches!(foreign, SubmitError::NotRegistered { flow: "leave" }), "{foreign}");
    let limited = engine.submit(greet("Ada".into()).timeout(Duration::from_secs(1)).run_id("t")).await.unwrap_err();
    assert!(matches!(limited, SubmitError::NotOfARun { option: "timeout" }), "{limited}");
    assert_eq!((status(&store, "l").await, status(&store, "t").await), (None, None));
    let kept = engine.submit(greet("Ada".into()).durable(&store, "d").run_id("d")).await.unwrap_err();
    assert!(kept.to_string().contains("`.run_id(id)`"), "{kept}");
    for id in ["", "nul\0", &"x".repeat(1_025)] {
        let nameless = engine.submit(greet("Ada".into()).run_id(id)).await.unwrap_err();
        assert!(matches!(nameless, SubmitError::RunId(_)), "{nameless}");
    }
    engine.submit(greet("Ada".into()).run_id("x".repeat(1_024))).await.unwrap().await.unwrap();
}

async fn an_engine_that_could_not_work_does_not_start(store: impl Store + Clone) {
    let world = world();
    let none = Engine::builder::<_, World>(&store, world.clone()).start().await.unwrap_err();
    assert!(matches!(none, EngineError::NoFlow), "{none}");
    let twice = Engine::builder(&store, world.clone()).flow::<greet::Flow>().flow::<greet::Flow>();
    let twice = twice.start().await.unwrap_err();
    assert!(matches!(twice, EngineError::SameName { name: "greet" }), "{twice}");
    let untold = Engine::builder(&store, world).flow::<tell::Flow>().start().await.unwrap_err();
    assert!(matches!(untold, EngineError::NoPublisher { flow: "tell", step: "talk" }), "{untold}");
}

async fn an_engine_publishes_the_events_of_its_flows(store: impl Store + Clone) {
    let publisher = prose::MemoryPublisher::new();
    let builder = Engine::builder(&store, world()).flow::<tell::Flow>().publisher(publisher.clone());
    let engine = builder.start().await.unwrap();
    engine.submit(tell("x".into()).run_id("t")).await.unwrap().await.unwrap();
    crate::support::eventually("told", async || publisher.published().len() == 1).await;
    assert_eq!(publisher.published()[0].1.id, "t:talk");
}
