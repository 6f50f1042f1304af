//! Flows that wait. A time that is over at once costs no commit; one that is not is long enough that no machine is too slow for it.

use super::harness::{self, Points, RUN, World};
use super::support::*;
use prose::{Call, Ctx, Delivery, Flow, SendSignal, SignalError, flow};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};
use tokio::task::JoinHandle;

const LONG_ENOUGH: Duration = Duration::from_millis(100);

// Sleeps

#[flow]
async fn only_sleeps(_ctx: Ctx<Deps>, input: u64) -> Result<u64, Failure> {
    #[sleep]
    LONG_ENOUGH;
    Ok(input + 1)
}

#[tokio::test]
async fn a_sleep_alone() {
    sweep(only_sleeps, [1]).await;
}

/// The time is asked for once, in each turn, and what it changes is saved with it.
#[flow]
async fn backs_off(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<u32, Failure> {
    let mut factors = vec![1, 1, 1];
    let mut sum = 0;
    for item in &input {
        let factor = factors.len() as u32;
        #[sleep(name = "back off")]
        LONG_ENOUGH
            * factors.pop().unwrap_or(1);
        factors.push(1);
        factors.remove(0);
        #[step]
        let tried: u32 = {
            ctx.tell(format!("{item} {factors:?}"));
            item + factor
        };
        sum += tried;
    }
    Ok(sum)
}

#[tokio::test]
async fn a_sleep_in_a_loop_by_a_variable_that_it_changes() {
    sweep(backs_off, [vec![3, 4]]).await;
}

/// Instants that have passed, and times of nothing, in the arms of a `match`.
#[flow]
async fn sleeps_by_kind(ctx: Ctx<Deps>, input: Vec<Kind>) -> Result<String, Failure> {
    let mut all = String::new();
    for kind in &input {
        match kind {
            Kind::Card { number, tries } if *tries > 0 => {
                #[sleep(name = "past")]
                SystemTime::UNIX_EPOCH
                    + Duration::from_secs(u64::from(*tries));
                #[step]
                let paid: String = {
                    ctx.tell(format!("{number} {all}"));
                    format!("card {number};")
                };
                all.push_str(&paid);
            }
            Kind::Invoice(Some(name)) => {
                let days = name.len().to_string();
                #[sleep(name = "fallible")]
                Duration::ZERO
                    * days.parse::<u32>()?;
                all.push_str(&days);
            }
            _ => {
                #[sleep(name = "nothing")]
                Duration::ZERO;
            }
        }
    }
    #[step]
    'told: {
        ctx.tell(&all);
    }
    Ok(all)
}

#[tokio::test]
async fn sleeps_in_a_match_in_a_for() {
    sweep(sleeps_by_kind, [kinds(), Vec::new()]).await;
}

/// Of a time that cannot be told, the flow fails in front of its sleep.
#[flow]
async fn sleeps_as_told(ctx: Ctx<Deps>, input: String) -> Result<u32, Failure> {
    #[step]
    let word: String = {
        ctx.tell(&input);
        input.clone()
    };
    #[sleep]
    LONG_ENOUGH
        * word.parse::<u32>()?;
    #[step]
    'slept: {
        ctx.tell(&word);
    }
    Ok(3)
}

#[tokio::test]
async fn a_time_that_may_fail() {
    sweep(sleeps_as_told, ["1".to_owned(), "one".to_owned()]).await;
}

// Signals

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub(crate) struct Approval {
    pub(crate) by: String,
    pub(crate) yes: bool,
}

fn approval(by: &str) -> Approval {
    Approval { by: by.to_owned(), yes: by.len() % 2 == 1 }
}

/// A signal that may be sent again, and for which there may be no run yet.
async fn sent(signal: SendSignal<'_>, id: &str) {
    match signal.id(id).keep_for(Duration::from_secs(60)).await {
        Ok(Delivery::Kept | Delivery::KeptForLater | Delivery::Repeated) | Err(SignalError::Over { .. }) => {}
        other => panic!("{id}: {other:?}"),
    }
}

async fn sweep_signalled<F, I: Clone>(flow: impl Fn(I) -> Call<F>, input: I, send: impl AsyncFn(&World)) -> Points
where
    F: Flow<Deps = Deps, Output: Debug, Error: Debug>,
{
    harness::sweep_signalled(|world| flow(input.clone()).deps(Deps::of(world)), send).await
}

/// All of one name, in the order in which they were sent; the last one is nobody's.
#[flow]
async fn collects(ctx: Ctx<Deps>, input: u32) -> Result<Vec<Approval>, Failure> {
    let mut all = Vec::new();
    for turn in 0..input {
        #[signal]
        let approval: Approval;
        #[step]
        'told: {
            ctx.tell(format!("{turn} {} {}", approval.by, all.len()));
        }
        all.push(approval);
    }
    Ok(all)
}

