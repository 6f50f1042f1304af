//! `compensate`: undoing what was done, in reverse, each once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prose::{CancellationToken, Checkpoint, Ctx, Error, MemoryStore, Status, Store, flow};
use prose_sqlite::{SqliteDatabase, SqliteStore};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::support::{CrashingStore, Failure, Log, until_stuck};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Order {
    user: String,
    /// How the last step ends: well, `fails`, `panics`, or `waits`.
    end: String,
}

fn order(end: &str) -> Order {
    Order { user: "ada".to_owned(), end: end.to_owned() }
}

#[derive(Clone, Default)]
struct Deps {
    log: Log,
    /// How often the refund fails.
    refund_fails: Arc<Mutex<u32>>,
}

impl Deps {
    fn refund(&self) -> Result<(), Failure> {
        let mut fails = self.refund_fails.lock().unwrap();
        if *fails == 0 {
            return Ok(());
        }
        *fails -= 1;
        Err(Failure::Boom("the card is gone"))
    }
}

async fn last_step(log: &Log, end: &str) -> Result<(), Failure> {
    log.add("ship");
    match end {
        "fails" => Err(Failure::Boom("no carrier")),
        "panics" => panic!("a bug"),
        "waits" => std::future::pending().await,
        _ => Ok(()),
    }
}

#[derive(Serialize, Deserialize)]
struct Receipt {
    id: String,
    fee: u64,
}

#[flow]
async fn buy(ctx: Ctx<Deps>, Order { user, end }: Order) -> Result<u64, Failure> {
    #[step(compensate = {
        ctx.deps.log.add(format!("release {reserved} for {user} as {}", ctx.idempotency_key().unwrap_or("-")));
    })]
    let mut reserved: u64 = {
        ctx.deps.log.add("reserve");
        user.len() as u64
    };
    // The compensation has a copy of its own.
    reserved += 100;

    #[step]
    'announce: {
        ctx.deps.log.add("announce");
    }

    #[step(name = "charge", compensate(
        run = {
            ctx.deps.log.add(format!("refund {id} as {}", ctx.idempotency_key().unwrap_or("-")));
            ctx.deps.refund()?;
        },
        retry(max_attempts = 3, delay = "1ms"),
        timeout = "5s",
    ))]
    let Receipt { id, fee }: Receipt = {
        ctx.deps.log.add("charge");
        Receipt { id: "ch_1".to_owned(), fee: 3 }
    };

    #[step(timeout = "10s")]
    'ship: {
        last_step(&ctx.deps.log, &end).await?;
    }
    Ok(reserved + fee + id.len() as u64)
}

const DONE: [&str; 4] = ["reserve", "announce", "charge", "ship"];
const UNDONE: [&str; 2] = ["refund ch_1 as r:charge:undo", "release 3 for ada as r:reserved:undo"];

fn all() -> Vec<&'static str> {
    DONE.into_iter().chain(UNDONE).collect()
}

async fn load(store: &impl Store) -> Checkpoint {
    store.load("r").await.unwrap().unwrap()
}

#[tokio::test]
async fn what_was_done_is_undone_in_reverse() {
    let (store, deps) = (MemoryStore::new(), Deps::default());
    let failed = buy(order("fails")).deps(deps.clone()).durable(&store, "r").await.unwrap_err();
    assert_eq!(failed.step(), Some("ship"));
    assert!(matches!(failed.into_flow_error(), Some(Failure::Boom("no carrier"))));
    assert_eq!(deps.log.lines(), all());

    let checkpoint = load(&store).await;
    assert_eq!(checkpoint.status, Status::Failed);
    assert_eq!(checkpoint.completed_steps, ["reserved", "announce", "charge"]);
    assert_eq!(checkpoint.failed_step.as_ref().unwrap().error, "no carrier");
    let shown = serde_json::to_value(&checkpoint).unwrap();
    assert_eq!(shown["compensation"], serde_json::json!({ "undone": ["charge", "reserved"], "failed": [] }));
}

#[tokio::test]
async fn a_run_that_completes_is_not_undone() {
    let (store, deps) = (MemoryStore::new(), Deps::default());
    assert_eq!(buy(order("")).deps(deps.clone()).durable(&store, "r").await.unwrap(), 103 + 3 + 4);
    assert_eq!(deps.log.lines(), DONE);
    assert!(load(&store).await.compensation.is_none());
}

