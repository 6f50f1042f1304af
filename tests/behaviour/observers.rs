//! Observers hear of what happened, after it is saved, and change nothing.

use std::time::Duration;

use prose::observe::{RunInfo, StepInfo};
use prose::{CancellationToken, Ctx, Error, MemoryStore, Observer, Status, Store, flow};

use super::support::{CrashingStore, Failure, Log, until_stuck};

#[flow]
async fn two(ctx: Ctx, early: bool) -> Result<u32, Failure> {
    #[step]
    let a: u32 = 1;
    if early {
        return Ok(a);
    }
    #[step(retry(max_attempts = 2, delay = "1ms"))]
    let b: u32 = if ctx.attempt() == 1 { return Err(Failure::Transient) } else { 2 };
    Ok(a + b)
}

#[tokio::test]
async fn a_run_is_told_from_start_to_end() {
    let log = Log::default();
    two(false).observer(log.clone()).durable(&MemoryStore::new(), "r").await.unwrap();
    let told = ["flow start", "start a", "complete a", "start b", "retry b: transient", "complete b", "flow complete"];
    assert_eq!(log.lines(), told);
}

#[tokio::test]
async fn an_early_return_is_told_as_a_break() {
    let log = Log::default();
    two(true).observer(log.clone()).await.unwrap();
    assert_eq!(log.lines(), ["flow start", "start a", "complete a", "flow break", "flow complete"]);
}

#[tokio::test]
async fn a_step_is_complete_only_when_its_commit_is() {
    let (store, log) = (CrashingStore::default(), Log::default());
    assert!(until_stuck(two(false).observer(log.clone()).durable(&store.crash_after(2), "r")).await.is_none());
    assert_eq!(log.lines(), ["flow start", "start a"], "the commit that holds `a` was never heard of");
    log.clear();
    two(false).observer(log.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(log.lines()[..2], ["flow start (resuming)", "skipped a"]);
}

#[tokio::test]
async fn a_failing_flow_is_told_with_its_step() {
    #[flow]
    async fn failing(_ctx: Ctx, _input: ()) -> Result<(), Failure> {
        #[step]
        'broken: {
            return Err(Failure::Boom("no"));
        }
        Ok(())
    }
    let log = Log::default();
    let _failed = failing(()).observer(log.clone()).await;
    assert_eq!(
        log.lines(),
        ["flow start", "start broken", "error broken: no", "flow error: the flow failed at step `broken`: no"]
    );
}

#[tokio::test]
async fn another_input_for_the_same_run_is_told_and_ignored() {
    let (store, log) = (MemoryStore::new(), Log::default());
    two(true).durable(&store, "r").await.unwrap();
    two(false).observer(log.clone()).durable(&store, "r").await.unwrap();
    assert!(log.lines().contains(&"input ignored".to_owned()), "{:?}", log.lines());
}

/// Panics wherever it can.
struct Rude;

impl Observer for Rude {
    fn on_flow_start(&self, _: &RunInfo) {
        panic!("rude");
    }
    fn on_flow_break(&self, _: &RunInfo) {
        panic!("rude");
    }
    fn on_flow_complete(&self, _: &RunInfo, _: Duration) {
        panic!("rude");
    }
    fn on_step_start(&self, _: &RunInfo, _: &StepInfo) {
        panic!("rude");
    }
    fn on_step_complete(&self, _: &RunInfo, _: &StepInfo, _: Duration) {
        panic!("rude");
    }
}

#[tokio::test]
async fn an_observer_that_panics_changes_nothing() {
    let (store, log) = (MemoryStore::new(), Log::default());
    let value = two(false).observer(Rude).observer(log.clone()).durable(&store, "r").await.unwrap();
    assert_eq!((value, store.load("r").await.unwrap().unwrap().status), (3, Status::Completed));
    assert_eq!(log.count("flow complete"), 1, "the others are told all the same");
}

