//! `#[each]`: a body for each element of a collection, several at once, each result saved when it is there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prose::store::{BoxFuture, Commit, Lease, NewRun};
use prose::{CancellationToken, Ctx, Error, MemoryStore, Status, Store, StoreError, flow};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::support::{CrashingStore, Failure, Log, state_of, stores, until_stuck};

// Many

#[derive(Default)]
struct Load {
    now: AtomicUsize,
    most: AtomicUsize,
    ran: Mutex<Vec<u32>>,
    fails_at: Option<u32>,
}

impl Load {
    async fn work(&self, element: u32) -> Result<u32, Failure> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.ran.lock().unwrap().push(element);
        self.now.fetch_sub(1, Ordering::SeqCst);
        match self.fails_at == Some(element) {
            true => Err(Failure::Boom("bad element")),
            false => Ok(element * 2),
        }
    }

    fn ran(&self) -> usize {
        self.ran.lock().unwrap().len()
    }
}

#[flow]
async fn many(ctx: Ctx<Load>, input: u32) -> Result<u64, Failure> {
    #[each(concurrency = 8)]
    let doubled: Vec<u32> = for element in 0..input {
        ctx.deps.work(element).await?
    };
    #[step]
    let sum: u64 = doubled.iter().map(|one| u64::from(*one)).sum();
    let in_order = doubled.iter().enumerate().all(|(index, one)| *one as usize == 2 * index);
    Ok(if in_order { sum } else { 0 })
}

/// Counts what is written.
#[derive(Clone, Default)]
struct Counting {
    inner: MemoryStore,
    commits: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
}

impl Counting {
    fn count(&self, commit: &Commit) {
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.bytes.fetch_add(serde_json::to_string(commit).unwrap().len(), Ordering::SeqCst);
    }

    fn counted(&self) -> (usize, usize) {
        (self.commits.swap(0, Ordering::SeqCst), self.bytes.swap(0, Ordering::SeqCst))
    }
}

impl Store for Counting {
    fn create<'a>(&'a self, run: &'a NewRun, first: Commit) -> BoxFuture<'a, Result<Lease, StoreError>> {
        self.count(&first);
        self.inner.create(run, first)
    }
    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
        self.count(&commit);
        self.inner.commit(lease, commit)
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
    prose_store_tests::hand_through! { inner: claim reclaim outbox queue signals migrate keep_code code release changed load_run delete_run prune }
}

const ELEMENTS: u32 = 10_000;
const SUM: u64 = ELEMENTS as u64 * (ELEMENTS as u64 - 1);

#[tokio::test]
async fn of_ten_thousand_elements_eight_run_at_once_and_each_result_is_written_once() {
    let (store, load) = (Counting::default(), Arc::new(Load::default()));
    assert_eq!(many(ELEMENTS).deps(load.clone()).durable(&store, "r").await.unwrap(), SUM);
    assert_eq!((load.most.load(Ordering::SeqCst), load.ran()), (8, ELEMENTS as usize));
    let (commits, bytes) = store.counted();
    // Those that are done together share one. And the entrances, and the end.
    assert!((ELEMENTS as usize / 8..=ELEMENTS as usize / 8 + 4).contains(&commits), "{commits}");
    assert!(bytes < ELEMENTS as usize * 80, "{} bytes for each element", bytes / ELEMENTS as usize);
    // Again: nothing runs, nothing is written.
    assert_eq!(many(ELEMENTS).deps(load.clone()).durable(&store, "r").await.unwrap(), SUM);
    assert_eq!((store.counted(), load.ran()), ((0, 0), ELEMENTS as usize));
}

#[tokio::test]
async fn without_a_store_eight_run_at_once_too() {
    let load = Arc::new(Load::default());
    assert_eq!(many(ELEMENTS).deps(load.clone()).await.unwrap(), SUM);
    assert_eq!((load.most.load(Ordering::SeqCst), load.ran()), (8, ELEMENTS as usize));
}

#[tokio::test]
async fn after_a_failure_among_ten_thousand_only_the_missing_run_and_are_written() {
    let store = Counting::default();
    let load = Arc::new(Load { fails_at: Some(7_777), ..Load::default() });
    let failed = many(ELEMENTS).deps(load.clone()).durable(&store, "r").await;
    assert!(matches!(&failed, Err(Error::Failed { step: Some(step), .. }) if step == "doubled[7777]"), "{failed:?}");
    let first = load.ran();
    assert!((7_778..7_800).contains(&first), "{first}: none is started behind the failure");
    let (_, bytes) = store.counted();
    assert!(bytes < first * 80);

    let load = Arc::new(Load::default());
    assert_eq!(many(ELEMENTS).deps(load.clone()).durable(&store, "r").await.unwrap(), SUM);
    // The one that failed, and those that had not started.
    assert_eq!(load.ran(), ELEMENTS as usize - first + 1);
    let (commits, bytes) = store.counted();
    assert!(commits <= load.ran() + 4 && bytes < load.ran() * 80 + 500, "{commits} commits, {bytes} bytes");
}

