//! What lies beneath runs fails for a while: they are tried again, and none is `failed`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use prose::store::queue::{
    Asked, Attendance, ClaimDue, DueRuns, Fits, ListRuns, Queue, RunSummary, Standing, Submitted,
};
use prose::store::{BoxFuture, Commit, Lease, NewRun, RunKey, Wakes};
use prose::{Beginning, Begun, Ctx, Database, DatabaseError, Engine, Json, Record, Status, Store, StoreError, flow};

use crate::support::{LONG, World, eventually, status, world};

on_each_store! {
    runs_outlive_a_store_that_fails_for_a_while
    a_run_outlives_a_database_that_cannot_begin_for_a_while
    an_engine_ends_although_its_store_does_not_answer
}

/// A store of which the next so many calls fail.
#[derive(Clone)]
struct Flaky<S> {
    inner: S,
    claims: Arc<AtomicUsize>,
    commits: Arc<AtomicUsize>,
    /// It answers no claim any more, nor whether runs were given back. How often it was asked since.
    hangs: Arc<Mutex<Option<u32>>>,
}

impl<S> Flaky<S> {
    fn new(inner: S, claims: usize, commits: usize) -> Self {
        let left = |failures| Arc::new(AtomicUsize::new(failures));
        Self { inner, claims: left(claims), commits: left(commits), hangs: Arc::default() }
    }

    /// Whether it hangs.
    fn is_asked(&self) -> bool {
        let mut hangs = self.hangs.lock().unwrap();
        *hangs = hangs.map(|times| times + 1);
        hangs.is_some()
    }
}

fn fails(left: &AtomicUsize) -> Option<usize> {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).ok()
}

fn away() -> StoreError {
    StoreError::unavailable("the store is away", "connection refused")
}

impl<S: Store + Clone> Store for Flaky<S> {
    /// Of those that fail, every other one is written all the same: only its answer is lost.
    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            match fails(&self.commits) {
                Some(left) if left % 2 == 0 => Err(away()),
                Some(_) => self.inner.commit(lease, commit).await.and(Err(away())),
                None => self.inner.commit(lease, commit).await,
            }
        })
    }
    fn queue(&self) -> &dyn Queue {
        self
    }
    prose_store_tests::hand_through! {
        inner: claim create reclaim outbox signals migrate keep_code code release changed load_run delete_run prune as_any
    }
}

impl<S: Store + Clone> Queue for Flaky<S> {
    fn claim_due<'a>(&'a self, request: &'a ClaimDue, fits: Fits) -> BoxFuture<'a, Result<DueRuns, StoreError>> {
        match fails(&self.claims) {
            _ if self.is_asked() => Box::pin(std::future::pending()),
            Some(_) => Box::pin(async { Err(away()) }),
            None => self.inner.queue().claim_due(request, fits),
        }
    }
    fn now(&self) -> BoxFuture<'_, Result<SystemTime, StoreError>> {
        self.inner.queue().now()
    }
    fn attend<'a>(&'a self, attendance: &'a Attendance) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.queue().attend(attendance)
    }
    fn submit<'a>(&'a self, run: &'a NewRun) -> BoxFuture<'a, Result<Submitted, StoreError>> {
        self.inner.queue().submit(run)
    }
    fn recover(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.inner.queue().recover()
    }
    fn cancel<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Asked, StoreError>> {
        self.inner.queue().cancel(key)
    }
    fn asked_to_cancel(&self) -> BoxFuture<'_, Result<Vec<RunKey>, StoreError>> {
        self.inner.queue().asked_to_cancel()
    }
    fn restart<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Asked, StoreError>> {
        self.inner.queue().restart(key)
    }
    fn ended<'a>(&'a self, keys: &'a [RunKey]) -> BoxFuture<'a, Result<Vec<RunKey>, StoreError>> {
        self.inner.queue().ended(keys)
    }
    fn list<'a>(&'a self, request: &'a ListRuns) -> BoxFuture<'a, Result<Vec<RunSummary>, StoreError>> {
        self.inner.queue().list(request)
    }
    fn below<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Vec<RunSummary>, StoreError>> {
        self.inner.queue().below(key)
    }
    fn standings<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<Vec<(Standing, u64)>, StoreError>> {
        self.inner.queue().standings(flow)
    }
    fn released(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        if self.is_asked() { Box::pin(std::future::pending()) } else { self.inner.queue().released() }
    }
    fn wakes(&self) -> &Wakes {
        self.inner.queue().wakes()
    }
}

