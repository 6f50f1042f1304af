//! Cancelling, timing out, dropping.

use std::time::Duration;

use prose::{CancellationToken, Ctx, Error, MemoryStore, Status, Store, flow};

use super::support::{Failure, Log};

#[flow]
async fn slow(ctx: Ctx<Log>, pause: Duration) -> Result<(), Failure> {
    #[step]
    'first: {
        ctx.deps.add("first");
    }
    #[step]
    'second: {
        ctx.deps.add("second");
        tokio::time::sleep(pause).await;
        ctx.deps.add("second done");
    }
    #[step]
    'third: {
        ctx.deps.add("third");
    }
    Ok(())
}

const LONG: Duration = Duration::from_secs(3_600);

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_ends_for_good_and_says_where() {
    let (store, log, token) = (MemoryStore::new(), Log::default(), CancellationToken::new());
    let call = slow(LONG).deps(log.clone()).cancellation(token.clone()).durable(&store, "r");
    let task = tokio::spawn(call.into_future());
    tokio::time::sleep(Duration::from_secs(1)).await;
    token.cancel();
    let cancelled = task.await.unwrap();
    assert!(matches!(&cancelled, Err(Error::Cancelled { step: Some(step) }) if step == "second"), "{cancelled:?}");

    let checkpoint = store.load("r").await.unwrap().unwrap();
    assert_eq!((checkpoint.status, checkpoint.completed_steps), (Status::Cancelled, vec!["first".to_owned()]));
    let again = slow(LONG).deps(log.clone()).durable(&store, "r").await;
    assert!(matches!(again, Err(Error::Cancelled { .. })), "{again:?}");
    assert_eq!(log.lines(), ["first", "second"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_times_out_is_failed_and_can_be_called_again() {
    let (store, log) = (MemoryStore::new(), Log::default());
    let timed_out = slow(LONG).deps(log.clone()).timeout(Duration::from_secs(5)).durable(&store, "r").await;
    assert!(
        matches!(&timed_out, Err(Error::Timeout { step: Some(step), after }) if step == "second" && after.as_secs() == 5)
    );
    let checkpoint = store.load("r").await.unwrap().unwrap();
    assert_eq!(checkpoint.status, Status::Failed);
    assert_eq!(checkpoint.failed_step.unwrap().name.as_deref(), Some("second"));
    slow(LONG).deps(log.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(log.lines(), ["first", "second", "second", "second done", "third"]);
}

/// A body that is never pending for its own sake uses up the task's budget, and leaves none for timers.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_always_busy_is_timed_out() {
    #[flow]
    async fn busy(ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[step(timeout = "50ms")]
        'busy: {
            while ctx.attempt() > 0 {
                tokio::task::consume_budget().await;
            }
        }
        Ok(())
    }

    let call = tokio::spawn(busy(()).deps(Log::default()).into_future());
    let ended = tokio::time::timeout(Duration::from_secs(60), call).await.expect("it is never timed out").unwrap();
    assert!(matches!(&ended, Err(Error::StepTimeout { step, .. }) if step == "busy"), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_step_time_out_given_by_the_caller_names_the_step() {
    let log = Log::default();
    let timed_out = slow(LONG).deps(log.clone()).step_timeout(Duration::from_secs(2)).await;
    assert!(matches!(&timed_out, Err(Error::StepTimeout { step, after }) if step == "second" && after.as_secs() == 2));
    assert_eq!(log.lines(), ["first", "second"], "the body is dropped with its attempt");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_goes_on_where_it_stood() {
    let (store, log) = (MemoryStore::new(), Log::default());
    let dropped =
        tokio::time::timeout(Duration::from_secs(1), slow(LONG).deps(log.clone()).durable(&store, "r").into_future());
    assert!(dropped.await.is_err());
    assert_eq!(store.load("r").await.unwrap().unwrap().status, Status::Running);
    slow(LONG).deps(log.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(log.lines(), ["first", "second", "second", "second done", "third"]);
}

#[tokio::test(start_paused = true)]
async fn a_spawned_task_hears_of_the_end_through_the_context() {
    #[flow]
    async fn spawning(ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[step]
        'spawn: {
            let (token, log) = (ctx.cancellation().clone(), ctx.deps.clone());
            tokio::spawn(async move {
                token.cancelled().await;
                log.add("told");
            });
            tokio::time::sleep(LONG).await;
        }
        Ok(())
    }
    let log = Log::default();
    let timed_out = spawning(()).deps(log.clone()).timeout(Duration::from_secs(1)).await;
    assert!(matches!(timed_out, Err(Error::Timeout { .. })));
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(log.lines(), ["told"]);
}