#[tokio::test]
async fn ten_thousand_elements_survive_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("runs.db");
    let (failing, whole) = (Load { fails_at: Some(9_000), ..Load::default() }, Arc::new(Load::default()));
    {
        let store = prose_sqlite::SqliteStore::open(&path).await.unwrap();
        assert!(many(ELEMENTS).deps(failing).durable(&store, "r").await.is_err());
    }
    let store = prose_sqlite::SqliteStore::open(&path).await.unwrap();
    assert_eq!(many(ELEMENTS).deps(whole.clone()).durable(&store, "r").await.unwrap(), SUM);
    assert!(whole.ran() <= 1_000, "{}", whole.ran());
    let state = state_of(&store, "r").await;
    assert_eq!((state["doubled"].as_array().unwrap().len(), &state["doubled"][9_999]), (10_000, &json!(19_998)));
}

// Each its own

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Item {
    name: String,
    price: u32,
}

fn items() -> Vec<Item> {
    [("tea", 3), ("cake", 5), ("", 0)].map(|(name, price)| Item { name: name.to_owned(), price }).to_vec()
}

#[flow]
async fn own_limits(ctx: Ctx<Log>, input: Vec<Item>) -> Result<Vec<String>, Failure> {
    #[each(
        name = "charge",
        retry(max_attempts = 3, delay = "1s", when = Failure::is_transient),
        timeout = "100ms"
    )]
    let charges: Vec<String> = for Item { name, price } in input {
        let key = ctx.idempotency_key().unwrap_or("plain").to_owned();
        match (price, ctx.attempt()) {
            // Once too slow, once failing, then done.
            (5, 1) => std::future::pending::<()>().await,
            (5, 2) => return Err(Failure::Transient),
            _ => ctx.deps.add(format!("{name} {}", ctx.attempt())),
        }
        drop(name); // It is its own: each attempt has a clone.
        format!("{key}={price}")
    };
    Ok(charges)
}

#[tokio::test(start_paused = true)]
async fn each_element_has_its_own_attempts_time_limit_and_key() {
    let log = Log::default();
    assert_eq!(own_limits(items()).deps(log.clone()).await.unwrap(), ["plain=3", "plain=5", "plain=0"]);
    assert_eq!(log.lines(), ["tea 1", " 1", "cake 3"]);
    for (name, store, _dir) in stores().await {
        let outcome = own_limits(items()).deps(Log::default()).durable(&store, "r").await.unwrap();
        assert_eq!(outcome, ["r:charge[0]=3", "r:charge[1]=5", "r:charge[2]=0"], "{name}");
        assert_eq!(store.load("r").await.unwrap().unwrap().completed_steps, ["charge"]);
    }
}

#[tokio::test(start_paused = true)]
async fn observers_are_told_which_element() {
    struct Indices(Log);
    impl prose::Observer for Indices {
        fn on_step_complete(&self, _: &prose::observe::RunInfo, step: &prose::observe::StepInfo, _: Duration) {
            self.0.add(format!("{} {:?} {}", step.name, step.index, step.attempt));
        }
    }
    let log = Log::default();
    own_limits(items()).deps(Log::default()).observer(Indices(log.clone())).await.unwrap();
    assert_eq!(log.lines(), ["charge Some(0) 1", "charge Some(2) 1", "charge Some(1) 3"]);
}

// Collections

#[flow]
async fn collections(ctx: Ctx<Log>, input: Vec<Item>) -> Result<Vec<String>, Failure> {
    let suffix = String::from("!");
    let mut all = Vec::new();
    // Borrowed: made again.
    #[each]
    let borrowed: Vec<String> = for (index, item) in input.iter().enumerate() {
        ctx.deps.add(format!("borrowed {index}"));
        format!("{}{suffix}", item.name)
    };
    // Owned: its elements are saved once, in front.
    let mut made = input.iter().map(|item| item.price).collect::<Vec<_>>();
    made.push(9);
    #[each(concurrency = 1)]
    let owned: Vec<String> = for price in made.clone() {
        ctx.deps.add(format!("owned {price}"));
        format!("{price}{}", made.len())
    };
    #[each]
    let none: Vec<u32> = for nothing in Vec::<u32>::new() {
        nothing
    };
    for turn in 0..2_usize {
        let words = vec![["a", "b"][turn].to_owned(); turn + 1];
        #[each]
        let turned: Vec<String> = for (index, word) in words.into_iter().enumerate() {
            ctx.deps.add(format!("turn {turn} {index}"));
            format!("{word}{}", ctx.idempotency_key().unwrap_or_default())
        };
        if turned.len() == 2 {
            #[step]
            'two: {
                ctx.deps.add(format!("two {}", turned.join(" ")));
            }
        }
        all.extend(turned);
    }
    all.extend(borrowed);
    all.extend(owned);
    all.push(none.len().to_string());
    Ok(all)
}