#[tokio::test]
async fn a_failed_run_that_was_undone_runs_nothing_more() {
    let (store, deps) = (MemoryStore::new(), Deps::default());
    buy(order("fails")).deps(deps.clone()).durable(&store, "r").await.unwrap_err();
    deps.log.clear();
    for _ in 0..2 {
        let again = buy(order("")).deps(deps.clone()).durable(&store, "r").await.unwrap_err();
        assert!(matches!(&again, Error::JoinedFailed { step: Some(step), .. } if step == "ship"), "{again:?}");
        assert_eq!(again.to_string(), "run `r` failed at step `ship`: no carrier");
    }
    assert!(deps.log.lines().is_empty());
}

/// Nothing to undo: as before, calling again goes on.
#[tokio::test]
async fn a_failed_run_of_which_nothing_was_undone_is_restarted() {
    #[flow]
    async fn early(ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[step(compensate = ctx.deps.add("undone"))]
        'first: {
            ctx.deps.add("first");
            if ctx.deps.count("first") == 1 {
                return Err(Failure::Transient);
            }
        }
        Ok(())
    }
    let (store, log) = (MemoryStore::new(), Log::default());
    early(()).deps(log.clone()).durable(&store, "r").await.unwrap_err();
    early(()).deps(log.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(log.lines(), ["first", "first"]);
}

/// The failure of plain code, with the last step not committed yet.
#[tokio::test]
async fn a_step_that_is_done_when_plain_code_fails_is_undone_as_well() {
    #[flow]
    async fn checking(ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[step(compensate = ctx.deps.add(format!("undo {n}")))]
        let n: u32 = 7;
        if n == 7 {
            return Err(Failure::Boom("plain"));
        }
        Ok(())
    }
    let (store, log) = (MemoryStore::new(), Log::default());
    let failed = checking(()).deps(log.clone()).durable(&store, "r").await;
    assert!(matches!(failed, Err(Error::Failed { step: None, .. })), "{failed:?}");
    assert_eq!(log.lines(), ["undo 7"]);
    assert_eq!(load(&store).await.completed_steps, ["n"]);
}

/// A crash in front of each commit and behind each commit; the next call goes on.
#[tokio::test(start_paused = true)]
async fn a_crash_between_any_two_commits_loses_nothing_and_undoes_nothing_twice() {
    let counting = CrashingStore::default();
    buy(order("fails")).deps(Deps::default()).durable(&counting, "r").await.unwrap_err();
    let writes = counting.writes();
    assert_eq!(writes, 4 + 1 + 2 + 1, "entrances, the turn, two compensations, the ending");
    for write in 1..=writes {
        for before in [true, false] {
            let (memory, deps) = (CrashingStore::default(), Deps::default());
            let crashing = if before { memory.crash_before(write) } else { memory.crash_after(write) };
            let stuck = until_stuck(buy(order("fails")).deps(deps.clone()).durable(&crashing, "r")).await;
            assert!(stuck.is_none());
            let again = buy(order("fails")).deps(deps.clone()).durable(&memory.inner, "r").await;
            assert!(matches!(again, Err(Error::Failed { .. } | Error::JoinedFailed { .. })), "{again:?}");
            let mut seen = deps.log.lines();
            if before {
                // What ran and was not committed runs once more.
                seen.dedup();
                let (first, last) = (seen.iter().position(|it| it.starts_with("refund")), seen.len() - 2);
                assert!(first.is_none_or(|first| first == last), "{seen:?}");
            }
            assert_eq!(seen, all(), "write {write}, before: {before}");
            let checkpoint = load(&memory.inner).await;
            assert_eq!(checkpoint.status, Status::Failed);
            assert_eq!(checkpoint.compensation.unwrap().undone, ["charge", "reserved"]);
        }
    }
}

#[tokio::test]
async fn a_run_in_the_midst_of_it_says_that_it_is_compensating() {
    let (memory, deps) = (CrashingStore::default(), Deps::default());
    until_stuck(buy(order("fails")).deps(deps.clone()).durable(&memory.crash_after(6), "r")).await;
    let checkpoint = load(&memory.inner).await;
    assert_eq!(checkpoint.status, Status::Compensating);
    assert_eq!(checkpoint.compensation.unwrap().undone, ["charge"]);
    assert_eq!(checkpoint.failed_step.unwrap().error, "no carrier");
}

