//! Transactions: rows and record together, or neither.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use prose::store::{ClaimRequest, Commit};
use prose::{Beginning, Begun, Ctx, Database, DatabaseError, Error, MemoryStore, Record, Status, Store, flow};

use super::support::{Failure, Log};

/// A database in memory, in the same "file" as a [`MemoryStore`].
#[derive(Clone, Default)]
pub(crate) struct MemoryDatabase {
    pub(crate) rows: Arc<Mutex<Vec<String>>>,
    log: Log,
    /// How many commits fail before one succeeds.
    pub(crate) failures: Arc<Mutex<u32>>,
    /// The answer to the next commit is lost: whether it takes place, and whether another execution takes the run over then.
    pub(crate) lost: Arc<Mutex<Option<(bool, bool)>>>,
    /// How many beginnings fail before one succeeds.
    closed_for: Arc<Mutex<u32>>,
    /// The numbers of the runs' commits that have come with transactions.
    pub(crate) seqs: Arc<Mutex<Vec<u64>>>,
}

pub(crate) struct Open {
    rows: Vec<String>,
    store: Option<MemoryStore>,
    log: Log,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.log.add("closed");
    }
}

impl Database for MemoryDatabase {
    type Tx = Vec<String>;
    type Open = Open;

    async fn begin(&self, beginning: Beginning<'_>) -> Result<Begun<Open>, DatabaseError> {
        {
            let mut closed_for = self.closed_for.lock().unwrap();
            if *closed_for > 0 {
                *closed_for -= 1;
                return Err(DatabaseError::failed("closed", "try again"));
            }
        }
        let store = beginning.step.and_then(|step| step.store.as_any().downcast_ref::<MemoryStore>()).cloned();
        Ok(Begun::Open(Open { rows: Vec::new(), store, log: self.log.clone() }))
    }

    fn is_home_of(&self, store: &dyn Store) -> bool {
        store.as_any().is::<MemoryStore>()
    }

    fn tx(open: &mut Open) -> &mut Vec<String> {
        &mut open.rows
    }

    async fn commit(&self, mut open: Open, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        {
            let mut failures = self.failures.lock().unwrap();
            if *failures > 0 {
                *failures -= 1;
                return Err(DatabaseError::failed("serialization failure", "try again"));
            }
        }
        let lost = self.lost.lock().unwrap().take();
        if lost.is_some_and(|(takes_place, _)| !takes_place) {
            return Err(DatabaseError::unknown("the connection broke", "connection reset"));
        }
        if let (Some(store), Some(Record::Commit { lease, commit })) = (&open.store, &record) {
            self.seqs.lock().unwrap().push(commit.seq);
            store.commit(lease, Commit::clone(commit)).await.map_err(|_| DatabaseError::Fenced)?;
        }
        self.rows.lock().unwrap().append(&mut open.rows);
        let Some((_, taken_over)) = lost else { return Ok(()) };
        if let (true, Some(store), Some(Record::Commit { lease, .. })) = (taken_over, &open.store, &record) {
            let flow = "persist".to_owned();
            store.release(lease);
            store.claim(&ClaimRequest { key: lease.key.clone(), flow, restart_failed: false }).await.unwrap();
        }
        Err(DatabaseError::unknown("the connection broke", "connection reset"))
    }
}

#[flow]
async fn persist(ctx: Ctx<MemoryDatabase>, row: String) -> Result<usize, Failure> {
    #[transaction(tx = ctx.deps, retry(max_attempts = 3, delay = "1ms"))]
    let count: usize = {
        tx.push(row.clone());
        if row == "bad" {
            return Err(Failure::Boom("constraint"));
        }
        tx.len()
    };
    Ok(count)
}

#[tokio::test]
async fn a_transaction_commits_with_its_record() {
    let (store, db) = (MemoryStore::new(), MemoryDatabase::default());
    assert_eq!(persist("a".into()).deps(db.clone()).durable(&store, "r").await.unwrap(), 1);
    assert_eq!(*db.rows.lock().unwrap(), ["a"]);
    let checkpoint = store.load("r").await.unwrap().unwrap();
    assert_eq!((checkpoint.status, checkpoint.completed_steps), (Status::Completed, vec!["count".to_owned()]));
}

