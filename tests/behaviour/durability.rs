//! Run, resume, return the saved result.

use std::sync::atomic::{AtomicBool, Ordering};

use prose::{Ctx, Error, MemoryStore, RunIdError, Status, Store, flow};
use serde_json::json;

use super::support::{CrashingStore, Failure, Log, until_stuck};

struct Deps {
    log: Log,
    down: AtomicBool,
}

fn deps() -> std::sync::Arc<Deps> {
    std::sync::Arc::new(Deps { log: Log::default(), down: AtomicBool::new(false) })
}

#[flow(name = "sums", version = 3)]
async fn sums(ctx: Ctx<Deps>, input: Vec<u64>) -> Result<u64, Failure> {
    #[step]
    let total: u64 = {
        ctx.deps.log.add("total");
        input.iter().sum()
    };

    let doubled = total * 2;

    #[step(name = "call out")]
    let reply: String = {
        ctx.deps.log.add(format!("call {}", ctx.idempotency_key().unwrap_or("-")));
        if ctx.deps.down.load(Ordering::SeqCst) {
            return Err(Failure::Boom("down"));
        }
        format!("ok {doubled}")
    };

    #[step]
    'notify: {
        ctx.deps.log.add(format!("notify {reply}"));
    }

    Ok(doubled)
}

#[tokio::test]
async fn a_failed_run_goes_on_from_its_last_commit() {
    let (store, deps) = (MemoryStore::new(), deps());
    deps.down.store(true, Ordering::SeqCst);
    let failed = sums(vec![1, 2]).deps(deps.clone()).durable(&store, "r").await;
    assert!(
        matches!(&failed, Err(Error::Failed { step: Some(step), error: Failure::Boom("down") }) if step == "call out")
    );

    let checkpoint = store.load("r").await.unwrap().unwrap();
    assert_eq!(checkpoint.status, Status::Failed);
    assert_eq!(checkpoint.completed_steps, ["total"]);
    assert_eq!(checkpoint.failed_step.as_ref().unwrap().name.as_deref(), Some("call out"));
    assert_eq!(serde_json::to_value(&checkpoint).unwrap()["failed_step"], json!({"name": "call out", "error": "down"}));

    deps.down.store(false, Ordering::SeqCst);
    let total = sums(vec![9]).deps(deps.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(total, 6, "the first input stands");
    assert_eq!(deps.log.lines(), ["total", "call r:call out", "call r:call out", "notify ok 6"]);
}

#[tokio::test]
async fn the_checkpoint_reads_as_the_page_shows_it() {
    let (store, deps) = (MemoryStore::new(), deps());
    sums(vec![1, 2]).deps(deps).durable(&store, "ord_abc123").await.unwrap();
    let page = serde_json::to_value(store.load("ord_abc123").await.unwrap().unwrap()).unwrap();
    assert_eq!(page["flow_name"], "sums");
    assert_eq!(page["run_id"], "ord_abc123");
    assert_eq!(page["version"], 3);
    assert_eq!(page["input"], json!([1, 2]));
    assert_eq!(page["completed_steps"], json!(["total", "call out", "notify"]));
    assert_eq!(page["status"], "completed");
    assert_eq!(page["output"], 6);
    assert_eq!(page["state"]["total"], 3);
    assert_eq!(page["state"]["reply"], "ok 6");
    assert!(page.get("failed_step").is_none());
    for instant in ["created_at", "updated_at"] {
        assert!(page[instant].as_str().unwrap().ends_with('Z'), "{page}");
    }
}

#[tokio::test]
async fn a_completed_run_returns_its_result_and_runs_nothing() {
    let (store, deps) = (MemoryStore::new(), deps());
    let first = sums(vec![1, 2]).deps(deps.clone()).durable(&store, "r").await.unwrap();
    deps.log.clear();
    let again = sums(vec![1, 2]).deps(deps.clone()).durable(&store, "r").await.unwrap();
    assert_eq!((first, deps.log.lines().len()), (again, 0));
}

#[tokio::test]
async fn a_deleted_run_id_starts_anew() {
    let (store, deps) = (MemoryStore::new(), deps());
    sums(vec![1]).deps(deps.clone()).durable(&store, "r").await.unwrap();
    assert!(store.delete("r").await.unwrap());
    assert_eq!(sums(vec![5]).deps(deps).durable(&store, "r").await.unwrap(), 10);
}

#[tokio::test]
async fn three_steps_cost_four_commits() {
    let (store, deps) = (CrashingStore::default(), deps());
    sums(vec![1]).deps(deps).durable(&store, "r").await.unwrap();
    assert_eq!(store.writes(), 4, "one an entrance, and the end together with the last step");
}

#[tokio::test]
async fn a_crash_behind_any_commit_changes_nothing_but_the_attempts() {
    for crash_after in 1..=4 {
        let (store, deps) = (CrashingStore::default(), deps());
        let crashed =
            until_stuck(sums(vec![1, 2]).deps(deps.clone()).durable(&store.crash_after(crash_after), "r")).await;
        assert!(crashed.is_none(), "crash {crash_after}");
        let total = sums(vec![7]).deps(deps.clone()).durable(&store, "r").await.unwrap();
        assert_eq!(total, 6, "crash {crash_after}");
        for line in ["total", "call r:call out", "notify ok 6"] {
            assert_eq!(deps.log.count(line), 1, "crash {crash_after}: {:?}", deps.log.lines());
        }
    }
}

#[tokio::test]
async fn a_run_under_another_version_is_refused_unchanged() {
    #[flow(name = "sums", version = 4)]
    async fn newer(_ctx: Ctx<Deps>, input: Vec<u64>) -> Result<u64, Failure> {
        #[step]
        let total: u64 = input.iter().sum();
        Ok(total)
    }
    let (store, deps) = (MemoryStore::new(), deps());
    deps.down.store(true, Ordering::SeqCst);
    let _failed = sums(vec![1]).deps(deps.clone()).durable(&store, "r").await;
    let refused = newer(vec![1]).deps(deps.clone()).durable(&store, "r").await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("version 3") && text.contains("version 4"), "{text}");
    let checkpoint = store.load("r").await.unwrap().unwrap();
    assert_eq!(checkpoint.status, Status::Failed, "as it was");
    assert_eq!(checkpoint.failed_step.unwrap().error, "down", "as it was");
    deps.down.store(false, Ordering::SeqCst);
    assert_eq!(sums(vec![1]).deps(deps).durable(&store, "r").await.unwrap(), 2, "the old code goes on with it");
}