const COLLECTED: [&str; 11] =
    ["ar:turned[0][0]", "br:turned[1][0]", "br:turned[1][1]", "tea!", "cake!", "!", "34", "54", "04", "94", "0"];

#[tokio::test]
async fn it_goes_over_what_is_borrowed_owned_or_empty_and_in_loops() {
    for (name, store, _dir) in stores().await {
        let log = Log::default();
        let all = collections(items()).deps(log.clone()).durable(&store, "r").await.unwrap();
        assert_eq!(all, COLLECTED, "{name}");
        let mut ran = log.lines();
        ran.sort();
        assert_eq!(ran.len(), 3 + 4 + 3 + 1, "{ran:?}");
        let state = state_of(&store, "r").await;
        assert_eq!(state["borrowed"], json!(["tea!", "cake!", "!"]), "{name}");
        assert_eq!(state["none"], json!([]), "{name}");
        assert_eq!(state["turned"].as_array().unwrap().len(), 2, "{name}");
    }
}

/// Crashes a call in front of each of its writes and behind it, and goes on with another one: what was saved does not run again.
#[tokio::test]
async fn whatever_was_saved_before_a_crash_does_not_run_again() {
    let undisturbed = CrashingStore::default();
    let log = Log::default();
    assert_eq!(collections(items()).deps(log.clone()).durable(&undisturbed, "r").await.unwrap(), COLLECTED);
    let (writes, bodies) = (undisturbed.writes(), log.lines());
    assert!(writes >= 12, "{writes}");
    for nth in 1..=writes {
        for (side, store) in [
            ("behind", CrashingStore::default().crash_after(nth)),
            ("in front of", CrashingStore::default().crash_before(nth)),
        ] {
            let log = Log::default();
            assert!(until_stuck(collections(items()).deps(log.clone()).durable(&store, "r")).await.is_none());
            let saved = match store.inner.load("r").await.unwrap() {
                Some(saved) => serde_json::to_value(saved.state).unwrap(),
                None => json!({}),
            };
            let first = log.lines();
            log.clear();
            let outcome = collections(items()).deps(log.clone()).durable(&store.inner, "r").await;
            assert_eq!(outcome.unwrap(), COLLECTED, "{side} write {nth}");
            let second = log.lines();
            for element in 0..3 {
                let is_saved = saved["borrowed"].get(element).is_some_and(|value| !value.is_null());
                assert!(
                    !(is_saved && second.contains(&format!("borrowed {element}"))),
                    "{side} write {nth}: {second:?}"
                );
            }
            for (element, price) in [3, 5, 0, 9].into_iter().enumerate() {
                let is_saved = saved["owned"].get(element).is_some_and(|value| !value.is_null());
                assert!(!(is_saved && second.contains(&format!("owned {price}"))), "{side} write {nth}: {second:?}");
            }
            let mut all: Vec<_> = first.into_iter().chain(second).collect();
            all.sort();
            all.dedup();
            let mut expected = bodies.clone();
            expected.sort();
            assert_eq!(all, expected, "{side} write {nth}");
        }
    }
}

// Failures and stops

#[flow]
async fn delays(ctx: Ctx<Log>, input: Vec<u64>) -> Result<u64, Failure> {
    #[each(concurrency = 3)]
    let waited: Vec<u64> = for delay in &input {
        ctx.deps.add(format!("start {delay}"));
        tokio::time::sleep(Duration::from_millis(*delay)).await;
        if *delay == 20 && ctx.is_resuming() == ctx.deps.lines().contains(&"fail".to_owned()) {
            return Err(Failure::Boom("twenty"));
        }
        ctx.deps.add(format!("end {delay}"));
        *delay
    };
    Ok(waited.iter().sum())
}