#[tokio::test(start_paused = true)]
async fn a_compensation_is_retried_as_it_says() {
    let (store, deps) = (MemoryStore::new(), Deps::default());
    *deps.refund_fails.lock().unwrap() = 2;
    let failed = buy(order("fails")).deps(deps.clone()).durable(&store, "r").await;
    assert!(matches!(failed, Err(Error::Failed { .. })), "{failed:?}");
    assert_eq!(deps.log.count(UNDONE[0]), 3);
    assert_eq!(deps.log.count(UNDONE[1]), 1);
}

#[tokio::test(start_paused = true)]
async fn a_compensation_that_keeps_failing_is_reported_and_the_others_go_on() {
    let (store, deps) = (MemoryStore::new(), Deps::default());
    *deps.refund_fails.lock().unwrap() = 9;
    let failed = buy(order("fails")).deps(deps.clone()).durable(&store, "r").await.unwrap_err();
    let text = "the flow failed at step `ship`: no carrier; and not all that was done could be undone: `charge` (the card is gone)";
    assert_eq!(failed.to_string(), text);
    let Error::NotUndone { cause, steps } = failed else { panic!("{failed:?}") };
    assert!(matches!(*cause, Error::Failed { error: Failure::Boom("no carrier"), .. }));
    assert_eq!((steps[0].name.as_str(), steps[0].error.as_str()), ("charge", "the card is gone"));
    assert_eq!(deps.log.lines()[4..], [UNDONE[0], UNDONE[0], UNDONE[0], UNDONE[1]]);

    let shown = serde_json::to_value(load(&store).await).unwrap();
    let failed = serde_json::json!([{ "name": "charge", "error": "the card is gone" }]);
    assert_eq!(shown["compensation"], serde_json::json!({ "undone": ["reserved"], "failed": failed }));
    assert_eq!(shown["status"], "failed");
    let again = buy(order("")).deps(deps.clone()).durable(&store, "r").await.unwrap_err();
    assert!(matches!(&again, Error::NotUndone { cause, .. } if matches!(**cause, Error::JoinedFailed { .. })));
    assert!(again.to_string().ends_with("`charge` (the card is gone)"), "{again}");
}

