//! What lies beneath a run fails, and the run does not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use prose::{Beginning, Begun, Ctx, Database, DatabaseError, Engine, Error, Record, Status, Store, flow};

use crate::support::{LONG, status, until_status};

on_each_store! {
    a_database_that_is_away_puts_a_run_off
    a_database_that_is_away_puts_the_parent_of_a_run_off
    a_run_three_levels_down_is_waited_for_and_nothing_is_undone
    a_child_beside_what_fails_comes_to_its_end_first
    a_child_of_a_cancelled_run_comes_to_its_end_first
}

/// A database whose first two transactions cannot begin; it has nothing else.
#[derive(Default)]
struct Away {
    asked: AtomicU32,
    undone: AtomicU32,
    failed: AtomicU32,
    began: Mutex<Vec<Instant>>,
}

impl Away {
    fn times(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Database for Away {
    type Tx = ();
    type Open = ();

    async fn begin(&self, _: Beginning<'_>) -> Result<Begun<()>, DatabaseError> {
        self.began.lock().unwrap().push(Instant::now());
        match self.asked.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(DatabaseError::failed("the database is away", "away")),
            _ => Ok(Begun::WithReceipt(())),
        }
    }
    fn tx(open: &mut ()) -> &mut () {
        open
    }
    async fn commit(&self, (): (), _: Option<Record<'_>>) -> Result<(), DatabaseError> {
        Ok(())
    }
}

#[flow(name = "books")]
async fn books(ctx: Ctx<Away>, number: u32) -> Result<u32, String> {
    #[transaction(tx = ctx.deps)]
    let booked: u32 = {
        let () = *tx;
        number
    };
    Ok(booked)
}

#[flow(name = "grandparent")]
async fn grandparent(ctx: Ctx<Away>, number: u32) -> Result<u32, String> {
    #[step(compensate = { ctx.deps.undone.fetch_add(1, Ordering::SeqCst); })]
    let kept: u32 = number;
    #[child]
    let booked: u32 = parent(kept);
    Ok(booked)
}

#[flow(name = "parent")]
async fn parent(_ctx: Ctx<Away>, number: u32) -> Result<u32, String> {
    #[child]
    let booked: u32 = books(number);
    Ok(booked)
}

#[flow(name = "fails-beside")]
async fn fails_beside(ctx: Ctx<Away>, behind: bool) -> Result<u32, String> {
    #[parallel]
    let (booked, done): (u32, u32) = (
        #[child]
        books(7),
        #[step]
        {
            while behind && ctx.deps.began.lock().unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            // The child needs a moment to be interrupted; the test holds without it.
            tokio::time::sleep(Duration::from_millis(if behind { 100 } else { 0 })).await;
            match ctx.deps.failed.fetch_add(1, Ordering::SeqCst) {
                0 => return Err("out of order".to_owned()),
                times => times,
            }
        },
    );
    Ok(booked + done)
}

async fn a_database_that_is_away_puts_a_run_off(store: impl Store + Clone) {
    let engine = Engine::builder(&store, Away::default()).flow::<books::Flow>().start().await.unwrap();
    let handle = engine.submit(books(7).run_id("a")).await.unwrap();
    // It takes no place of the engine meanwhile.
    until_status(&store, "a", Status::Waiting).await;
    assert_eq!(handle.await.unwrap(), 7);
}

async fn a_database_that_is_away_puts_the_parent_of_a_run_off(store: impl Store + Clone) {
    let engine = Engine::builder(&store, Away::default()).flow::<parent::Flow>().start().await.unwrap();
    let handle = engine.submit(parent(7).run_id("p")).await.unwrap();
    until_status(&store, "p", Status::Waiting).await;
    assert_eq!(handle.await.unwrap(), 7);
}

async fn a_run_three_levels_down_is_waited_for_and_nothing_is_undone(store: impl Store + Clone) {
    let away = Arc::new(Away::default());
    let engine = Engine::builder(&store, Arc::clone(&away)).flow::<grandparent::Flow>().start().await.unwrap();
    assert_eq!(engine.submit(grandparent(7).run_id("g")).await.unwrap().await.unwrap(), 7);
    assert_eq!(away.undone.load(Ordering::SeqCst), 0);
    // It was not asked again and again meanwhile: after a second, then after two.
    let began = away.began.lock().unwrap().clone();
    assert_eq!(began.len(), 3);
    assert!(began[1] - began[0] >= Duration::from_millis(900), "{:?}", began[1] - began[0]);
    assert!(began[2] - began[1] >= Duration::from_millis(1_800), "{:?}", began[2] - began[1]);
}

/// Whether the failure comes before the child is interrupted, or behind that.
async fn a_child_beside_what_fails_comes_to_its_end_first(store: impl Store + Clone) {
    for (run_id, behind) in [("first", false), ("second", true)] {
        let away = Arc::new(Away::default());
        let engine = Engine::builder(&store, Arc::clone(&away)).flow::<fails_beside::Flow>().start().await.unwrap();
        let failed = engine.submit(fails_beside(behind).run_id(run_id)).await.unwrap().await.unwrap_err();
        assert!(failed.to_string().contains("out of order"), "{failed}");
        assert_eq!(status(&store, &format!("{run_id}:booked")).await, Some(Status::Completed));
        assert_eq!((away.asked.load(Ordering::SeqCst), away.failed.load(Ordering::SeqCst)), (3, 1));
        engine.drain(LONG).await;
    }
}

/// What the child's transaction has come to must be asked, which takes a database; and it is not asked without end.
async fn a_child_of_a_cancelled_run_comes_to_its_end_first(store: impl Store + Clone) {
    let away = Arc::new(Away::default());
    let builder = Engine::builder(&store, Arc::clone(&away)).flow::<parent::Flow>().flow::<fails_beside::Flow>();
    let engine = builder.start().await.unwrap();
    let alone = engine.submit(parent(7).run_id("p")).await.unwrap();
    until_status(&store, "p", Status::Waiting).await;
    engine.cancel("p").await.unwrap();
    assert!(matches!(alone.await, Err(Error::Cancelled { .. })));
    assert_eq!((status(&store, "p:booked").await, away.times()), (Some(Status::Cancelled), 3));

    away.asked.store(0, Ordering::SeqCst);
    let beside = engine.submit(fails_beside(false).run_id("b")).await.unwrap();
    until_status(&store, "b", Status::Waiting).await;
    engine.cancel("b").await.unwrap();
    assert!(beside.await.is_err());
    let booked = status(&store, "b:booked").await;
    assert!(booked.is_some_and(|status| status.is_ended()) && away.times() == 3, "{booked:?}, {}", away.times());
}
