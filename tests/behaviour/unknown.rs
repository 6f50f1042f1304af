//! Transactions whose outcome is not known at once: after a lost answer, a crash, or a cancellation in their midst.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prose::observe::{Observer, RunInfo};
use prose::store::{BoxFuture, Claim, ClaimRequest, Lease, Reclaimed, RunKey};
use prose::{
    Beginning, Begun, CancellationToken, Ctx, Database, DatabaseError, Json, MemoryStore, Record, Status, Store,
    StoreError, flow,
};

use super::support::{Failure, until_stuck};

/// What becomes of a commit.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// It takes place, its answer is lost, and the next beginning finds no server.
    DoneAndGone,
    /// It takes place, and the process is stuck behind it.
    DoneAndStuck,
    /// It takes place, and the next beginning finds no server.
    DoneThenGone,
    /// It is rolled back, its answer is lost, and a stopped executor of the step wakes and commits in between.
    OvertakenByAnother,
}

#[derive(Clone, Default)]
struct Bank {
    rows: Arc<Mutex<Vec<String>>>,
    receipts: Arc<Mutex<HashMap<String, Json>>>,
    /// By the number of the commit, from 1.
    fates: Arc<Mutex<HashMap<usize, Fate>>>,
    commits: Arc<AtomicUsize>,
    gone: Arc<AtomicBool>,
    next: Arc<AtomicUsize>,
}

struct Open {
    rows: Vec<String>,
    receipt: String,
}

impl Database for Bank {
    type Tx = Vec<String>;
    type Open = Open;

    async fn begin(&self, beginning: Beginning<'_>) -> Result<Begun<Open>, DatabaseError> {
        if self.gone.swap(false, Ordering::SeqCst) {
            return Err(DatabaseError::failed("no server", "connection refused"));
        }
        let step = beginning.step.expect("a durable run's");
        let receipt = format!("{}:{}", step.uid, step.name);
        match self.receipts.lock().unwrap().get(&receipt) {
            Some(given) => Ok(Begun::Done(given.clone())),
            None => Ok(Begun::WithReceipt(Open { rows: Vec::new(), receipt })),
        }
    }

    fn tx(open: &mut Open) -> &mut Vec<String> {
        &mut open.rows
    }

