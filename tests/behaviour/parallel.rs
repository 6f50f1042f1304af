//! `#[parallel]`: the elements run at once, each is a step of its own, and each is saved when it is done.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use prose::observe::{Observer, RunInfo, StepInfo};
use prose::store::{BoxFuture, Commit, Lease};
use prose::{CancellationToken, Ctx, Error, MemoryStore, Status, Store, StoreError, flow};
use serde_json::json;
use tokio::sync::{Barrier, Notify};

use super::support::{CrashingStore, Failure, Log, state_of, stores, until_stuck};

// At once

struct Meeting {
    barrier: Barrier,
    log: Log,
}

#[flow]
async fn meet(ctx: Ctx<Meeting>, input: u32) -> Result<(String, u32), Failure> {
    let factor = 2;
    #[parallel]
    let (user, stock): (String, u32) = (
        #[step]
        {
            ctx.deps.barrier.wait().await;
            ctx.deps.log.add(format!("user {:?}", ctx.idempotency_key()));
            format!("user {input}")
        },
        #[step]
        {
            ctx.deps.barrier.wait().await;
            ctx.deps.log.add(format!("stock {:?}", ctx.idempotency_key()));
            input * factor
        },
    );
    Ok((user, stock))
}

#[tokio::test]
async fn elements_that_wait_for_one_another_come_to_their_end() {
    let deps = || Meeting { barrier: Barrier::new(2), log: Log::default() };
    assert_eq!(meet(4).deps(deps()).await.unwrap(), ("user 4".to_owned(), 8));
    for (name, store, _dir) in stores().await {
        let deps = Arc::new(deps());
        assert_eq!(meet(4).deps(deps.clone()).durable(&store, "r").await.unwrap().1, 8, "{name}");
        let mut lines = deps.log.lines();
        lines.sort();
        assert_eq!(lines, [r#"stock Some("r:stock")"#, r#"user Some("r:user")"#], "{name}");
        let saved = store.load("r").await.unwrap().unwrap();
        assert_eq!(state_of(&store, "r").await, json!({ "factor": 2, "stock": 8, "user": "user 4" }), "{name}");
        let mut completed = saved.completed_steps;
        completed.sort();
        assert_eq!(completed, ["stock", "user"], "{name}");
        // A completed run runs nothing: the barrier would never open for one.
        assert_eq!(meet(4).deps(deps).durable(&store, "r").await.unwrap().1, 8, "{name}");
    }
}

/// A store whose commits take as long as it is told.
#[derive(Clone, Default)]
struct SlowStore {
    inner: MemoryStore,
    /// The commit of an element waits until somebody says so.
    go_on: Arc<Notify>,
}

impl Store for SlowStore {
    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if commit.writes.iter().any(|write| write.name == "quick") {
                self.go_on.notified().await;
            }
            self.inner.commit(lease, commit).await
        })
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
    prose_store_tests::hand_through! { inner: claim create reclaim outbox queue signals migrate keep_code code release changed load_run delete_run prune }
}

#[flow]
async fn through_a_slow_store(ctx: Ctx<Arc<Notify>>, _input: ()) -> Result<u32, Failure> {
    #[parallel]
    let (quick, slow): (u32, u32) = (
        #[step]
        1,
        #[step]
        {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            // Only now the commit of the other one goes on.
            ctx.deps.notify_one();
            2
        },
    );
    Ok(quick + slow)
}

#[tokio::test]
async fn a_write_does_not_keep_the_others_from_running() {
    let store = SlowStore::default();
    let call = through_a_slow_store(()).deps(store.go_on.clone()).durable(&store, "r");
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), call).await.expect("it goes on").unwrap(), 3);
}

// Each its own

#[flow]
async fn own_limits(ctx: Ctx<Log>, _input: ()) -> Result<u32, Failure> {
    #[parallel]
    let (tried, timed): (u32, u32) = (
        #[step(name = "often", retry(max_attempts = 3, delay = "1s", when = Failure::is_transient))]
        {
            ctx.deps.add(format!("often {}", ctx.attempt()));
            if ctx.attempt() < 3 {
                return Err(Failure::Transient);
            }
            ctx.attempt()
        },
        #[step(timeout = "100ms", retry(max_attempts = 2, delay = "1ms"))]
        {
            ctx.deps.add(format!("timed {}", ctx.attempt()));
            if ctx.attempt() == 1 {
                std::future::pending::<()>().await;
            }
            ctx.attempt()
        },
    );
    Ok(tried * 10 + timed)
}

