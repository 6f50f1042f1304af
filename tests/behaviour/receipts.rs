//! Transactions in another database than the store's: a receipt says that they are done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use prose::{
    Beginning, Begun, Ctx, Database, DatabaseError, Error, Isolation, Json, MemoryStore, Record, Status, Store, flow,
};
use serde::{Deserialize, Serialize};

use super::support::{CrashingStore, Failure, Log, until_stuck};

/// A database in memory that knows no store.
#[derive(Clone, Default)]
struct Elsewhere {
    rows: Arc<Mutex<Vec<String>>>,
    receipts: Arc<Mutex<HashMap<String, Json>>>,
    /// What becomes of the next commits: `Some(true)`: it takes place and nobody hears of it; `Some(false)`: it does not, likewise.
    lost: Arc<Mutex<Vec<Option<bool>>>>,
    log: Log,
}

struct Open {
    rows: Vec<String>,
    receipt: Option<String>,
}

impl Database for Elsewhere {
    type Tx = Vec<String>;
    type Open = Open;

    async fn begin(&self, beginning: Beginning<'_>) -> Result<Begun<Open>, DatabaseError> {
        self.log.add(format!("begin {}", beginning.isolation.map_or("-", Isolation::as_str)));
        let Some(step) = beginning.step else { return Ok(Begun::Open(Open { rows: Vec::new(), receipt: None })) };
        let receipt = format!("{}:{}", step.uid, step.name);
        match self.receipts.lock().unwrap().get(&receipt) {
            Some(given) => Ok(Begun::Done(given.clone())),
            None => Ok(Begun::WithReceipt(Open { rows: Vec::new(), receipt: Some(receipt) })),
        }
    }

    fn tx(open: &mut Open) -> &mut Vec<String> {
        &mut open.rows
    }