#[flow(name = "counts")]
async fn counts(ctx: Ctx<World>, number: u32) -> Result<u32, String> {
    #[step]
    let one: u32 = {
        ctx.deps.did("one");
        number + 1
    };
    #[step]
    let two: u32 = {
        ctx.deps.did("two");
        one + 1
    };
    Ok(two)
}

async fn runs_outlive_a_store_that_fails_for_a_while(store: impl Store + Clone) {
    let world = world();
    let flaky = Flaky::new(store, 3, 7);
    let engine = Engine::builder(&flaky, world.clone()).flow::<counts::Flow>().start().await.unwrap();
    let mut handles = Vec::new();
    for number in 0..10 {
        handles.push(engine.submit(counts(number).run_id(number.to_string())).await.unwrap());
    }
    for (number, handle) in (0..).zip(handles) {
        assert_eq!(handle.await.unwrap(), number + 2);
    }
    // All failures have taken place.
    assert_eq!((flaky.claims.load(Ordering::SeqCst), flaky.commits.load(Ordering::SeqCst)), (0, 0));
    assert!(world.times("one") >= 10 && world.times("two") >= 10);
}

/// Rows and receipts in memory; of its beginnings, the next so many fail.
#[derive(Clone, Default)]
struct Bank {
    away: Arc<AtomicUsize>,
    rows: Arc<Mutex<Vec<u32>>>,
    receipts: Arc<Mutex<HashMap<String, Json>>>,
}

struct Open {
    rows: Vec<u32>,
    receipt: String,
}

impl Database for Bank {
    type Tx = Vec<u32>;
    type Open = Open;

    async fn begin(&self, beginning: Beginning<'_>) -> Result<Begun<Open>, DatabaseError> {
        if fails(&self.away).is_some() {
            return Err(DatabaseError::failed("no server", "connection refused"));
        }
        let step = beginning.step.unwrap();
        let receipt = format!("{}:{}", step.uid, step.name);
        match self.receipts.lock().unwrap().get(&receipt) {
            Some(given) => Ok(Begun::Done(given.clone())),
            None => Ok(Begun::WithReceipt(Open { rows: Vec::new(), receipt })),
        }
    }

    fn tx(open: &mut Open) -> &mut Vec<u32> {
        &mut open.rows
    }

    async fn commit(&self, open: Open, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        let Some(Record::Receipt(given)) = record else { panic!("{record:?}") };
        self.rows.lock().unwrap().extend(open.rows);
        self.receipts.lock().unwrap().insert(open.receipt, given.clone());
        Ok(())
    }
}

#[flow(name = "pays")]
async fn pays(ctx: Ctx<Bank>, number: u32) -> Result<u32, String> {
    #[transaction(tx = ctx.deps)]
    let paid: u32 = {
        tx.push(number);
        number
    };
    Ok(paid)
}

async fn a_run_outlives_a_database_that_cannot_begin_for_a_while(store: impl Store + Clone) {
    let bank = Bank::default();
    bank.away.store(2, Ordering::SeqCst);
    let engine = Engine::builder(&store, bank.clone()).flow::<pays::Flow>().start().await.unwrap();
    let handle = engine.submit(pays(7).run_id("a")).await.unwrap();
    eventually("it was tried", async || bank.away.load(Ordering::SeqCst) < 2).await;
    // Whatever it is until then, it has not ended.
    assert_ne!(status(&store, "a").await, Some(Status::Failed));
    assert_eq!(handle.await.unwrap(), 7);
    assert_eq!((bank.away.load(Ordering::SeqCst), bank.rows.lock().unwrap().as_slice()), (0, [7].as_slice()));
}

/// Whether it is claiming just then, or giving back.
async fn an_engine_ends_although_its_store_does_not_answer(store: impl Store + Clone) {
    let flaky = Flaky::new(store, 0, 0);
    let builder = Engine::builder(&flaky, world()).flow::<counts::Flow>();
    let engine = builder.poll_interval(Duration::from_millis(5)).start().await.unwrap();
    *flaky.hangs.lock().unwrap() = Some(0);
    eventually("it claims", async || flaky.hangs.lock().unwrap().is_some_and(|times| times > 0)).await;
    tokio::time::timeout(LONG, engine.drain(Duration::ZERO)).await.expect("it waits for the store");
}