#[tokio::test(start_paused = true)]
async fn a_compensation_that_panics_or_takes_too_long_has_failed() {
    #[flow]
    async fn hopeless(ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[step(compensate = ctx.deps.add("last"))]
        'one: {}
        #[step(compensate = assert!(ctx.run_id().is_none(), "a bug in {}", ctx.idempotency_key().unwrap()))]
        'two: {}
        #[step(compensate(run = std::future::pending().await, timeout = "3s"))]
        'three: {}
        Err(Failure::Boom("no"))
    }
    let (store, log) = (MemoryStore::new(), Log::default());
    let failed = hopeless(()).deps(log.clone()).observer(log.clone()).durable(&store, "r").await.unwrap_err();
    let Error::NotUndone { steps, .. } = failed else { panic!("{failed:?}") };
    let steps: Vec<_> = steps.iter().map(|step| format!("{}: {}", step.name, step.error)).collect();
    assert_eq!(steps, ["three: timed out after 3s", "two: panicked: a bug in r:two:undo"]);
    assert_eq!(load(&store).await.compensation.unwrap().undone, ["one"]);
    assert_eq!(log.count("last"), 1);
    assert_eq!(log.count("error two:undo: panicked: a bug in r:two:undo"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_is_undone_and_ends_cancelled() {
    let (store, deps, token) = (MemoryStore::new(), Deps::default(), CancellationToken::new());
    let call = buy(order("waits")).deps(deps.clone()).cancellation(token.clone()).durable(&store, "r");
    let task = tokio::spawn(call);
    tokio::time::sleep(Duration::from_secs(1)).await;
    token.cancel();
    let cancelled = task.await.unwrap();
    assert!(matches!(&cancelled, Err(Error::Cancelled { step: Some(step) }) if step == "ship"), "{cancelled:?}");
    assert_eq!(deps.log.lines(), all());
    let checkpoint = load(&store).await;
    assert_eq!((checkpoint.status, checkpoint.failed_step), (Status::Cancelled, None));
    assert_eq!(checkpoint.compensation.unwrap().undone, ["charge", "reserved"]);
}

/// The token stops the flow, not its undoing.
#[tokio::test(start_paused = true)]
async fn the_undoing_of_a_cancelled_run_may_take_its_time() {
    #[flow]
    async fn slow(ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[step(compensate = {
            tokio::time::sleep(Duration::from_secs(60)).await;
            ctx.deps.add(format!("undone, cancelled: {}", ctx.cancellation().is_cancelled()));
        })]
        'first: {}
        #[step]
        'second: {
            std::future::pending().await
        }
        Ok(())
    }
    let (store, log, token) = (MemoryStore::new(), Log::default(), CancellationToken::new());
    let task = tokio::spawn(slow(()).deps(log.clone()).cancellation(token.clone()).durable(&store, "r"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    token.cancel();
    task.await.unwrap().unwrap_err();
    assert_eq!(log.lines(), ["undone, cancelled: false"]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_times_out_for_the_last_time_is_a_failure_for_good() {
    let (store, deps) = (MemoryStore::new(), Deps::default());
    let failed = buy(order("waits")).deps(deps.clone()).durable(&store, "r").await;
    assert!(matches!(&failed, Err(Error::StepTimeout { step, .. }) if step == "ship"), "{failed:?}");
    assert_eq!(deps.log.lines(), all());
    assert_eq!(load(&store).await.failed_step.unwrap().error, "step `ship` timed out after 10s");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_times_out_or_panics_undoes_nothing() {
    let (store, deps) = (MemoryStore::new(), Deps::default());
    let call = buy(order("waits")).deps(deps.clone()).timeout(Duration::from_secs(2)).durable(&store, "r").await;
    assert!(matches!(call, Err(Error::Timeout { .. })), "{call:?}");
    let panicking = tokio::spawn(buy(order("panics")).deps(deps.clone()).durable(&store, "p"));
    assert!(panicking.await.unwrap_err().is_panic());
    for run in ["r", "p"] {
        let checkpoint = store.load(run).await.unwrap().unwrap();
        assert_eq!((checkpoint.status, checkpoint.compensation), (Status::Failed, None));
    }
    assert!(!deps.log.lines().iter().any(|line| line.starts_with("refund")));
    // It can be called again, and undone then: the records are still there.
    let again = buy(order("")).deps(deps.clone()).durable(&store, "p");
    tokio::spawn(again).await.unwrap_err();
    let token = CancellationToken::new();
    let task = tokio::spawn(buy(order("")).deps(deps.clone()).cancellation(token.clone()).durable(&store, "r"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    token.cancel();
    task.await.unwrap().unwrap_err();
    assert_eq!(deps.log.lines()[deps.log.lines().len() - 2..], UNDONE);
}

/// What cuts the undoing off leaves it to the next call.
#[tokio::test(start_paused = true)]
async fn an_undoing_that_is_cut_off_goes_on_with_the_next_call() {
    #[flow]
    async fn slow(ctx: Ctx<Log>, input: u64) -> Result<(), Failure> {
        #[step(compensate = ctx.deps.add(format!("first {input}")))]
        'first: {}
        #[step(compensate = {
            if ctx.deps.count("slow") == 0 {
                ctx.deps.add("slow");
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            ctx.deps.add("second");
        })]
        'second: {}
        Err(Failure::Boom("no"))
    }
    let (store, log) = (MemoryStore::new(), Log::default());
    let cut = slow(1).deps(log.clone()).timeout(Duration::from_secs(5)).durable(&store, "r").await;
    assert!(matches!(&cut, Err(Error::Timeout { step: Some(step), .. }) if step == "second:undo"), "{cut:?}");
    assert_eq!(load(&store).await.status, Status::Compensating);
    let again = slow(2).deps(log.clone()).durable(&store, "r").await;
    assert!(matches!(again, Err(Error::JoinedFailed { .. })), "{again:?}");
    assert_eq!(log.lines(), ["slow", "second", "first 1"], "with the run's own input");
}

#[tokio::test]
async fn in_a_loop_each_turn_is_undone_with_its_own_output() {
    #[flow]
    async fn looping(ctx: Ctx<Log>, input: Vec<u32>) -> Result<u32, Failure> {
        let mut sum = 0;
        for item in input.iter() {
            #[step(compensate = ctx.deps.add(format!("undo {booked} as {}", ctx.idempotency_key().unwrap())))]
            let booked: u32 = item * 10;
            sum += booked;
            if sum > 90 {
                return Err(Failure::Boom("too much"));
            }
        }
        Ok(sum)
    }
    let (store, log) = (MemoryStore::new(), Log::default());
    looping(vec![1, 3, 9, 7]).deps(log.clone()).durable(&store, "r").await.unwrap_err();
    assert_eq!(
        log.lines(),
        ["undo 90 as r:booked[2]:undo", "undo 30 as r:booked[1]:undo", "undo 10 as r:booked[0]:undo"]
    );
    assert_eq!(load(&store).await.compensation.unwrap().undone, ["booked[2]", "booked[1]", "booked[0]"]);

    // After a crash in the midst, the earlier turns are undone by the next execution.
    let (memory, log) = (CrashingStore::default(), Log::default());
    until_stuck(looping(vec![1, 3, 9, 7]).deps(log.clone()).durable(&memory.crash_after(5), "r")).await;
    looping(Vec::new()).deps(log.clone()).durable(&memory.inner, "r").await.unwrap_err();
    assert_eq!(
        log.lines(),
        ["undo 90 as r:booked[2]:undo", "undo 30 as r:booked[1]:undo", "undo 10 as r:booked[0]:undo"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_elements_of_a_parallel_are_undone_each_on_its_own() {
    #[flow]
    async fn both(ctx: Ctx<Log>, _input: ()) -> Result<u32, Failure> {
        #[parallel]
        let (slow, fast): (u32, u32) = (
            #[step(compensate = ctx.deps.add(format!("undo {slow} as {}", ctx.idempotency_key().unwrap_or("-"))))]
            {
                tokio::time::sleep(Duration::from_secs(2)).await;
                1
            },
            #[step(compensate = ctx.deps.add(format!("undo {fast} as {}", ctx.idempotency_key().unwrap_or("-"))))]
            2,
        );
        if slow + fast == 3 {
            return Err(Failure::Boom("no"));
        }
        Ok(0)
    }
    let (store, log) = (MemoryStore::new(), Log::default());
    both(()).deps(log.clone()).durable(&store, "r").await.unwrap_err();
    assert_eq!(log.lines(), ["undo 1 as r:slow:undo", "undo 2 as r:fast:undo"], "the last one that was done first");
    log.clear();
    both(()).deps(log.clone()).await.unwrap_err();
    assert_eq!(log.lines(), ["undo 1 as -", "undo 2 as -"]);

    // One that is done when the other is cut off.
    let (token, log) = (CancellationToken::new(), Log::default());
    let task = tokio::spawn(both(()).deps(log.clone()).cancellation(token.clone()).durable(&store, "c"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    token.cancel();
    task.await.unwrap().unwrap_err();
    assert_eq!(log.lines(), ["undo 2 as c:fast:undo"]);
}

#[flow]
async fn ship(ctx: Ctx<Log>, end: String) -> Result<u32, Failure> {
    #[step(compensate = ctx.deps.add(format!("unpack as {}", ctx.idempotency_key().unwrap())))]
    let packed: u32 = 1;
    #[step]
    'carry: {
        last_step(&ctx.deps, &end).await?;
    }
    Ok(packed)
}

#[flow]
async fn order_and_ship(ctx: Ctx<Log>, end: String) -> Result<u32, Failure> {
    #[step(compensate = ctx.deps.add("refund"))]
    let paid: u32 = 7;
    #[child]
    let shipped: u32 = ship(end);
    Ok(paid + shipped)
}

#[tokio::test(start_paused = true)]
async fn a_child_that_fails_is_undone_by_itself_and_then_its_parent() {
    let (store, log) = (MemoryStore::new(), Log::default());
    let failed = order_and_ship("fails".into()).deps(log.clone()).durable(&store, "r").await;
    assert!(matches!(failed, Err(Error::Child { .. })), "{failed:?}");
    assert_eq!(log.lines(), ["ship", "unpack as r:shipped:packed:undo", "refund"]);
    for run in ["r", "r:shipped"] {
        let checkpoint = store.load(run).await.unwrap().unwrap();
        assert_eq!((checkpoint.status, checkpoint.compensation.unwrap().undone.len()), (Status::Failed, 1));
    }

    let (token, log) = (CancellationToken::new(), Log::default());
    let call = order_and_ship("waits".into()).deps(log.clone()).cancellation(token.clone()).durable(&store, "c");
    let task = tokio::spawn(call);
    tokio::time::sleep(Duration::from_secs(1)).await;
    token.cancel();
    task.await.unwrap().unwrap_err();
    assert_eq!(log.lines(), ["ship", "unpack as c:shipped:packed:undo", "refund"]);
    for run in ["c", "c:shipped"] {
        assert_eq!(store.load(run).await.unwrap().unwrap().status, Status::Cancelled);
    }
}

/// A child whose call was cut off can be called again, and so can its parent.
#[tokio::test(start_paused = true)]
async fn a_child_that_is_cut_off_undoes_nothing() {
    #[flow]
    async fn impatient(ctx: Ctx<Log>, end: String) -> Result<u32, Failure> {
        #[step(compensate = ctx.deps.add("refund"))]
        let paid: u32 = 7;
        #[child]
        let shipped: u32 = ship(end).timeout(Duration::from_secs(3));
        Ok(paid + shipped)
    }
    let (store, log) = (MemoryStore::new(), Log::default());
    let failed = impatient("waits".into()).deps(log.clone()).durable(&store, "r").await;
    assert!(matches!(failed, Err(Error::Child { .. })), "{failed:?}");
    assert_eq!(log.lines(), ["ship"]);
    assert_eq!((load(&store).await.status, load(&store).await.compensation), (Status::Failed, None));
}

#[tokio::test]
async fn without_a_store_it_is_undone_as_well() {
    let deps = Deps::default();
    let failed = buy(order("fails")).deps(deps.clone()).await;
    assert!(matches!(failed, Err(Error::Failed { .. })), "{failed:?}");
    assert_eq!(deps.log.lines()[4..], ["refund ch_1 as -", "release 3 for ada as -"]);
    *deps.refund_fails.lock().unwrap() = 3;
    let failed = buy(order("fails")).deps(deps.clone()).await;
    assert!(matches!(&failed, Err(Error::NotUndone { steps, .. }) if steps[0].name == "charge"), "{failed:?}");
}

#[tokio::test]
async fn observers_hear_of_it() {
    let (store, observer) = (MemoryStore::new(), Log::default());
    buy(order("fails")).deps(Deps::default()).observer(observer.clone()).durable(&store, "r").await.unwrap_err();
    let lines = observer.lines();
    let undoing = lines.iter().position(|line| line == "undo").unwrap();
    assert_eq!(lines[undoing - 1], "error ship: no carrier");
    let told = [
        "start charge:undo",
        "complete charge:undo",
        "start reserved:undo",
        "complete reserved:undo",
        "flow error: the flow failed at step `ship`: no carrier",
    ];
    assert_eq!(lines[undoing + 1..], told);
}

/// A process that was stopped in the midst, and taken for dead: what it does afterwards changes nothing.
#[tokio::test]
async fn an_owner_that_was_replaced_while_it_undid_is_fenced() {
    #[derive(Clone, Default)]
    struct Stopping {
        log: Log,
        stopped: Arc<Notify>,
        goes_on: Arc<Notify>,
    }
    #[flow]
    async fn stopping(ctx: Ctx<Stopping>, _input: ()) -> Result<(), Failure> {
        #[step(compensate = ctx.deps.log.add("first"))]
        'first: {}
        #[step(compensate = {
            ctx.deps.log.add("second");
            if ctx.deps.log.count("second") == 1 {
                ctx.deps.stopped.notify_one();
                ctx.deps.goes_on.notified().await;
            }
        })]
        'second: {}
        Err(Failure::Boom("no"))
    }
    let (store, deps) = (CrashingStore::default(), Stopping::default());
    let paused = tokio::spawn(stopping(()).deps(deps.clone()).durable(&store, "r"));
    deps.stopped.notified().await;
    let lease = store.leases.lock().unwrap().last().cloned().unwrap();
    store.inner.release(&lease);
    let other = stopping(()).deps(deps.clone()).durable(&store, "r").await;
    assert!(matches!(other, Err(Error::JoinedFailed { .. })), "{other:?}");
    deps.goes_on.notify_one();
    let paused = paused.await.unwrap();
    assert!(matches!(paused, Err(Error::Fenced { .. })), "{paused:?}");
    assert_eq!(deps.log.lines(), ["second", "second", "first"]);
    assert_eq!(load(&store).await.compensation.unwrap().undone, ["second", "first"]);
}

#[tokio::test]
async fn code_without_the_compensation_leaves_the_run_for_code_that_has_it() {
    mod new {
        use super::*;
        #[flow(name = "changed")]
        pub(super) async fn changed(_ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
            #[step]
            'first: {}
            Ok(())
        }
    }
    #[flow]
    async fn changed(ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[step(compensate = ctx.deps.add("undone"))]
        'first: {}
        Err(Failure::Boom("no"))
    }
    let (memory, log) = (CrashingStore::default(), Log::default());
    until_stuck(changed(()).deps(log.clone()).durable(&memory.crash_after(2), "r")).await;
    let refused = new::changed(()).deps(log.clone()).durable(&memory.inner, "r").await.unwrap_err();
    let text = "run `r` cannot go on with this code at step `first`: it is to be undone, and this code has no compensation for it";
    assert_eq!(refused.to_string(), text);
    assert_eq!(load(&memory.inner).await.status, Status::Compensating);
    changed(()).deps(log.clone()).durable(&memory.inner, "r").await.unwrap_err();
    assert_eq!(log.lines(), ["undone"]);
}

#[derive(Debug, thiserror::Error)]
enum SqlFailure {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error("{0}")]
    Other(&'static str),
}

struct Shop {
    db: SqliteDatabase,
    /// How often the deletion fails after it was made.
    fails: Mutex<u32>,
}

#[flow]
async fn sell(ctx: Ctx<Shop>, id: String) -> Result<(), SqlFailure> {
    #[transaction(tx = ctx.deps.db, compensate(
        run = {
            sqlx::query("insert into lines values (?1, -1)").bind(id.clone()).execute(&mut **tx).await?;
            let mut fails = ctx.deps.fails.lock().unwrap();
            if *fails > 0 {
                *fails -= 1;
                return Err(SqlFailure::Other("not now"));
            }
        },
        retry(max_attempts = 3, delay = "1ms"),
    ))]
    'book: {
        sqlx::query("insert into lines values (?1, 1)").bind(id.clone()).execute(&mut **tx).await?;
    }
    Err(SqlFailure::Other("sold out"))
}

async fn shop(store: &SqliteStore) -> Arc<Shop> {
    let db = store.database().await.unwrap();
    sqlx::query("create table if not exists lines (id text, n integer)").execute(db.pool()).await.unwrap();
    Arc::new(Shop { db, fails: Mutex::new(0) })
}

async fn lines(shop: &Shop) -> Vec<i64> {
    sqlx::query_scalar("select n from lines order by rowid").fetch_all(shop.db.pool()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_compensation_of_a_transaction_and_its_record_are_one_commit() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("a.db")).await.unwrap();
    let shop = shop(&store).await;
    *shop.fails.lock().unwrap() = 2;
    let failed = sell("a".into()).deps(shop.clone()).durable(&store, "r").await;
    assert!(matches!(failed, Err(Error::Failed { .. })), "{failed:?}");
    assert_eq!(lines(&shop).await, [1, -1], "what has failed is rolled back");
    assert_eq!(load(&store).await.compensation.unwrap().undone, ["book"]);

    *shop.fails.lock().unwrap() = 3;
    let failed = sell("b".into()).deps(shop.clone()).durable(&store, "s").await;
    assert!(matches!(failed, Err(Error::NotUndone { .. })), "{failed:?}");
    assert_eq!(lines(&shop).await, [1, -1, 1], "a compensation that has failed has left nothing");
}

/// Dropped at any moment, and called again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_compensation_of_a_transaction_happens_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("a.db")).await.unwrap();
    let shop = shop(&store).await;
    let mut dropped_at = BTreeSet::new();
    for run in 0..60_u64 {
        let run_id = format!("r{run}");
        for round in 0.. {
            let patience = Duration::from_micros(run * 53 + round * 700);
            let call = sell(run_id.clone()).deps(shop.clone()).durable(&store, run_id.clone());
            match tokio::time::timeout(patience, call).await {
                Ok(Err(Error::Failed { .. } | Error::JoinedFailed { .. })) => break,
                Ok(other) => panic!("{other:?}"),
                Err(_) => {
                    let checkpoint = store.load(&run_id).await.unwrap();
                    dropped_at.insert(checkpoint.map_or("nowhere", |it| it.status.as_str()));
                }
            }
        }
        let of_run = "select n from lines where id = ?1 order by rowid";
        let lines: Vec<i64> = sqlx::query_scalar(of_run).bind(run_id).fetch_all(shop.db.pool()).await.unwrap();
        assert_eq!(lines, [1, -1]);
    }
    assert!(dropped_at.contains("compensating"), "{dropped_at:?}");
}