/// The same with nothing between that is committed.
#[flow]
async fn gathers(_ctx: Ctx<Deps>, input: u32) -> Result<Vec<u64>, Failure> {
    let mut all = Vec::new();
    while all.len() < input as usize {
        #[signal]
        let number: u64;
        #[signal(timeout = "0s")]
        let other: Option<u64>;
        all.push(number + other.unwrap_or_default());
    }
    Ok(all)
}

#[tokio::test]
async fn signals_one_behind_the_other() {
    sweep_signalled(gathers, 3, async |world| {
        for number in 1..=4 {
            let id = number.to_string();
            sent(gathers::signals::number(world.store(), RUN, number), &id).await;
            sent(gathers::signals::other(world.store(), RUN, 10 * number), &id).await;
        }
    })
    .await
    .are_all();
}

const SENDERS: [&str; 4] = ["ada", "bo", "cy", "dan"];

#[tokio::test]
async fn signals_sent_before_the_run_begins_are_taken_once_and_in_order() {
    sweep_signalled(collects, 3, async |world| {
        for by in SENDERS {
            sent(collects::signals::approval(world.store(), RUN, approval(by)), by).await;
        }
    })
    .await
    .are_all();
}

/// The nth is sent when the flow's nth wait has been committed: by then there are two commits for each turn before.
#[tokio::test]
async fn signals_that_the_flow_waits_for() {
    let sender: Mutex<Option<JoinHandle<()>>> = Mutex::default();
    sweep_signalled(collects, 3, async |world| {
        // That of the execution before may not be done, and of another run.
        sender.lock().unwrap().take().iter().for_each(JoinHandle::abort);
        let world = world.clone();
        let sends = tokio::spawn(async move {
            for (turn, by) in SENDERS[..3].iter().enumerate() {
                while world.written() < 2 * turn + 1 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                sent(collects::signals::approval(world.store(), RUN, approval(by)), by).await;
            }
        });
        *sender.lock().unwrap() = Some(sends);
    })
    .await
    .are_all();
}

/// What did not come in time, and what was there already, each in a turn of its own.
#[flow]
async fn asks_twice(ctx: Ctx<Deps>, input: u32) -> Result<String, Failure> {
    #[signal(name = "never sent", timeout = "100ms")]
    let never: Option<Approval>;
    #[step]
    let seen: String = {
        ctx.tell(format!("{never:?} {input}"));
        format!("{never:?}")
    };
    #[signal(name = "in-time", timeout = "1h")]
    let mut answer: Option<Approval>;
    let by = answer.take().map(|answer| answer.by);
    #[step]
    'told: {
        ctx.tell(format!("{by:?} {answer:?} {seen}"));
    }
    #[signal(name = "now or never", timeout = "0s")]
    let now: Option<u32>;
    Ok(format!("{by:?} {now:?} {input}"))
}

#[tokio::test]
async fn time_outs_that_run_out_and_time_outs_that_do_not() {
    sweep_signalled(asks_twice, 4, async |world| {
        sent(asks_twice::signals::in_time(world.store(), RUN, approval("ada")), "1").await;
    })
    .await
    .are_all();
}

/// A signal's value goes into a transaction; where it says no, the flow ends there.
#[flow]
async fn pays_if_approved(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let total: u32 = input.items.iter().sum();
    if total > 10 {
        #[signal]
        let mut approval: Approval;
        if !approval.yes {
            return Err(Failure::new(format!("{} refused {total}", approval.by)));
        }
        approval.by.push('!');
        if input.fast {
            #[signal]
            let second: Approval;
            if !second.yes {
                return Ok(format!("{} left it to {}", second.by, approval.by));
            }
        }
        #[transaction(tx = ctx.deps.db)]
        let row: String = {
            tx.push(format!("{} {total}", approval.by));
            ctx.tell(format!("{approval:?}"));
            approval.by.clone()
        };
        return Ok(row);
    }
    #[event("orders")]
    OrderPlaced { order_id: input.id.clone(), total };
    Ok("small".to_owned())
}

#[tokio::test]
async fn an_approval_in_front_of_a_transaction_and_early_ends_behind_it() {
    let mut points = Points::none_of::<pays_if_approved::Flow>();
    for input in [orders()[0].clone(), orders()[1].clone(), orders()[4].clone()] {
        for (first, second) in [("ada", "bob"), ("ada", "bo"), ("bo", "ada")] {
            let swept = sweep_signalled(pays_if_approved, input.clone(), async |world| {
                sent(pays_if_approved::signals::approval(world.store(), RUN, approval(first)), "1").await;
                sent(pays_if_approved::signals::second(world.store(), RUN, approval(second)), "2").await;
            });
            points = points.with(swept.await);
        }
    }
    points.are_all();
}