/// A place for log lines.
#[derive(Clone, Default)]
struct Lines(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Lines {
    /// What this thread logs goes here, as long as the guard lives.
    fn log(&self) -> tracing::subscriber::DefaultGuard {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_tracing_observer_writes_events_and_puts_what_a_body_logs_into_the_steps_span() {
    #[flow(name = "logging")]
    async fn logging(_ctx: Ctx, _input: ()) -> Result<(), Failure> {
        #[step]
        'speak: {
            tokio::task::yield_now().await;
            tracing::info!("from the body");
        }
        Ok(())
    }
    let lines = Lines::default();
    let _guard = lines.log();
    logging(()).observer(prose::TracingObserver).durable(&MemoryStore::new(), "r7").await.unwrap();

    let text = lines.text();
    let line = |what: &str| {
        text.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {text}")).to_owned()
    };
    for told in ["flow started", "step started", "step completed", "flow completed"] {
        assert!(line(told).contains(r#"run_id="r7""#) && line(told).contains(" prose: "), "{text}");
    }
    let body = line("from the body");
    assert!(body.contains("step{") && body.contains("speak") && body.contains("r7"), "{body}");
}

#[tokio::test]
async fn what_somebody_asked_for_is_no_error_in_the_log() {
    #[flow]
    async fn endless(ctx: Ctx, token: ()) -> Result<(), Failure> {
        #[step]
        'wait: {
            ctx.cancellation().cancelled().await;
            std::future::pending::<()>().await;
        }
        Ok(token)
    }
    let lines = Lines::default();
    let _guard = lines.log();
    let token = CancellationToken::new();
    let call = endless(()).observer(prose::TracingObserver).cancellation(token.clone());
    let (store, log) = (MemoryStore::new(), Log::default());
    let call = call.observer(log.clone()).durable(&store, "r8");
    let cancelling = async {
        while log.lines().len() < 2 {
            tokio::task::yield_now().await;
        }
        token.cancel();
    };
    let (cancelled, ()) = tokio::join!(call, cancelling);
    assert!(matches!(cancelled, Err(Error::Cancelled { .. })), "{cancelled:?}");
    let text = lines.text();
    let line = text.lines().find(|line| line.contains("flow cancelled")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains(" INFO ") && line.contains(r#"run_id="r8""#) && !text.contains(" ERROR "), "{text}");
    // Observers that do not tell the two apart hear of an error.
    assert_eq!(log.lines(), ["flow start", "start wait", "flow error: the flow was cancelled at step `wait`"]);
}

#[tokio::test]
async fn a_body_that_panics_where_it_is_cut_off_leaves_its_span_and_fails_its_run() {
    struct Breaks;
    impl Drop for Breaks {
        fn drop(&mut self) {
            panic!("broke where it was dropped");
        }
    }
    #[flow]
    async fn cut_off(ctx: Ctx<std::sync::OnceLock<tracing::Span>>, token: ()) -> Result<(), Failure> {
        #[step(timeout = "20ms")]
        'wait: {
            // A span that is not closed when it is left.
            ctx.deps.set(tracing::Span::current()).unwrap();
            let _breaks = Breaks;
            std::future::pending::<()>().await;
        }
        Ok(token)
    }
    let (store, lines) = (MemoryStore::new(), Lines::default());
    let _guard = lines.log();
    let deps = std::sync::Arc::default();
    let call = cut_off(()).deps(std::sync::Arc::clone(&deps)).observer(prose::TracingObserver).durable(&store, "r9");
    assert!(tokio::spawn(call.into_future()).await.unwrap_err().is_panic());
    tracing::info!("from outside");
    let text = lines.text();
    let line = text.lines().find(|line| line.contains("from outside")).unwrap();
    assert!(!line.contains("step{"), "{line}");
    let failed = store.load("r9").await.unwrap().unwrap().failed_step.unwrap();
    assert_eq!((failed.name.as_deref(), failed.error.as_str()), (Some("wait"), "panicked: broke where it was dropped"));
}