#[tokio::test]
async fn a_body_that_fails_rolls_back() {
    let (store, db) = (MemoryStore::new(), MemoryDatabase::default());
    let failed = persist("bad".into()).deps(db.clone()).durable(&store, "r").await;
    assert!(matches!(failed, Err(Error::Failed { error: Failure::Boom("constraint"), .. })), "{failed:?}");
    assert!(db.rows.lock().unwrap().is_empty());
    assert!(store.load("r").await.unwrap().unwrap().completed_steps.is_empty());
}

#[tokio::test]
async fn a_commit_that_fails_is_rolled_back_and_tried_again() {
    let (store, db) = (MemoryStore::new(), MemoryDatabase::default());
    *db.failures.lock().unwrap() = 2;
    assert_eq!(persist("a".into()).deps(db.clone()).durable(&store, "r").await.unwrap(), 1);
    assert_eq!(*db.rows.lock().unwrap(), ["a"]);
    assert_eq!(store.load("r").await.unwrap().unwrap().completed_steps, ["count"]);
}

#[tokio::test]
async fn a_commit_that_keeps_failing_fails_the_run_which_can_be_called_again() {
    let (store, db) = (MemoryStore::new(), MemoryDatabase::default());
    *db.failures.lock().unwrap() = 3;
    let failed = persist("a".into()).deps(db.clone()).durable(&store, "r").await;
    assert!(matches!(&failed, Err(Error::Database { step, .. }) if step == "count"), "{failed:?}");
    assert_eq!(persist("a".into()).deps(db.clone()).durable(&store, "r").await.unwrap(), 1);
    assert_eq!(*db.rows.lock().unwrap(), ["a"]);
}

/// Neither the error nor a second run of the body.
#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_in_the_runs_log() {
    let (store, db) = (MemoryStore::new(), MemoryDatabase::default());
    *db.lost.lock().unwrap() = Some((true, false));
    assert_eq!(persist("a".into()).deps(db.clone()).durable(&store, "r").await.unwrap(), 1);
    assert_eq!(*db.rows.lock().unwrap(), ["a"]);
    assert_eq!(store.load("r").await.unwrap().unwrap().completed_steps, ["count"]);
}

#[tokio::test]
async fn a_commit_that_is_not_found_is_rolled_back_and_tried_again() {
    let (store, db) = (MemoryStore::new(), MemoryDatabase::default());
    *db.lost.lock().unwrap() = Some((false, false));
    assert_eq!(persist("a".into()).deps(db.clone()).durable(&store, "r").await.unwrap(), 1);
    assert_eq!((db.rows.lock().unwrap().as_slice(), db.log.count("closed")), (["a".to_owned()].as_slice(), 2));
    assert_eq!(store.load("r").await.unwrap().unwrap().status, Status::Completed);
}

/// Then the other one goes on behind it.
#[tokio::test]
async fn whoever_was_replaced_finds_nothing_out() {
    let (store, db) = (MemoryStore::new(), MemoryDatabase::default());
    *db.lost.lock().unwrap() = Some((true, true));
    let fenced = persist("a".into()).deps(db.clone()).durable(&store, "r").await;
    assert!(matches!(fenced, Err(Error::Fenced { .. })), "{fenced:?}");
    assert_eq!(store.load("r").await.unwrap().unwrap().completed_steps, ["count"]);
}

#[tokio::test]
async fn without_a_store_nobody_can_tell_what_became_of_a_commit() {
    let db = MemoryDatabase::default();
    *db.lost.lock().unwrap() = Some((true, false));
    let unknown = persist("a".into()).deps(db.clone()).await;
    assert!(matches!(unknown, Err(Error::Database { source: DatabaseError::Unknown { .. }, .. })), "{unknown:?}");
    assert_eq!(*db.rows.lock().unwrap(), ["a"], "and it is not tried again");
}