#[tokio::test(start_paused = true)]
async fn each_element_has_its_own_attempts_and_time_limit() {
    for durable in [false, true] {
        let log = Log::default();
        let call = own_limits(()).deps(log.clone()).observer(log.clone());
        let call = if durable { call.durable(&MemoryStore::new(), "r") } else { call };
        assert_eq!(call.await.unwrap(), 32);
        let attempts = |of: &str| log.lines().into_iter().filter(|line| line.starts_with(of)).collect::<Vec<_>>();
        assert_eq!(attempts("often"), ["often 1", "often 2", "often 3"]);
        assert_eq!(attempts("timed"), ["timed 1", "timed 2"]);
        assert_eq!(attempts("retry"), ["retry often: transient", "retry timed: timed out", "retry often: transient"]);
        assert_eq!(attempts("complete"), ["complete timed", "complete often"]);
    }
}

/// Hears of a step only when it can be read in the store.
struct Reads(MemoryStore, Arc<Mutex<Vec<String>>>);

impl Observer for Reads {
    fn on_step_complete(&self, run: &RunInfo, step: &StepInfo, _: Duration) {
        let load = self.0.load(run.run_id.as_deref().unwrap());
        let mut load = std::pin::pin!(load);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(Ok(Some(checkpoint))) = load.as_mut().poll(&mut cx) else {
            panic!("memory does not wait");
        };
        let saved = checkpoint.state.get(step.name).is_some();
        self.1.lock().unwrap().push(format!("{} {saved}", step.name));
    }
}

#[tokio::test]
async fn observers_hear_of_an_element_behind_its_commit() {
    let (store, heard) = (MemoryStore::new(), Arc::new(Mutex::new(Vec::new())));
    let deps = Meeting { barrier: Barrier::new(2), log: Log::default() };
    let observer = Reads(store.clone(), heard.clone());
    meet(1).deps(deps).observer(observer).durable(&store, "r").await.unwrap();
    let mut heard = heard.lock().unwrap().clone();
    heard.sort();
    assert_eq!(heard, ["stock true", "user true"]);
}

// Failures

#[derive(Clone, Default)]
struct Switches {
    log: Log,
    fails: Arc<Mutex<Vec<&'static str>>>,
}

impl Switches {
    fn failing(steps: &[&'static str]) -> Self {
        Self { log: Log::default(), fails: Arc::new(Mutex::new(steps.to_vec())) }
    }

    async fn run(&self, step: &'static str, after: u64) -> Result<String, Failure> {
        self.log.add(step);
        tokio::time::sleep(Duration::from_millis(after)).await;
        if self.fails.lock().unwrap().contains(&step) {
            return Err(Failure::Boom(step));
        }
        Ok(step.to_owned())
    }
}

#[flow]
async fn three(ctx: Ctx<Switches>, _input: ()) -> Result<String, Failure> {
    #[step]
    'before: {
        ctx.deps.run("before", 0).await?;
    }
    #[parallel]
    let (a, b, c): (String, String, String) = (
        #[step]
        ctx.deps.run("a", 10).await?,
        #[step(timeout = "100ms")]
        ctx.deps.run("b", 20).await?,
        #[step]
        ctx.deps.run("c", 30).await?,
    );
    #[step]
    let behind: String = ctx.deps.run("behind", 0).await?;
    Ok(format!("{a}{b}{c} {behind}"))
}

