//! Transactions that follow one another: what lies between two of them is committed with the second.

use std::sync::{Arc, Mutex};

use prose::{Ctx, Error, MemoryStore, Status, Store, flow};

use super::support::Failure;
use super::transactions::MemoryDatabase;

#[derive(Clone, Default)]
struct Deps {
    db: MemoryDatabase,
    /// How often the plain code between the transactions ran.
    seen: Arc<Mutex<u32>>,
    /// The second transaction's body fails.
    refuses: Arc<Mutex<bool>>,
    /// How often its COMMIT fails, and whether the answer to one is lost (and whether that one takes place).
    trouble: (u32, Option<bool>),
}

impl Deps {
    /// Not the same twice, as a clock.
    fn look(&self) -> u32 {
        let mut seen = self.seen.lock().unwrap();
        *seen += 1;
        *self.db.failures.lock().unwrap() = self.trouble.0;
        *self.db.lost.lock().unwrap() = self.trouble.1.map(|takes_place| (takes_place, false));
        *seen
    }
}

#[flow]
async fn two(ctx: Ctx<Deps>, _input: ()) -> Result<u32, Failure> {
    #[transaction(tx = ctx.deps.db)]
    'first: {
        tx.push("first".to_owned());
    }
    let seen = ctx.deps.look();
    #[transaction(tx = ctx.deps.db, retry(max_attempts = 3, delay = "1ms"))]
    'second: {
        tx.push(format!("second, {seen}"));
        if *ctx.deps.refuses.lock().unwrap() {
            return Err(Failure::Boom("refused"));
        }
    }
    #[step]
    'told: {}
    Ok(seen)
}

async fn run(deps: &Deps, store: &MemoryStore) -> Result<u32, Error<Failure>> {
    two(()).deps(deps.clone()).durable(store, "r").await
}

fn rows(deps: &Deps) -> Vec<String> {
    deps.db.rows.lock().unwrap().clone()
}

#[tokio::test]
async fn a_transaction_behind_another_has_one_commit() {
    let (store, deps) = (MemoryStore::new(), Deps::default());
    assert_eq!(run(&deps, &store).await.unwrap(), 1);
    // 1 is the entrance of the first, which creates the run.
    assert_eq!(*deps.db.seqs.lock().unwrap(), [2, 3]);
    assert_eq!(rows(&deps), ["first", "second, 1"]);
    let checkpoint = store.load("r").await.unwrap().unwrap();
    assert_eq!(checkpoint.completed_steps, ["first", "second", "told"]);
    assert_eq!(checkpoint.state.get("seen").unwrap().as_str(), "1", "what the second has seen is committed with it");
}

#[tokio::test]
async fn what_a_step_has_done_is_committed_before_the_transaction_behind_it_begins() {
    #[flow]
    async fn step_between(ctx: Ctx<Deps>, _input: ()) -> Result<(), Failure> {
        #[transaction(tx = ctx.deps.db)]
        'first: {
            tx.push("first".to_owned());
        }
        #[step]
        'charged: {}
        #[transaction(tx = ctx.deps.db)]
        'second: {
            tx.push("second".to_owned());
        }
        Ok(())
    }
    let (store, deps) = (MemoryStore::new(), Deps::default());
    step_between(()).deps(deps.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(*deps.db.seqs.lock().unwrap(), [2, 5]);
}

/// The plain code in front of it runs once an execution: each attempt sees the same.
#[tokio::test]
async fn what_lies_in_front_survives_a_commit_that_is_rolled_back_and_one_whose_answer_is_lost() {
    for trouble in [(2, None), (0, Some(false)), (0, Some(true))] {
        let (store, deps) = (MemoryStore::new(), Deps { trouble, ..Deps::default() });
        assert_eq!(run(&deps, &store).await.unwrap(), 1);
        assert_eq!(rows(&deps), ["first", "second, 1"], "{trouble:?}");
        let checkpoint = store.load("r").await.unwrap().unwrap();
        assert_eq!(checkpoint.status, Status::Completed);
        assert_eq!(checkpoint.state.get("seen").unwrap().as_str(), "1", "{trouble:?}");
    }
}

/// Nothing has happened behind the first, so that is where the run goes on.
#[tokio::test]
async fn a_transaction_that_fails_for_good_leaves_the_run_behind_the_one_before() {
    let (store, deps) = (MemoryStore::new(), Deps::default());
    *deps.refuses.lock().unwrap() = true;
    let failed = run(&deps, &store).await;
    assert!(matches!(failed, Err(Error::Failed { step: Some(step), .. }) if step == "second"));
    let checkpoint = store.load("r").await.unwrap().unwrap();
    assert_eq!(checkpoint.completed_steps, ["first"]);
    assert_eq!(checkpoint.state.get("seen"), None);
    *deps.refuses.lock().unwrap() = false;
    assert_eq!(run(&deps, &store).await.unwrap(), 2);
    assert_eq!(rows(&deps), ["first", "second, 2"]);
}

/// Others may know it again by its key: so what it sees is on disk before it starts.
#[tokio::test]
async fn a_transaction_that_asks_for_its_key_has_its_entrance_committed() {
    #[flow]
    async fn with_keys(ctx: Ctx<Deps>, _input: ()) -> Result<(), Failure> {
        #[transaction(tx = ctx.deps.db)]
        'first: {
            tx.push(ctx.idempotency_key().unwrap().to_owned());
        }
        #[transaction(tx = ctx.deps.db)]
        'second: {
            tx.push(format!("{:?}", ctx.idempotency_key()));
        }
        Ok(())
    }
    let (store, deps) = (MemoryStore::new(), Deps::default());
    with_keys(()).deps(deps.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(*deps.db.seqs.lock().unwrap(), [2, 4]);
    assert_eq!(rows(&deps), ["r:first", "Some(\"r:second\")"]);
}

/// The store folds a run's log with its own commits alone.
#[tokio::test]
async fn in_a_long_loop_of_transactions_some_entrances_are_committed() {
    #[flow]
    async fn many(ctx: Ctx<Deps>, turns: u32) -> Result<(), Failure> {
        for turn in 0..turns {
            #[transaction(tx = ctx.deps.db)]
            'row: {
                tx.push(turn.to_string());
            }
        }
        Ok(())
    }
    let (store, deps) = (MemoryStore::new(), Deps::default());
    many(200).deps(deps.clone()).durable(&store, "r").await.unwrap();
    let seqs = deps.db.seqs.lock().unwrap().clone();
    let steps = || seqs.windows(2).map(|pair| pair[1] - pair[0]);
    assert_eq!((steps().filter(|step| *step == 2).count(), steps().filter(|step| *step > 2).count()), (3, 0));
}