#[tokio::test]
async fn without_a_store_it_is_a_plain_transaction() {
    let db = MemoryDatabase::default();
    assert_eq!(persist("a".into()).deps(db.clone()).await.unwrap(), 1);
    assert_eq!(*db.rows.lock().unwrap(), ["a"]);
}

#[tokio::test]
async fn a_durable_flow_inside_a_transactions_body_is_refused_at_once() {
    #[derive(Clone, Default)]
    struct Deps {
        db: MemoryDatabase,
        store: MemoryStore,
    }
    #[flow]
    async fn outer(ctx: Ctx<Deps>, _input: ()) -> Result<String, Failure> {
        #[transaction(tx = ctx.deps.db)]
        let inner: String = {
            tx.push("outer".into());
            let inner = persist("inner".into()).deps(ctx.deps.db.clone()).durable(&ctx.deps.store, "inner").await;
            inner.unwrap_err().to_string()
        };
        Ok(inner)
    }
    let deps = Deps::default();
    let refused = outer(()).deps(deps.clone()).durable(&deps.store, "outer").await.unwrap();
    assert!(refused.contains("inside a transaction's body"), "{refused}");
    assert_eq!(*deps.db.rows.lock().unwrap(), ["outer"]);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_is_rolled_back_ahead_of_the_pause_before_the_next_attempt() {
    #[flow]
    async fn twice(ctx: Ctx<MemoryDatabase>, _input: ()) -> Result<u32, Failure> {
        #[transaction(tx = ctx.deps, retry(max_attempts = 2, delay = "60s"))]
        let attempts: u32 = {
            tx.push("row".into());
            if ctx.attempt() == 1 {
                return Err(Failure::Transient);
            }
            ctx.attempt()
        };
        Ok(attempts)
    }
    let (store, db) = (MemoryStore::new(), MemoryDatabase::default());
    let (deps, log) = (db.clone(), db.log.clone());
    let run = tokio::spawn(async move { twice(()).deps(deps).durable(&store, "r").await });
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(log.lines(), ["closed"], "others may write during the pause");
    assert_eq!(run.await.unwrap().unwrap(), 2);
    assert_eq!(*db.rows.lock().unwrap(), ["row"]);
}

#[tokio::test(start_paused = true)]
async fn observers_hear_of_a_transaction_whose_begin_or_commit_fails() {
    let (store, db) = (MemoryStore::new(), MemoryDatabase::default());
    *db.failures.lock().unwrap() = 3;
    let observer = Log::default();
    let failed = persist("a".into()).deps(db.clone()).observer(observer.clone()).durable(&store, "r").await;
    assert!(matches!(failed, Err(Error::Database { .. })), "{failed:?}");
    assert_eq!(observer.count("error count: serialization failure"), 1, "{:?}", observer.lines());

    let (db, observer) = (MemoryDatabase::default(), Log::default());
    *db.closed_for.lock().unwrap() = 1;
    persist("a".into()).deps(db).observer(observer.clone()).durable(&store, "s").await.unwrap();
    let lines = ["flow start", "retry count: closed", "start count", "complete count", "flow complete"];
    assert_eq!(observer.lines(), lines);
}

#[tokio::test]
async fn what_was_rolled_back_is_not_in_the_checkpoint() {
    #[flow]
    async fn slow(ctx: Ctx<MemoryDatabase>, _input: ()) -> Result<u32, Failure> {
        #[transaction(tx = ctx.deps)]
        let rows: u32 = tx.len() as u32;
        Ok(rows)
    }
    let (store, db) = (MemoryStore::new(), MemoryDatabase::default());
    *db.failures.lock().unwrap() = 1;
    slow(()).deps(db).durable(&store, "r").await.unwrap_err();
    let checkpoint = store.load("r").await.unwrap().unwrap();
    assert!(checkpoint.state.is_empty() && checkpoint.completed_steps.is_empty(), "{checkpoint:?}");
}