#[tokio::test]
async fn a_step_that_is_gone_from_the_code_is_named() {
    #[flow(name = "sums", version = 3)]
    async fn renamed(_ctx: Ctx<Deps>, input: Vec<u64>) -> Result<u64, Failure> {
        #[step]
        let total: u64 = input.iter().sum();
        #[step]
        let reply: u64 = total;
        Ok(reply)
    }
    let (store, deps) = (MemoryStore::new(), deps());
    deps.down.store(true, Ordering::SeqCst);
    let _failed = sums(vec![1]).deps(deps.clone()).durable(&store, "r").await;
    let refused = renamed(vec![1]).deps(deps.clone()).durable(&store, "r").await;
    assert!(matches!(&refused, Err(Error::CodeChanged { step: Some(step), .. }) if step == "call out"), "{refused:?}");
}

#[tokio::test]
async fn the_number_of_saved_steps_does_not_matter_to_a_saved_result() {
    let store = MemoryStore::new();
    let other = store.clone();
    sums(vec![1]).deps(deps()).durable(&store, "r").await.unwrap();
    assert_eq!(other.load("r").await.unwrap().unwrap().status, Status::Completed, "clones share their runs");
    assert_eq!(store.prune(std::time::Duration::ZERO).await.unwrap(), 1);
    assert!(store.load("r").await.unwrap().is_none());
}

/// A run that was failed stays so, with the error that it had, wherever it shows that this code cannot go on.
#[tokio::test]
async fn a_failed_run_that_this_code_cannot_read_stays_failed() {
    #[flow(name = "sums", version = 3)]
    async fn other_input(_ctx: Ctx<Deps>, input: String) -> Result<usize, Failure> {
        #[step(name = "call out")]
        let reply: usize = input.len();
        Ok(reply)
    }
    #[flow(name = "sums", version = 3)]
    async fn other_total(_ctx: Ctx<Deps>, _input: Vec<u64>) -> Result<String, Failure> {
        #[step]
        let total: String = "three".to_owned();
        let doubled = 6;
        #[step(name = "call out")]
        let reply: String = format!("{total} {doubled}");
        Ok(reply)
    }
    let (store, deps, log) = (MemoryStore::new(), deps(), Log::default());
    deps.down.store(true, Ordering::SeqCst);
    let _failed = sums(vec![1]).deps(deps.clone()).durable(&store, "r").await;
    let input = other_input("1".into()).deps(deps.clone()).observer(log.clone()).durable(&store, "r").await;
    let total = other_total(vec![1]).deps(deps.clone()).observer(log.clone()).durable(&store, "r").await;
    assert!(matches!(input, Err(Error::CodeChanged { .. })), "{input:?}");
    assert!(matches!(total, Err(Error::CodeChanged { .. })), "{total:?}");
    let told = log.lines().iter().filter(|line| line.starts_with("flow error")).count();
    assert_eq!(told, 2, "{:?}", log.lines());
    let checkpoint = store.load("r").await.unwrap().unwrap();
    assert_eq!((checkpoint.status, checkpoint.failed_step.unwrap().error.as_str()), (Status::Failed, "down"));
    assert_eq!(checkpoint.completed_steps, ["total"]);
    deps.down.store(false, Ordering::SeqCst);
    assert_eq!(sums(vec![1]).deps(deps).durable(&store, "r").await.unwrap(), 2);
}

/// Told before anything is written or run.
#[tokio::test]
async fn what_no_run_can_be_called_is_refused() {
    let (store, deps) = (MemoryStore::new(), deps());
    for (id, why) in [
        ("", RunIdError::Empty),
        ("a\0", RunIdError::Nul { run_id: "a\0".to_owned() }),
        (&"x".repeat(2_000), RunIdError::TooLong { bytes: 2_000 }),
    ] {
        let refused = sums(vec![1]).deps(deps.clone()).durable(&store, id).await;
        assert!(matches!(&refused, Err(Error::RunId(error)) if *error == why), "{refused:?}");
        assert!(store.load(id).await.unwrap().is_none());
    }
    assert_eq!(deps.log.lines(), [""; 0]);
}