#[tokio::test(start_paused = true)]
async fn a_failure_lets_the_running_ones_finish_starts_no_more_and_the_next_call_runs_the_missing() {
    for (name, store, _dir) in stores().await {
        let log = Log::default();
        let call = || delays(vec![30, 20, 40, 50, 60]).deps(log.clone()).durable(&store, "r");
        let failed = call().await;
        assert!(matches!(&failed, Err(Error::Failed { step: Some(step), .. }) if step == "waited[1]"), "{failed:?}");
        assert_eq!(log.lines(), ["start 30", "start 20", "start 40", "end 30", "end 40"], "{name}");
        assert_eq!(state_of(&store, "r").await["waited"], json!([30, null, 40]), "{name}");
        let saved = store.load("r").await.unwrap().unwrap();
        assert_eq!((saved.status, saved.failed_step.unwrap().name.as_deref()), (Status::Failed, Some("waited[1]")));
        log.clear();
        assert_eq!(call().await.unwrap(), 200);
        assert_eq!(log.lines()[..3], ["start 20", "start 50", "start 60"], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_and_timing_out_start_no_more_and_keep_what_is_done() {
    let (store, log, token) = (MemoryStore::new(), Log::default(), CancellationToken::new());
    let call = |id: &str| delays(vec![10, 15, 40, 50]).deps(log.clone()).durable(&store, id);
    let running = tokio::spawn(call("c").cancellation(token.clone()));
    tokio::time::sleep(Duration::from_millis(20)).await;
    token.cancel();
    let cancelled = running.await.unwrap();
    assert!(matches!(&cancelled, Err(Error::Cancelled { step: Some(step) }) if step == "waited"), "{cancelled:?}");
    assert_eq!(state_of(&store, "c").await["waited"], json!([10, 15]));

    let timed_out = call("t").timeout(Duration::from_millis(20)).await;
    assert!(matches!(timed_out, Err(Error::Timeout { .. })), "{timed_out:?}");
    log.clear();
    assert_eq!(call("t").await.unwrap(), 115);
    assert_eq!(log.lines(), ["start 40", "start 50", "end 40", "end 50"]);
}

// Beside a commit that is on its way

/// Answers each commit a while later, by a task of its own: who drops it does not keep it from being written.
#[derive(Clone, Default)]
struct Late {
    inner: MemoryStore,
}

impl Store for Late {
    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
        let (inner, lease) = (self.inner.clone(), lease.clone());
        Box::pin(async move {
            let writing = tokio::spawn(async move {
                // What ends the run comes first.
                if commit.ending.is_none() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                inner.commit(&lease, commit).await
            });
            writing.await.unwrap()
        })
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
    prose_store_tests::hand_through! { inner: create claim reclaim outbox queue signals migrate keep_code code release changed load_run delete_run prune }
}

#[flow]
async fn one_is_busy(ctx: Ctx<Log>, input: u32) -> Result<u32, Failure> {
    #[each]
    let done: Vec<u32> = for element in 0..input {
        if element == 1 {
            loop {
                // Uses up all that a task may do at a time, again and again, and asks to be polled at once.
                let mut busy = Box::pin(tokio::task::coop::consume_budget());
                std::future::poll_fn(|cx| {
                    cx.waker().wake_by_ref();
                    busy.as_mut().poll(cx)
                })
                .await;
            }
        }
        element
    };
    ctx.deps.add("behind");
    Ok(done.len() as u32)
}

#[tokio::test]
async fn an_element_that_is_always_busy_does_not_keep_the_answer_to_a_commit_from_being_heard() {
    let (store, token) = (Late::default(), CancellationToken::new());
    let running = tokio::spawn(one_is_busy(2).deps(Log::default()).durable(&store, "r").cancellation(token.clone()));
    while store.inner.load("r").await.unwrap().is_none_or(|run| run.state.is_empty()) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    token.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(20), running).await.expect("it hears").unwrap();
    assert!(matches!(ended, Err(Error::Cancelled { .. })), "{ended:?}");
    assert_eq!(state_of(&store, "r").await["done"], json!([0]));
}

/// Panics when it is dropped, where nothing of the run catches that.
struct Bomb(Log);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(self.0.lines().contains(&"again".to_owned()), "boom");
    }
}

#[flow]
async fn second_explodes(ctx: Ctx<Log>, input: u32) -> Result<u32, Failure> {
    #[each(timeout = "2ms")]
    let done: Vec<u32> = for element in 0..input {
        let _bomb = (element == 1).then(|| Bomb(Log::clone(&ctx.deps)));
        if element == 1 && !ctx.is_resuming() {
            std::future::pending::<()>().await;
        }
        element
    };
    Ok(done.len() as u32)
}

#[tokio::test]
async fn a_panic_beside_a_commit_that_is_on_its_way_leaves_the_run_to_be_called_again() {
    let (store, log) = (Late::default(), Log::default());
    let panicked = tokio::spawn(second_explodes(2).deps(log.clone()).durable(&store, "r")).await;
    assert!(panicked.unwrap_err().is_panic());
    log.add("again");
    let again =
        tokio::time::timeout(Duration::from_secs(20), second_explodes(2).deps(log.clone()).durable(&store, "r"));
    assert_eq!(again.await.expect("nobody holds the run").unwrap(), 2);
    assert_eq!(store.load("r").await.unwrap().unwrap().status, Status::Completed);
}
