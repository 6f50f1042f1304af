//! Retries: how often, after what pause, and what is never retried.

use std::time::Duration;

use prose::{Ctx, Error, ValidationError, flow};
use tokio::time::Instant;

use super::support::{Failure, Log};

#[flow]
async fn charge(ctx: Ctx<Log>, failures: u32) -> Result<u32, Failure> {
    #[step(retry(max_attempts = 3, delay = "500ms", backoff = 2.0, when = Failure::is_transient))]
    let attempt: u32 = {
        ctx.deps.add(format!("attempt {}", ctx.attempt()));
        if ctx.attempt() <= failures {
            return Err(Failure::Transient);
        }
        if failures == 100 { Err(Failure::Boom("CARD_DECLINED"))? } else { ctx.attempt() }
    };
    Ok(attempt)
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_is_tried_three_times_half_a_second_then_a_second_apart() {
    let (log, begun) = (Log::default(), Instant::now());
    assert_eq!(charge(2).deps(log.clone()).await.unwrap(), 3);
    assert_eq!(begun.elapsed().as_millis() / 10, 150);
    assert_eq!(log.lines(), ["attempt 1", "attempt 2", "attempt 3"]);
}

#[tokio::test(start_paused = true)]
async fn the_last_failure_is_the_flows() {
    let log = Log::default();
    let failed = charge(3).deps(log.clone()).await;
    assert!(matches!(failed, Err(Error::Failed { error: Failure::Transient, .. })));
    assert_eq!(log.lines().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_when_refuses_is_not_tried_again() {
    #[flow]
    async fn declined(ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[step(retry(max_attempts = 3, delay = "500ms", when = Failure::is_transient))]
        'charge: {
            ctx.deps.add("charge");
            return Err(Failure::Boom("CARD_DECLINED"));
        }
        Ok(())
    }
    let log = Log::default();
    assert!(declined(()).deps(log.clone()).await.is_err());
    assert_eq!(log.lines(), ["charge"]);
}

#[tokio::test(start_paused = true)]
async fn a_validation_error_is_never_tried_again() {
    #[flow]
    async fn invalid(ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[step(retry(max_attempts = 5))]
        'check: {
            ctx.deps.add("check");
            return Err(ValidationError::single("items", "none").into());
        }
        Ok(())
    }
    let log = Log::default();
    let failed = invalid(()).deps(log.clone()).await;
    assert!(matches!(failed, Err(Error::Failed { error: Failure::Invalid(_), .. })));
    assert_eq!(log.lines(), ["check"]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_times_out_is_tried_again_and_then_fails_as_timed_out() {
    #[flow]
    async fn hangs(ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[step(timeout = "2s", retry(max_attempts = 2, delay = "1s"))]
        'hang: {
            ctx.deps.add("hang");
            std::future::pending::<()>().await;
        }
        Ok(())
    }
    let (log, begun) = (Log::default(), Instant::now());
    let failed = hangs(()).deps(log.clone()).await;
    assert!(
        matches!(&failed, Err(Error::StepTimeout { step, after }) if step == "hang" && *after == Duration::from_secs(2))
    );
    assert_eq!((log.lines().len(), begun.elapsed().as_secs()), (2, 5));
}

/// What a body holds (a lock, a connection, tasks of a `JoinSet`) is given back before the pause, not behind it.
#[tokio::test(start_paused = true)]
async fn a_body_that_timed_out_is_dropped_before_the_pause() {
    struct Held(Log);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.add("dropped");
        }
    }
    #[flow]
    async fn hangs(ctx: Ctx<Log>, _input: ()) -> Result<u32, Failure> {
        #[step(timeout = "1s", retry(max_attempts = 2, delay = "60s"))]
        let attempt: u32 = {
            let _held = Held(ctx.deps.as_ref().clone());
            if ctx.attempt() == 1 {
                std::future::pending::<()>().await;
            }
            ctx.attempt()
        };
        Ok(attempt)
    }
    let log = Log::default();
    let deps = log.clone();
    let run = tokio::spawn(async move { hangs(()).deps(deps).await });
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(log.lines(), ["dropped"]);
    assert_eq!(run.await.unwrap().unwrap(), 2);
}
