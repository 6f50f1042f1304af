//! `#[sleep]`: how long is asked once, and a run that goes on waits for what is left.

use std::time::{Duration, Instant, SystemTime};

use prose::{Ctx, Error, MemoryStore, Status, Store, flow};

use super::support::{CrashingStore, Log, until_stuck};

const A_WHILE: Duration = Duration::from_millis(200);

#[flow]
async fn rest(ctx: Ctx<Log>, pauses: Vec<u64>) -> Result<usize, String> {
    for pause in &pauses {
        #[sleep]
        Duration::from_millis({
            ctx.deps.add("asked");
            *pause
        });
        #[step]
        'rested: {
            ctx.deps.add(format!("rested {pause}"));
        }
    }
    Ok(pauses.len())
}

#[tokio::test]
async fn without_a_store_a_sleep_sleeps() {
    let (log, before) = (Log::default(), Instant::now());
    assert_eq!(rest(vec![200, 0, 1]).deps(log.clone()).await.unwrap(), 3);
    assert!(before.elapsed() >= A_WHILE);
    assert_eq!(log.lines(), ["asked", "rested 200", "asked", "rested 0", "asked", "rested 1"]);
}

#[flow]
async fn wait_until(_ctx: Ctx, until: SystemTime) -> Result<SystemTime, String> {
    #[sleep(name = "until")]
    until;
    #[step]
    let woken: SystemTime = SystemTime::now();
    Ok(woken)
}

#[tokio::test]
async fn a_sleep_of_an_instant_lasts_until_then() {
    let store = MemoryStore::new();
    let until = SystemTime::now() + A_WHILE;
    // What is saved is exact to the millisecond.
    let woken = wait_until(until).durable(&store, "future").await.unwrap();
    assert!(woken + Duration::from_millis(1) >= until, "{woken:?} is before {until:?}");
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(3);
    assert!(wait_until(past).durable(&store, "past").await.unwrap() < SystemTime::now() + A_WHILE);
}

#[tokio::test]
async fn a_run_that_goes_on_asks_no_more_and_waits_for_the_rest() {
    let (log, crashing) = (Log::default(), CrashingStore::default().crash_after(1));
    let call = |store: &CrashingStore| rest(vec![200]).deps(log.clone()).durable(store, "run");
    let before = Instant::now();
    assert!(until_stuck(call(&crashing)).await.is_none(), "it died at the sleep's entrance");
    let checkpoint = crashing.inner.load("run").await.unwrap().unwrap();
    assert!(checkpoint.state.get("sleep:until").is_some(), "{checkpoint:?}");
    tokio::time::sleep(A_WHILE / 2).await;
    let resumed = Instant::now();
    let after = crashing.crash_after(u32::MAX);
    assert_eq!(call(&after).await.unwrap(), 1);
    assert!(before.elapsed() >= A_WHILE);
    // It did not begin anew: half of the time was over.
    assert!(resumed.elapsed() < A_WHILE, "{:?}", resumed.elapsed());
    assert_eq!(log.lines(), ["asked", "rested 200"]);
    let checkpoint = after.load("run").await.unwrap().unwrap();
    assert_eq!((checkpoint.status, checkpoint.completed_steps.len()), (Status::Completed, 2));
    assert!(checkpoint.state.get("sleep:until").is_none(), "{checkpoint:?}");
}

#[tokio::test]
async fn a_sleep_of_no_time_leaves_nothing_and_costs_no_commit() {
    let (log, store) = (Log::default(), CrashingStore::default());
    rest(vec![0, 0]).deps(log).durable(&store, "run").await.unwrap();
    assert_eq!(store.writes(), 3, "the entrances of the steps, and the end");
    let checkpoint = store.load("run").await.unwrap().unwrap();
    assert_eq!(checkpoint.completed_steps, ["sleep", "rested"]);
    assert!(checkpoint.state.get("sleep:until").is_none(), "{checkpoint:?}");
}

#[tokio::test]
async fn the_time_of_a_call_ends_a_sleep_and_the_run_goes_on_later() {
    let (log, store) = (Log::default(), MemoryStore::new());
    let ended = rest(vec![3_600_000]).deps(log.clone()).timeout(A_WHILE / 4).durable(&store, "run").await;
    assert!(matches!(&ended, Err(Error::Timeout { step: Some(step), .. }) if step == "sleep"), "{ended:?}");
    let again = rest(Vec::new()).deps(log.clone()).timeout(A_WHILE / 4).durable(&store, "run").await;
    assert!(matches!(again, Err(Error::Timeout { .. })), "{again:?}");
    assert_eq!(log.lines(), ["asked"]);
}

#[tokio::test]
async fn cancelling_ends_a_sleep() {
    let (store, token) = (MemoryStore::new(), prose::CancellationToken::new());
    let run =
        tokio::spawn(rest(vec![3_600_000]).deps(Log::default()).cancellation(token.clone()).durable(&store, "run"));
    while store.load("run").await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    token.cancel();
    assert!(matches!(run.await.unwrap(), Err(Error::Cancelled { .. })));
    assert_eq!(store.load("run").await.unwrap().unwrap().status, Status::Cancelled);
}

#[tokio::test]
async fn observers_hear_of_a_sleep_as_of_a_step() {
    let (seen, store) = (Log::default(), MemoryStore::new());
    rest(vec![1]).deps(Log::default()).observer(seen.clone()).durable(&store, "run").await.unwrap();
    let expected = ["flow start", "start sleep", "start rested", "complete sleep", "complete rested", "flow complete"];
    let mut lines = seen.lines();
    lines.sort();
    let mut expected = expected.map(str::to_owned);
    expected.sort();
    assert_eq!(lines, expected);
}
