//! What the other processes do.

use std::sync::Arc;
use std::time::Duration;

use prose::{Engine, Store};
use prose_store_tests::process::{listen, say};
use tokio::task::JoinHandle;

use crate::flows::{Deps, gated, joined, poison, undone};
use crate::ground::{self, Folder};

/// Calls of a process, of which four make a hundred.
pub(crate) const CALLS: usize = 25;

pub(crate) async fn play(part: &str, place: &str) {
    let (store, folder) = ground::open(place).await;
    match part.split(' ').collect::<Vec<_>>().as_slice() {
        ["engine", name, lease] => engine(store, folder, name, lease.parse().unwrap()).await,
        ["calls"] => calls(store, folder).await,
        ["submits"] => submits(store, folder).await,
        _ => panic!("nobody knows how to play `{part}`"),
    }
}

async fn start(store: &Arc<dyn Store>, folder: Folder, name: &str, lease: u64) -> Engine {
    let deps = Deps { name: name.to_owned(), folder };
    let builder = Engine::builder(store, deps).flow::<gated::Flow>().flow::<poison::Flow>().flow::<joined::Flow>();
    let builder = builder.flow::<undone::Flow>();
    builder.name(name).lease(Duration::from_secs(lease)).start().await.unwrap()
}

async fn told() -> String {
    tokio::task::spawn_blocking(listen).await.unwrap()
}

/// Executes runs until it is told otherwise.
async fn engine(store: Arc<dyn Store>, folder: Folder, name: &str, lease: u64) {
    let engine = start(&store, folder, name, lease).await;
    say("works");
    loop {
        match told().await.as_str() {
            "drain" => {
                let drained = engine.drain(Duration::ZERO).await;
                say(&format!("gave back {}", drained.given_back));
            }
            "" => return,
            run_id => {
                let submitted = engine.submit(gated(run_id.to_owned()).run_id(run_id)).await;
                say(&submitted.unwrap().await.unwrap());
            }
        }
    }
}

async fn calls(store: Arc<dyn Store>, folder: Folder) {
    let deps = Arc::new(Deps { name: "caller".to_owned(), folder });
    say("ready");
    told().await;
    let call = |_| tokio::spawn(joined(21).deps(Arc::clone(&deps)).durable(&store, "run").into_future());
    tell((0..CALLS).map(call).collect()).await;
}

async fn submits(store: Arc<dyn Store>, folder: Folder) {
    let engine = start(&store, folder, "submitter", 30).await;
    say("ready");
    told().await;
    let submit = |_| {
        let engine = engine.clone();
        tokio::spawn(async move { engine.submit(joined(21).run_id("run")).await.unwrap().await })
    };
    tell((0..CALLS).map(submit).collect()).await;
}

async fn tell<E: std::fmt::Debug + Send>(calls: Vec<JoinHandle<Result<u32, E>>>) {
    say("called");
    for call in calls {
        say(&call.await.unwrap().unwrap().to_string());
    }
    // The others may be waiting for what this process executes, or has to say.
    told().await;
}