    async fn commit(&self, open: Open, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        let Some(Record::Receipt(given)) = record else { panic!("{record:?}") };
        let nth = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        let fate = self.fates.lock().unwrap().get(&nth).copied();
        if fate == Some(Fate::OvertakenByAnother) {
            self.rows.lock().unwrap().push("paid 999".into());
            let given = Json::parse(r#"{"number":999}"#.into()).unwrap();
            self.receipts.lock().unwrap().insert(open.receipt, given);
            return Err(DatabaseError::unknown("the connection broke", "connection reset"));
        }
        self.rows.lock().unwrap().extend(open.rows);
        self.receipts.lock().unwrap().insert(open.receipt, given.clone());
        match fate {
            Some(Fate::DoneAndGone) => {
                self.gone.store(true, Ordering::SeqCst);
                Err(DatabaseError::unknown("the connection broke", "connection reset"))
            }
            Some(Fate::DoneAndStuck) => std::future::pending().await,
            Some(Fate::DoneThenGone) => {
                self.gone.store(true, Ordering::SeqCst);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[flow]
async fn pay(ctx: Ctx<Bank>, fails: bool) -> Result<u64, Failure> {
    #[transaction(tx = ctx.deps, compensate(run = { tx.push(format!("undid {number}")); }))]
    let number: u64 = {
        let number = ctx.deps.next.fetch_add(1, Ordering::SeqCst) as u64;
        tx.push(format!("paid {number}"));
        number
    };
    #[step]
    'work: {
        if fails {
            return Err(Failure::Boom("unlucky"));
        }
    }
    Ok(number)
}

#[tokio::test]
async fn a_compensation_whose_outcome_is_unknown_is_left_to_the_next_call() {
    let (store, bank) = (MemoryStore::new(), Bank::default());
    bank.fates.lock().unwrap().insert(2, Fate::DoneAndGone);
    pay(true).deps(bank.clone()).durable(&store, "r").await.unwrap_err();
    assert_eq!(*bank.rows.lock().unwrap(), ["paid 0", "undid 0"]);
    let told = store.load("r").await.unwrap().unwrap();
    assert_eq!((told.status, told.compensation.unwrap().failed), (Status::Compensating, Vec::new()));
}

struct CancelsAtTheStart(CancellationToken);

impl Observer for CancelsAtTheStart {
    fn on_flow_start(&self, _: &RunInfo) {
        self.0.cancel();
    }
}

/// The rows are committed, the run does not know, and is cancelled: for good, and with nothing undone.
#[tokio::test]
async fn a_transaction_that_only_its_receipt_knows_of_is_undone_when_the_run_is_cancelled() {
    let (store, bank) = (MemoryStore::new(), Bank::default());
    bank.fates.lock().unwrap().insert(1, Fate::DoneAndStuck);
    assert!(until_stuck(pay(false).deps(bank.clone()).durable(&store, "r")).await.is_none());
    let token = CancellationToken::new();
    let again = pay(false).deps(bank.clone()).cancellation(token.clone()).observer(CancelsAtTheStart(token));
    again.durable(&store, "r").await.unwrap_err();
    assert_eq!(store.load("r").await.unwrap().unwrap().status, Status::Cancelled);
    assert_eq!(*bank.rows.lock().unwrap(), ["paid 0", "undid 0"]);
}

/// What the flow goes on with is what is in the database.
#[tokio::test]
async fn what_another_execution_has_committed_is_adopted_with_its_outputs() {
    let (store, bank) = (MemoryStore::new(), Bank::default());
    bank.fates.lock().unwrap().insert(1, Fate::OvertakenByAnother);
    let number = pay(false).deps(bank.clone()).durable(&store, "r").await;
    assert_eq!(*bank.rows.lock().unwrap(), ["paid 999"]);
    // Another call, or 999.
    if let Ok(number) = number {
        assert_eq!(number, 999);
    }
}

#[tokio::test]
async fn a_compensation_that_finds_no_database_is_left_to_the_next_call() {
    let (store, bank) = (MemoryStore::new(), Bank::default());
    bank.fates.lock().unwrap().insert(1, Fate::DoneThenGone);
    pay(true).deps(bank.clone()).durable(&store, "r").await.unwrap_err();
    let told = store.load("r").await.unwrap().unwrap();
    assert_eq!((told.status, told.compensation.unwrap().failed), (Status::Compensating, Vec::new()));
}

/// Runs and rows in one database, which is not there when a run is to be claimed once more.
#[derive(Clone, Default)]
struct Same {
    store: MemoryStore,
    rows: Arc<Mutex<Vec<String>>>,
    commits: Arc<AtomicUsize>,
    unknown: usize,
}

impl Database for Same {
    type Tx = Vec<String>;
    type Open = Vec<String>;

    async fn begin(&self, _: Beginning<'_>) -> Result<Begun<Vec<String>>, DatabaseError> {
        Ok(Begun::Open(Vec::new()))
    }

    fn tx(open: &mut Vec<String>) -> &mut Vec<String> {
        open
    }

    async fn commit(&self, open: Vec<String>, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        let Some(Record::Commit { lease, commit }) = record else { panic!("{record:?}") };
        self.store.commit(lease, commit.clone()).await.unwrap();
        self.rows.lock().unwrap().extend(open);
        match self.commits.fetch_add(1, Ordering::SeqCst) + 1 == self.unknown {
            true => Err(DatabaseError::unknown("the connection broke", "connection reset")),
            false => Ok(()),
        }
    }
}

impl Store for Same {
    fn reclaim<'a>(&'a self, _: &'a Lease, _: u64) -> BoxFuture<'a, Result<Reclaimed, StoreError>> {
        Box::pin(async { Err(StoreError::Unavailable { message: "no server".into(), source: None }) })
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
    prose_store_tests::hand_through! { store: claim create commit outbox queue signals migrate keep_code code release changed load_run delete_run prune }
}

#[flow]
async fn twice(ctx: Ctx<Same>, number: u64) -> Result<(), Failure> {
    #[transaction(tx = ctx.deps, compensate(run = { tx.push(format!("undid {one}")); std::future::pending::<()>().await; }))]
    let one: u64 = {
        tx.push("one".into());
        number + 1
    };
    #[transaction(tx = ctx.deps, compensate(run = { tx.push(format!("undid {two}")); }))]
    let two: u64 = {
        tx.push("two".into());
        number + 2
    };
    #[step]
    'work: {
        return Err(Failure::Boom("unlucky"));
    }
    Ok(())
}

/// The log says twice that `two` is undone, and each takes a record away: nobody undoes `one` any more.
#[tokio::test]
async fn a_compensation_is_recorded_once() {
    let db = Same { unknown: 3, ..Same::default() };
    let stuck = until_stuck(twice(0).deps(db.clone()).durable(&db, "r")).await;
    let killed = stuck.is_none();
    assert_eq!(*db.rows.lock().unwrap(), ["one", "two", "undid 2"]);
    let request = ClaimRequest { key: RunKey::new("r"), flow: "twice".into(), restart_failed: false };
    let claim = db.store.claim(&request).await.unwrap();
    let Claim::Claimed(run) = claim else { panic!("{killed} {claim:?}") };
    let left: Vec<_> = run.state.folded.compensable.iter().map(|step| step.step.as_str()).collect();
    assert_eq!(left, ["one"]);
}

/// A database whose COMMIT takes a while.
#[derive(Clone, Default)]
struct Slow {
    rows: Arc<Mutex<Vec<String>>>,
}

impl Database for Slow {
    type Tx = Vec<String>;
    type Open = Vec<String>;

    async fn begin(&self, _: Beginning<'_>) -> Result<Begun<Vec<String>>, DatabaseError> {
        Ok(Begun::Open(Vec::new()))
    }

    fn tx(open: &mut Vec<String>) -> &mut Vec<String> {
        open
    }

    async fn commit(&self, open: Vec<String>, _: Option<Record<'_>>) -> Result<(), DatabaseError> {
        self.rows.lock().unwrap().extend(open);
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(())
    }
}

#[flow]
async fn plainly(ctx: Ctx<Slow>, number: u64) -> Result<u64, Failure> {
    #[transaction(tx = ctx.deps, compensate(run = { tx.push(format!("undid {paid}")); }))]
    let paid: u64 = {
        tx.push("paid".into());
        number
    };
    #[step]
    'work: {}
    Ok(paid)
}

/// Without a store.
#[tokio::test(start_paused = true)]
async fn a_cancellation_in_the_middle_of_a_commit_undoes_what_was_committed() {
    let (db, token) = (Slow::default(), CancellationToken::new());
    let cancels = token.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        cancels.cancel();
    });
    plainly(1).deps(db.clone()).cancellation(token).await.unwrap_err();
    assert_eq!(*db.rows.lock().unwrap(), ["paid", "undid 1"]);
}