#[tokio::test(start_paused = true)]
async fn a_failure_lets_the_others_finish_and_be_saved_and_the_next_call_runs_only_what_is_missing() {
    for (name, store, _dir) in stores().await {
        let deps = Switches::failing(&["a"]);
        let failed = three(()).deps(deps.clone()).durable(&store, "r").await;
        assert!(
            matches!(&failed, Err(Error::Failed { step: Some(step), error: Failure::Boom("a") }) if step == "a"),
            "{failed:?}"
        );
        let saved = store.load("r").await.unwrap().unwrap();
        assert_eq!(saved.status, Status::Failed);
        assert_eq!(saved.failed_step.unwrap().name.as_deref(), Some("a"));
        assert_eq!(state_of(&store, "r").await, json!({ "b": "b", "c": "c" }), "{name}");
        assert_eq!(saved.completed_steps, ["before", "b", "c"]);

        let deps = Switches::default();
        assert_eq!(three(()).deps(deps.clone()).durable(&store, "r").await.unwrap(), "abc behind");
        assert_eq!(deps.log.lines(), ["a", "behind"], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_is_the_flows_and_observers_hear_of_all() {
    let (deps, log) = (Switches::failing(&["b", "c"]), Log::default());
    let failed = three(()).deps(deps).observer(log.clone()).await;
    assert!(matches!(failed, Err(Error::Failed { error: Failure::Boom("b"), .. })));
    let errors: Vec<_> = log.lines().into_iter().filter(|line| line.starts_with("error")).collect();
    assert_eq!(errors, ["error b: b", "error c: c"]);
}

#[flow]
async fn one_hangs(ctx: Ctx<Switches>, _input: ()) -> Result<String, Failure> {
    #[parallel]
    let (hangs, ends): (String, String) = (
        #[step(timeout = "50ms")]
        {
            let seen = ctx.deps.run("hangs", 0).await;
            if seen.is_err() {
                std::future::pending::<()>().await;
            }
            seen?
        },
        #[step]
        ctx.deps.run("ends", 500).await?,
    );
    Ok(hangs + &ends)
}

#[tokio::test(start_paused = true)]
async fn a_time_out_lets_the_others_finish_too() {
    let store = MemoryStore::new();
    let failed = one_hangs(()).deps(Switches::failing(&["hangs"])).durable(&store, "r").await;
    assert!(matches!(&failed, Err(Error::StepTimeout { step, .. }) if step == "hangs"), "{failed:?}");
    assert_eq!(state_of(&store, "r").await, json!({ "ends": "ends" }));
    let deps = Switches::default();
    assert_eq!(one_hangs(()).deps(deps.clone()).durable(&store, "r").await.unwrap(), "hangsends");
    assert_eq!(deps.log.lines(), ["hangs"]);
}

#[flow]
async fn one_panics(ctx: Ctx<Switches>, _input: ()) -> Result<String, Failure> {
    #[parallel]
    let (panics, ends): (String, String) = (
        #[step]
        match ctx.deps.run("panics", 0).await {
            Ok(seen) => seen,
            Err(failure) => panic!("{failure}"),
        },
        #[step]
        ctx.deps.run("ends", 500).await?,
    );
    Ok(panics + &ends)
}

#[tokio::test(start_paused = true)]
async fn a_panic_lets_the_others_finish_too() {
    let store = MemoryStore::new();
    let call = one_panics(()).deps(Switches::failing(&["panics"])).durable(&store, "r");
    let panic = tokio::spawn(call).await.expect_err("the panic goes on").into_panic();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "panics");
    let saved = store.load("r").await.unwrap().unwrap();
    assert_eq!(saved.failed_step.unwrap().name.as_deref(), Some("panics"));
    assert_eq!(state_of(&store, "r").await, json!({ "ends": "ends" }));
    assert_eq!(one_panics(()).deps(Switches::default()).durable(&store, "r").await.unwrap(), "panicsends");
}

#[flow]
async fn one_unsavable(ctx: Ctx<Switches>, input: f64) -> Result<f64, Failure> {
    #[parallel]
    let (number, ends): (f64, String) = (
        #[step]
        input,
        #[step]
        ctx.deps.run("ends", 10).await?,
    );
    #[step]
    let sum: f64 = number + ends.len() as f64;
    Ok(sum)
}

#[tokio::test(start_paused = true)]
async fn an_output_that_cannot_be_saved_fails_its_element_only() {
    let store = MemoryStore::new();
    let call = |input: f64| one_unsavable(input).deps(Switches::default()).durable(&store, "r");
    // JSON keeps no infinity; 1e308 * 10 is made inside of the flow.
    let failed = doubled(1e308).deps(Switches::default()).durable(&store, "d").await;
    assert!(matches!(&failed, Err(Error::Unsavable { what, .. }) if what == "variable `number`"), "{failed:?}");
    assert_eq!(state_of(&store, "d").await, json!({ "ends": "ends" }));
    assert_eq!(call(1.5).await.unwrap(), 5.5);
}

#[flow]
async fn doubled(ctx: Ctx<Switches>, input: f64) -> Result<f64, Failure> {
    #[parallel]
    let (number, ends): (f64, String) = (
        #[step]
        input
            * 10.0,
        #[step]
        ctx.deps.run("ends", 10).await?,
    );
    Ok(number + ends.len() as f64)
}

// Stops

#[tokio::test(start_paused = true)]
async fn cancelling_and_timing_out_stop_all_elements_and_keep_what_is_done() {
    let store = MemoryStore::new();
    let token = CancellationToken::new();
    let call = three(()).deps(Switches::default()).durable(&store, "c").cancellation(token.clone());
    let running = tokio::spawn(call);
    tokio::time::sleep(Duration::from_millis(15)).await;
    token.cancel();
    assert!(matches!(running.await.unwrap(), Err(Error::Cancelled { .. })));
    assert_eq!(state_of(&store, "c").await, json!({ "a": "a" }));
    assert_eq!(store.load("c").await.unwrap().unwrap().status, Status::Cancelled);

    let call = three(()).deps(Switches::default()).durable(&store, "t").timeout(Duration::from_millis(25));
    assert!(matches!(call.await, Err(Error::Timeout { .. })));
    assert_eq!(state_of(&store, "t").await, json!({ "a": "a", "b": "b" }));
    let deps = Switches::default();
    assert_eq!(three(()).deps(deps.clone()).durable(&store, "t").await.unwrap(), "abc behind");
    assert_eq!(deps.log.lines(), ["c", "behind"]);
}

// Crashes

/// Crashes a call in front of each of its writes and behind it, and goes on with another one. What was saved does not run again.
#[tokio::test]
async fn whatever_was_committed_before_a_crash_does_not_run_again() {
    let undisturbed = CrashingStore::default();
    let deps = Switches::default();
    let outcome = quick(2).deps(deps.clone()).durable(&undisturbed, "r").await.unwrap();
    let (writes, bodies) = (undisturbed.writes(), deps.log.lines().len());
    assert!(writes >= 7, "{writes}");
    for nth in 1..=writes {
        for store in [CrashingStore::default().crash_after(nth), CrashingStore::default().crash_before(nth)] {
            let first = Switches::default();
            assert!(until_stuck(quick(2).deps(first.clone()).durable(&store, "r")).await.is_none(), "it crashes");
            let saved = match store.inner.load("r").await.unwrap() {
                Some(saved) => serde_json::to_value(saved.state).unwrap(),
                None => json!({}),
            };
            let second = Switches::default();
            assert_eq!(quick(2).deps(second.clone()).durable(&store.inner, "r").await.unwrap(), outcome, "{nth}");
            let (before, ran) = (first.log.lines(), second.log.lines());
            for step in ["a", "b"] {
                // `a1 r:a[1]`: that of turn 1 is saved.
                let turn = saved[step].as_str().map(|value| &value[1..2]);
                let again = turn.is_some_and(|turn| ran.contains(&format!("{step} {turn}")));
                assert!(!again, "write {nth}: {saved} was saved, and then {ran:?} ran");
            }
            let turn =
                |lines: &[String], turn: &str| lines.iter().any(|line| line.ends_with(turn) && !line.contains("end"));
            assert!(!(turn(&before, " 1") && turn(&ran, " 0")), "write {nth}: {before:?} and then {ran:?}");
            assert!(before.len() + ran.len() >= bodies);
        }
    }
}

#[flow]
async fn quick(ctx: Ctx<Switches>, turns: u32) -> Result<Vec<String>, Failure> {
    let mut seen = Vec::new();
    for turn in 0..turns {
        #[parallel]
        let (a, b): (String, String) = (
            #[step]
            {
                ctx.deps.log.add(format!("a {turn}"));
                format!("a{turn} {}", ctx.idempotency_key().unwrap_or_default())
            },
            #[step]
            {
                ctx.deps.log.add(format!("b {turn}"));
                tokio::task::yield_now().await;
                format!("b{turn} {}", ctx.idempotency_key().unwrap_or_default())
            },
        );
        seen.push(a);
        seen.push(b);
    }
    #[step]
    'end: {
        ctx.deps.log.add("end 0");
    }
    Ok(seen)
}

#[tokio::test]
async fn in_a_loop_each_turn_has_elements_of_its_own() {
    for (name, store, _dir) in stores().await {
        let deps = Switches::default();
        let seen = quick(2).deps(deps.clone()).durable(&store, "r").await.unwrap();
        assert_eq!(seen, ["a0 r:a[0]", "b0 r:b[0]", "a1 r:a[1]", "b1 r:b[1]"], "{name}");
        assert_eq!(deps.log.lines().len(), 5);
    }
}

// Shapes

#[flow]
async fn unnamed(ctx: Ctx<Log>, input: String) -> Result<String, Failure> {
    let mut count = 1;
    count += input.len();
    #[parallel(name = "tell all")]
    let (_, mut told): ((), String) = (
        #[step(name = "tell-one")]
        ctx.deps.add(format!("one {input} {count}")),
        #[step]
        {
            ctx.deps.add("other");
            input.clone()
        },
    );
    told.push('!');
    #[step]
    'behind: {
        ctx.deps.add(format!("behind {told}"));
    }
    Ok(told)
}

#[tokio::test]
async fn an_element_may_go_unnamed_or_be_changed_behind() {
    let (store, log) = (MemoryStore::new(), Log::default());
    assert_eq!(unnamed("x".into()).deps(log.clone()).durable(&store, "r").await.unwrap(), "x!");
    assert_eq!(log.lines(), ["one x 2", "other", "behind x!"]);
    assert_eq!(store.load("r").await.unwrap().unwrap().completed_steps, ["tell-one", "told", "behind"]);
    // Behind it, all of it is loaded.
    let crashing = CrashingStore::default().crash_after(3);
    assert!(until_stuck(unnamed("x".into()).deps(log.clone()).durable(&crashing, "r")).await.is_none());
    log.clear();
    assert_eq!(unnamed("x".into()).deps(log.clone()).durable(&crashing.inner, "r").await.unwrap(), "x!");
    assert_eq!(log.lines(), ["behind x!"]);
}
