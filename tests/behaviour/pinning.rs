//! What a body sees is on disk before it starts: clocks and random numbers between steps are harmless.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::SystemTime;

use prose::{Ctx, Store, flow};
use serde::{Deserialize, Serialize};

use super::support::{CrashingStore, Failure, Log, until_stuck};

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[flow]
async fn gamble(ctx: Ctx<Log>, _input: ()) -> Result<u64, Failure> {
    #[step]
    'start: {}

    let now = SystemTime::now();
    let dice = random();
    if dice.is_multiple_of(2) {
        #[step]
        'even: {
            ctx.deps.add(format!("even {dice} {now:?}"));
            std::future::pending::<()>().await;
        }
    } else {
        #[step]
        'odd: {
            ctx.deps.add(format!("odd {dice} {now:?}"));
            std::future::pending::<()>().await;
        }
    }
    Ok(dice)
}

#[tokio::test]
async fn every_attempt_sees_the_same_clock_the_same_dice_and_the_same_branch() {
    for run in 0..20 {
        let (store, log) = (CrashingStore::default(), Log::default());
        for _crash in 0..3 {
            let call = gamble(()).deps(log.clone()).durable(&store, format!("r{run}"));
            assert!(until_stuck(call).await.is_none(), "the body never ends: each execution crashes in it");
        }
        let lines = log.lines();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| *line == lines[0]), "{lines:?}");
        let state = store.load(&format!("r{run}")).await.unwrap().unwrap().state;
        assert!(lines[0].contains(&state.get("dice").unwrap().to_string()), "{state:?}");
    }
}

/// Its methods are named as those that borrow, and give another value each time.
#[derive(Serialize, Deserialize)]
struct Die {
    sides: u64,
}

impl Die {
    fn last(&self) -> u64 {
        random() % self.sides
    }

    fn first(&self) -> Option<u64> {
        Some(self.last())
    }
}

#[flow]
async fn roll(ctx: Ctx<Log>, input: Die) -> Result<u64, Failure> {
    let last: u64 = input.last();
    let Some(first): Option<u64> = input.first() else {
        #[step]
        'no_roll: {}
        return Ok(0);
    };
    #[step]
    'rolled: {
        ctx.deps.add(format!("{last} {first}"));
        std::future::pending::<()>().await;
    }
    Ok(last + first)
}

#[tokio::test]
async fn what_a_method_of_a_borrows_name_gives_is_saved_where_its_type_is_declared() {
    let (store, log) = (CrashingStore::default(), Log::default());
    for _crash in 0..3 {
        let call = roll(Die { sides: u64::MAX }).deps(log.clone()).durable(&store, "r");
        assert!(until_stuck(call).await.is_none(), "the body never ends: each execution crashes in it");
    }
    let lines = log.lines();
    assert!(lines.len() == 3 && lines.iter().all(|line| *line == lines[0]), "{lines:?}");
}
