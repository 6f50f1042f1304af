//! Who commits decides how long its own commit takes, and of no other: futures that are left unpolled, that are dropped, that another runtime polls.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use common::Schema;
use futures_util::FutureExt;
use prose::Store;
use prose::store::{Commit, Lease, Write};
use prose_postgres::PostgresStore;
use prose_store_tests::{json, new_run};
use sqlx::PgPool;

/// More than there are lines to the server.
const CALLERS: usize = 5;

fn writing(seq: u64) -> Commit {
    Commit { writes: vec![Write { name: "last".to_owned(), value: json(&seq.to_string()) }], ..Commit::empty(seq) }
}

async fn run(store: &PostgresStore, number: usize) -> Lease {
    store.create(&new_run(&format!("run-{number}")), Commit::empty(1)).await.unwrap()
}

/// What the last commit has written.
async fn last(store: &PostgresStore, lease: &Lease) -> Option<String> {
    let checkpoint = store.load(&lease.key.run_id).await.unwrap().unwrap();
    checkpoint.state.get("last").map(|value| value.as_str().to_owned())
}

async fn soon<F: Future>(what: &str, doing: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), doing).await.unwrap_or_else(|_| panic!("{what} hangs"))
}

/// Nothing is written meanwhile, so that a commit that is polled once waits for certain.
async fn held_up<T>(pool: &PgPool, doing: impl FnOnce() -> T) -> T {
    let mut lock = pool.begin().await.unwrap();
    sqlx::raw_sql("lock table commits").execute(&mut *lock).await.unwrap();
    let done = doing();
    lock.rollback().await.unwrap();
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_nobody_polls_keep_no_other_from_being_written() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let (store, pool) = (schema.store().await, schema.pool(1));
    let mut leases = Vec::new();
    for number in 0..CALLERS {
        leases.push(run(&store, number).await);
        // Its line is connected.
        store.commit(&leases[number], writing(2)).await.unwrap();
    }
    let begin = |lease| {
        let mut writing = store.commit(lease, writing(3));
        assert!((&mut writing).now_or_never().is_none());
        writing
    };
    let unpolled: Vec<_> = held_up(&pool, || leases.iter().map(begin).collect()).await;
    let other = run(&store, CALLERS).await;
    for seq in 2..10 {
        soon("another's commit", store.commit(&other, writing(seq))).await.unwrap();
    }
    for unpolled in unpolled {
        soon("a commit that was not polled for a while", unpolled).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_goes_on_when_its_future_is_dropped() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let (store, pool) = (schema.store().await, schema.pool(1));
    for number in 0..CALLERS {
        let lease = run(&store, number).await;
        store.commit(&lease, writing(2)).await.unwrap();
        held_up(&pool, || assert!(store.commit(&lease, writing(3)).now_or_never().is_none())).await;
        let written = async {
            while last(&store, &lease).await != Some("3".to_owned()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        soon("a commit whose future was dropped", written).await;
        soon("what follows", store.commit(&lease, writing(4))).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_ends_takes_no_line_with_it() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    for number in 0..CALLERS {
        let lease = run(&store, number).await;
        let elsewhere = (store.clone(), lease.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(elsewhere.0.commit(&elsewhere.1, writing(2))).unwrap();
            // What is begun on it, and left to itself, ends as well.
            runtime.spawn(async move { elsewhere.0.commit(&elsewhere.1, writing(3)).await });
            runtime.block_on(tokio::task::yield_now());
        });
        tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap();
        let written = async {
            while last(&store, &lease).await != Some("3".to_owned()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        soon("what another runtime had begun", written).await;
        soon("what follows", store.commit(&lease, writing(4))).await.unwrap();
    }
}

/// Wakes the thread that waits for a future.
struct Thread(std::thread::Thread);

impl Wake for Thread {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn without_a_runtime<F: Future>(doing: F) -> F::Output {
    let (mut doing, waker) = (std::pin::pin!(doing), Arc::new(Thread(std::thread::current())).into());
    loop {
        match doing.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_needs_no_runtime_of_its_callers() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let lease = run(&store, 0).await;
    let elsewhere = (store.clone(), lease.clone());
    let thread = std::thread::spawn(move || without_a_runtime(elsewhere.0.commit(&elsewhere.1, writing(2))).unwrap());
    tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap();
    assert_eq!(last(&store, &lease).await, Some("2".to_owned()));
}