    async fn commit(&self, open: Open, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        let lost = self.lost.lock().unwrap().pop().flatten();
        if lost != Some(false) {
            self.rows.lock().unwrap().extend(open.rows);
            match (open.receipt, record) {
                (Some(receipt), Some(Record::Receipt(given))) => {
                    self.receipts.lock().unwrap().insert(receipt, given.clone());
                }
                (None, None) => {}
                other => panic!("{other:?}"),
            }
        }
        match lost {
            Some(_) => Err(DatabaseError::unknown("the connection broke", "connection reset")),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Receipt {
    number: u64,
    note: String,
}

#[flow]
async fn pay(ctx: Ctx<Elsewhere>, input: u64) -> Result<String, Failure> {
    #[transaction(name = "receipt", tx = ctx.deps, isolation = "serializable")]
    let (receipt, twice): (Receipt, u64) = {
        ctx.deps.log.add("pay");
        tx.push(format!("paid {input}"));
        (Receipt { number: input, note: "thanks".into() }, input * 2)
    };

    let mut total = twice + 1;
    #[transaction(tx = ctx.deps, retry(max_attempts = 3, delay = "1ms"), compensate(run = { tx.push(format!("undid {booked}")); }))]
    let booked: u64 = {
        ctx.deps.log.add("book");
        tx.push(format!("booked {total}"));
        total
    };
    total += booked;

    #[step]
    'work: {
        ctx.deps.log.add("work");
        if input == 13 {
            return Err(Failure::Boom("unlucky"));
        }
    }
    Ok(format!("{} {} {total}", receipt.number, receipt.note))
}

const ROWS: [&str; 2] = ["paid 7", "booked 15"];

#[tokio::test]
async fn each_body_runs_once_wherever_the_process_dies() {
    for crash in 1.. {
        for before in [true, false] {
            let (store, db) = (CrashingStore::default(), Elsewhere::default());
            let crashing = if before { store.crash_before(crash) } else { store.crash_after(crash) };
            let crashed = until_stuck(pay(7).deps(db.clone()).durable(&crashing, "r")).await;
            if crashed.is_some() {
                assert!(crash > 4, "it has four commits or more");
                return;
            }
            let done = pay(7).deps(db.clone()).durable(&store, "r").await.unwrap();
            assert_eq!(done, "7 thanks 30", "commit {crash}, {before}");
            assert_eq!(*db.rows.lock().unwrap(), ROWS, "commit {crash}, {before}");
            assert_eq!((db.log.count("pay"), db.log.count("book")), (1, 1), "commit {crash}, {before}");
            let checkpoint = store.load("r").await.unwrap().unwrap();
            assert_eq!(checkpoint.status, Status::Completed);
            assert_eq!(checkpoint.state.get("twice").unwrap().as_str(), "14");
        }
    }
}

#[tokio::test]
async fn the_isolation_is_told_to_the_database() {
    let (store, db) = (MemoryStore::new(), Elsewhere::default());
    pay(7).deps(db.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(db.log.lines(), ["begin serializable", "pay", "begin -", "book", "work"]);
}

/// The first is not retried, the second is.
#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_out_by_its_receipt() {
    let (store, db) = (MemoryStore::new(), Elsewhere::default());
    *db.lost.lock().unwrap() = vec![Some(true), Some(true)];
    assert_eq!(pay(7).deps(db.clone()).durable(&store, "r").await.unwrap(), "7 thanks 30");
    assert_eq!(*db.rows.lock().unwrap(), ROWS);
    assert_eq!((db.log.count("pay"), db.log.count("book")), (1, 1));
}

#[tokio::test]
async fn a_commit_that_was_lost_before_it_took_place_is_rolled_back_and_tried_again() {
    let (store, db) = (MemoryStore::new(), Elsewhere::default());
    *db.lost.lock().unwrap() = vec![Some(false)];
    let failed = pay(7).deps(db.clone()).durable(&store, "r").await;
    assert!(matches!(&failed, Err(Error::Database { step, .. }) if step == "receipt"), "{failed:?}");
    assert!(failed.unwrap_err().to_string().contains("rolled back"));
    *db.lost.lock().unwrap() = vec![Some(false), Some(false), None];
    assert_eq!(pay(7).deps(db.clone()).durable(&store, "r").await.unwrap(), "7 thanks 30");
    assert_eq!(*db.rows.lock().unwrap(), ROWS);
    assert_eq!((db.log.count("pay"), db.log.count("book")), (2, 3));
}

#[tokio::test]
async fn a_compensation_has_a_receipt_of_its_own() {
    for crash in 1.. {
        let (store, db) = (CrashingStore::default(), Elsewhere::default());
        let crashed = until_stuck(pay(13).deps(db.clone()).durable(&store.crash_before(crash), "r")).await;
        let over = crashed.is_some();
        let failed = if over { crashed.unwrap() } else { pay(13).deps(db.clone()).durable(&store, "r").await };
        failed.unwrap_err();
        assert_eq!(*db.rows.lock().unwrap(), ["paid 13", "booked 27", "undid 27"], "commit {crash}");
        let checkpoint = store.load("r").await.unwrap().unwrap();
        assert_eq!(checkpoint.compensation.unwrap().undone, ["booked"], "commit {crash}");
        if over {
            return;
        }
    }
}

#[tokio::test]
async fn a_run_whose_id_is_used_again_finds_no_receipt_of_the_one_before() {
    let (store, db) = (MemoryStore::new(), Elsewhere::default());
    pay(7).deps(db.clone()).durable(&store, "r").await.unwrap();
    assert!(store.delete("r").await.unwrap());
    pay(7).deps(db.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(db.rows.lock().unwrap().len(), 4);
}

/// Somebody has written there, or it is one of a newer version.
#[tokio::test]
async fn a_receipt_that_cannot_be_read_leaves_the_run_as_it_is() {
    let (store, db) = (CrashingStore::default(), Elsewhere::default());
    assert!(until_stuck(pay(7).deps(db.clone()).durable(&store.crash_before(2), "r")).await.is_none());
    for given in db.receipts.lock().unwrap().values_mut() {
        *given = Json::parse(r#"[1]"#.to_owned()).unwrap();
    }
    let refused = pay(7).deps(db.clone()).durable(&store, "r").await.unwrap_err();
    assert!(matches!(&refused, Error::CodeChanged { .. }) && refused.to_string().contains("receipt"), "{refused}");
    assert_eq!(store.load("r").await.unwrap().unwrap().status, Status::Blocked);
}
