//! Runs that are asked to end as cancelled where no engine has code that can go on with them: what `cancel` does of itself, and what it leaves to
//! such code.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prose::{
    Beginning, Begun, Ctx, Database, DatabaseError, Engine, Error, Json, Record, RunHandle, Status, Store, flow,
};

use crate::changed::{new, old};
use crate::support::{LONG, World, client, eventually, status, until_status, world};

on_each_store! {
    a_run_in_a_transaction_that_may_be_committed_is_not_ended
    a_run_in_a_child_that_may_have_ended_is_not_ended
    a_run_that_has_something_to_undo_is_left_to_the_code_of_this_process
    a_run_that_no_code_fits_is_undone_by_compensations_alone
}

/// It commits and does not answer, and then it is away.
#[derive(Default)]
struct Bank {
    back: AtomicBool,
    receipts: Mutex<HashMap<String, Json>>,
    commits: AtomicUsize,
    refunds: AtomicUsize,
    went_on: AtomicBool,
}

impl Database for Bank {
    type Tx = String;
    type Open = String;

    async fn begin(&self, beginning: Beginning<'_>) -> Result<Begun<String>, DatabaseError> {
        let step = beginning.step.unwrap();
        let receipt = format!("{}:{}", step.uid, step.name);
        match self.receipts.lock().unwrap().get(&receipt) {
            Some(_) if !self.back.load(Ordering::SeqCst) => Err(DatabaseError::failed("the bank is away", "away")),
            Some(given) => Ok(Begun::Done(given.clone())),
            None => Ok(Begun::WithReceipt(receipt)),
        }
    }
    fn tx(receipt: &mut String) -> &mut String {
        receipt
    }
    async fn commit(&self, receipt: String, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        let Some(Record::Receipt(given)) = record else { panic!("{record:?}") };
        self.receipts.lock().unwrap().insert(receipt, given.clone());
        match self.commits.fetch_add(1, Ordering::SeqCst) {
            0 => Err(DatabaseError::unknown("the connection broke", "connection reset")),
            _ => Ok(()),
        }
    }
}

#[flow(name = "pays")]
async fn pays(ctx: Ctx<Bank>, number: u32) -> Result<u32, String> {
    #[transaction(tx = ctx.deps, compensate = { ctx.deps.refunds.fetch_add(1, Ordering::SeqCst); })]
    let paid: u32 = {
        assert!(!tx.is_empty());
        number
    };
    #[step]
    'behind: {
        ctx.deps.went_on.store(true, Ordering::SeqCst);
    }
    Ok(paid)
}

/// The first request is for whoever executes the run; by the second one nobody has.
async fn cancel_twice(store: &(impl Store + Clone), run_id: &str) {
    let client = client(store).await;
    for _ in 0..2 {
        client.cancel(run_id).await.unwrap();
        assert_eq!(status(store, run_id).await, Some(Status::Cancelling));
    }
}

async fn is_cancelled<F: prose::Flow<Error = String>>(handle: RunHandle<F>) {
    let ended = tokio::time::timeout(LONG, handle.outcome()).await.expect("it is given to nobody");
    assert!(matches!(ended, Err(Error::Cancelled { .. })), "{:?}", ended.err());
}

async fn a_run_in_a_transaction_that_may_be_committed_is_not_ended(store: impl Store + Clone) {
    let bank = Arc::new(Bank::default());
    let start = || Engine::builder(&store, Arc::clone(&bank)).flow::<pays::Flow>().start();
    let first = start().await.unwrap();
    let handle = first.submit(pays(7).run_id("a")).await.unwrap();
    eventually("it has paid", async || bank.commits.load(Ordering::SeqCst) == 1).await;
    first.drain(Duration::ZERO).await;
    cancel_twice(&store, "a").await;
    bank.back.store(true, Ordering::SeqCst);
    let _second = start().await.unwrap();
    is_cancelled(handle).await;
    // It was adopted, and undone by a transaction of its own.
    assert_eq!((bank.commits.load(Ordering::SeqCst), bank.refunds.load(Ordering::SeqCst)), (2, 1));
    assert!(!bank.went_on.load(Ordering::SeqCst));
}

#[flow(name = "asks")]
async fn asks(_ctx: Ctx<World>, _input: ()) -> Result<String, String> {
    #[signal]
    let word: String;
    Ok(word)
}

#[flow(name = "parent")]
async fn parent(ctx: Ctx<World>, _input: ()) -> Result<String, String> {
    #[child]
    let said: String = asks(());
    #[step]
    'behind: {
        ctx.deps.did("went on");
    }
    Ok(said)
}

async fn a_run_in_a_child_that_may_have_ended_is_not_ended(store: impl Store + Clone) {
    let world = world();
    let start = || Engine::builder(&store, world.clone()).flow::<parent::Flow>().start();
    let first = start().await.unwrap();
    let handle = first.submit(parent(()).run_id("p")).await.unwrap();
    until_status(&store, "p", Status::Waiting).await;
    first.drain(LONG).await;
    asks::signals::word(&first, "p:said", "yes".to_owned()).await.unwrap();
    // Its parent does not know of that.
    assert_eq!(asks(()).deps(world.clone()).durable(&store, "p:said").await.unwrap(), "yes");
    cancel_twice(&store, "p").await;
    let _second = start().await.unwrap();
    is_cancelled(handle).await;
    assert!(world.log().is_empty());
}

/// Code that cannot go on with it either, and can undo it.
mod undoes {
    use super::*;

    #[flow(name = "changed")]
    pub(super) async fn changed(ctx: Ctx<World>, _compensates: bool) -> Result<u32, String> {
        #[step(compensate = { ctx.deps.did("undone by other code"); })]
        'first: {
            ctx.deps.did("new");
        }
        Ok(2)
    }
}

async fn a_run_that_no_code_fits_is_undone_by_compensations_alone(store: impl Store + Clone) {
    let world = world();
    let first = Engine::builder(&store, world.clone()).flow::<old::changed::Flow>().start().await.unwrap();
    let handle = first.submit(old::changed(true).run_id("a")).await.unwrap();
    until_status(&store, "a", Status::Waiting).await;
    first.drain(LONG).await;
    let second = Engine::builder(&store, world.clone()).flow::<undoes::changed::Flow>().start().await.unwrap();
    let refused = undoes::changed(true).deps(world.clone()).durable(&store, "a").await.unwrap_err();
    assert!(matches!(refused, Error::CodeChanged { .. }), "{refused}");
    second.cancel("a").await.unwrap();
    is_cancelled(handle).await;
    assert_eq!(world.log(), ["first", "undone by other code"]);
}

/// What an engine refuses, the engines of its process are not given again: `cancel` refuses nothing.
async fn a_run_that_has_something_to_undo_is_left_to_the_code_of_this_process(store: impl Store + Clone) {
    let world = world();
    let start = || Engine::builder(&store, world.clone()).flow::<old::changed::Flow>().start();
    let first = start().await.unwrap();
    let handle = first.submit(old::changed(true).run_id("a")).await.unwrap();
    until_status(&store, "a", Status::Waiting).await;
    first.drain(LONG).await;
    let refused = new::changed(true).deps(world.clone()).durable(&store, "a").await.unwrap_err();
    assert!(matches!(refused, Error::CodeChanged { .. }), "{refused}");
    assert_eq!(status(&store, "a").await, Some(Status::Blocked));
    client(&store).await.cancel("a").await.unwrap();
    let _second = start().await.unwrap();
    is_cancelled(handle).await;
    assert_eq!(world.log(), ["first", "undone"]);
}
