//! Several calls of one run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prose::{Ctx, Error, MemoryStore, flow};

use super::support::{Failure, Log, until_stuck};

#[derive(Default)]
struct Deps {
    log: Log,
    fail: AtomicBool,
    /// Where set, the body waits for `go`.
    wait: AtomicBool,
    go: tokio::sync::Notify,
}

#[flow]
async fn once(ctx: Ctx<Deps>, _input: ()) -> Result<u32, Failure> {
    #[step]
    let value: u32 = {
        ctx.deps.log.add("ran");
        match ctx.deps.wait.load(Ordering::SeqCst) {
            true => ctx.deps.go.notified().await,
            false => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        if ctx.deps.fail.load(Ordering::SeqCst) {
            return Err(Failure::Boom("first execution"));
        }
        7
    };
    Ok(value)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_calls_at_once_run_each_body_once() {
    let (store, deps) = (MemoryStore::new(), std::sync::Arc::new(Deps::default()));
    let calls: Vec<_> =
        (0..100).map(|_| tokio::spawn(once(()).deps(deps.clone()).durable(&store, "r").into_future())).collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 7);
    }
    assert_eq!(deps.log.lines(), ["ran"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_joined_execution_that_fails_fails_all_its_calls_and_is_not_restarted_by_them() {
    let (store, deps) = (MemoryStore::new(), std::sync::Arc::new(Deps::default()));
    deps.fail.store(true, Ordering::SeqCst);
    deps.wait.store(true, Ordering::SeqCst);
    let owner = tokio::spawn(once(()).deps(deps.clone()).durable(&store, "r").into_future());
    while deps.log.lines().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut joiner = once(()).deps(deps.clone()).durable(&store, "r");
    assert!(until_stuck(&mut joiner).await.is_none(), "it waits for the owner");
    deps.go.notify_one();
    let joined = joiner.await;
    assert!(matches!(owner.await.unwrap(), Err(Error::Failed { error: Failure::Boom("first execution"), .. })));
    assert!(
        matches!(&joined, Err(Error::JoinedFailed { step: Some(step), message, .. }) if step == "value" && message == "first execution"),
        "{joined:?}"
    );
    assert_eq!(deps.log.lines(), ["ran"]);
}

#[tokio::test(start_paused = true)]
async fn a_joiner_that_gives_up_does_not_disturb_the_run() {
    let (store, deps) = (MemoryStore::new(), std::sync::Arc::new(Deps::default()));
    let owner = tokio::spawn(once(()).deps(deps.clone()).durable(&store, "r").into_future());
    tokio::time::sleep(Duration::from_millis(1)).await;
    let gave_up = once(()).deps(deps.clone()).timeout(Duration::from_millis(5)).durable(&store, "r").await;
    assert!(matches!(gave_up, Err(Error::Timeout { .. })), "{gave_up:?}");
    assert_eq!(owner.await.unwrap().unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_joiner_takes_over_when_the_owner_is_dropped() {
    let (store, deps) = (MemoryStore::new(), std::sync::Arc::new(Deps::default()));
    let owner = tokio::spawn(once(()).deps(deps.clone()).durable(&store, "r").into_future());
    tokio::time::sleep(Duration::from_millis(1)).await;
    let joiner = tokio::spawn(once(()).deps(deps.clone()).durable(&store, "r").into_future());
    tokio::time::sleep(Duration::from_millis(1)).await;
    owner.abort();
    assert_eq!(joiner.await.unwrap().unwrap(), 7);
    assert_eq!(deps.log.lines(), ["ran", "ran"]);
}
