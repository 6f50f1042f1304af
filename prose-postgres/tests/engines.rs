//! Engines hear of one another's writes: with an hour between their looks, nothing but what they are told can make runs go on.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::time::Duration;

use common::Schema;
use prose::store::queue::Asked;
use prose::store::{NewRun, RunKey};
use prose::{Ctx, Engine, Status, Store, flow};
use prose_postgres::PostgresStore;
use prose_store_tests::{json, new_run};

/// Greets, and never ends if it is told to wait.
#[flow]
async fn greeting(ctx: Ctx, name: String) -> Result<String, std::convert::Infallible> {
    #[step]
    let greeting: String = format!("Hello, {name}");
    #[step]
    'wait: {
        if name == "wait" {
            std::future::pending::<()>().await;
        }
    }
    Ok(greeting)
}

const HOUR: Duration = Duration::from_secs(3_600);

async fn engine(store: &PostgresStore) -> Engine {
    Engine::builder(store, ()).flow::<greeting::Flow>().poll_interval(HOUR).start().await.unwrap()
}

fn run(run_id: &str, name: &str) -> NewRun {
    NewRun { flow: "greeting".to_owned(), input: json(&format!("{name:?}")), ..new_run(run_id) }
}

/// Waits until the run has this status, however slow the machine.
async fn becomes(store: &PostgresStore, run_id: &str, status: Status) {
    let waiting = async {
        while store.load(run_id).await.unwrap().unwrap().status != status {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    assert!(waited.is_ok(), "`{run_id}` is {:?}", store.load(run_id).await.unwrap().unwrap().status);
}

/// The whole life of runs that `here` knows of and `there` executes.
async fn lives(here: &PostgresStore, name: &str) {
    let (ends, cancelled) = (format!("{name}-ends"), format!("{name}-cancelled"));
    here.queue().submit(&run(&ends, "Ada")).await.unwrap();
    becomes(here, &ends, Status::Completed).await;
    here.queue().submit(&run(&cancelled, "wait")).await.unwrap();
    let entered = async {
        while here.load(&cancelled).await.unwrap().unwrap().completed_steps.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), entered).await.expect("it is executed");
    assert_eq!(here.queue().cancel(&RunKey::new(&cancelled)).await.unwrap(), Asked::Done);
    becomes(here, &cancelled, Status::Cancelled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_writes_wakes_another_ones_engine() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let (here, there) = (schema.store().await, schema.store().await);
    let _engine = engine(&there).await;
    lives(&here, "run").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_hears_again_when_the_server_is_back() {
    let Some(server) = prose_test_servers::private_postgres() else { return };
    let schema = Schema::new(server.url().to_owned());
    let (here, there) = (schema.store().await, schema.store().await);
    let _engine = engine(&there).await;
    lives(&here, "before").await;
    server.kill();
    server.start();
    lives(&here, "after").await;
}
