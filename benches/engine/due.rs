//! How late runs are woken that are due at the same instant, or one behind the other, while others are submitted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, TryStreamExt, stream};
use prose::Engine;

use super::Result;
use super::flows::{Seen, alarm, quick};
use super::place::Place;
use super::table::{p50_and_p99, percentile, row};

/// From the first submission until the runs are due: by then all of them must sleep.
const SLEEP: Duration = Duration::from_secs(20);

/// How many runs are submitted in a second, where there is a load.
const LOAD: u32 = 200;

pub(crate) async fn due(new: impl Fn() -> Result<Place>, runs: u32) -> Result<()> {
    let what = format!("{runs} due at once: until the last one's body");
    once(new()?, runs, Duration::ZERO, 0, &what, "< 2 s").await?;
    let what = format!("{runs} due at once, with {LOAD} runs/s submitted: until the last one's body");
    once(new()?, runs, Duration::ZERO, LOAD, &what, "< 2 s").await?;
    let what = format!("{runs} due within 5 s, with {LOAD} runs/s submitted: lateness");
    once(new()?, runs, Duration::from_secs(5), LOAD, &what, "< 1 s").await
}

/// Runs that are due from an instant on, spread over this time.
async fn once(place: Place, runs: u32, spread: Duration, load: u32, what: &str, goal: &str) -> Result<()> {
    let seen: Arc<Seen> = Arc::default();
    let (_store, builder) = place.engine(&seen).await?;
    let engine = builder.start().await?;
    let at = SystemTime::now() + SLEEP;
    let submit = |number: u32| {
        let submission = alarm(at + spread * number / runs).run_id(format!("alarm-{number}"));
        let submitting = engine.submit(submission);
        async move { submitting.await.map(drop) }
    };
    stream::iter(0..runs).map(submit).buffer_unordered(64).try_collect::<()>().await?;
    tokio::time::timeout(SLEEP, place.until("waiting", runs)).await??;
    if at.elapsed().is_ok() {
        return Err("the runs were due before all of them slept".into());
    }
    let loading = tokio::spawn(submit_again_and_again(engine.clone(), load));
    let waiting = async {
        while seen.late().len() < runs as usize {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), waiting).await?;
    loading.abort();
    let mut late = seen.late().clone();
    let last = percentile(&mut late, 100);
    row(&place, what, format!("{last:.2?} ({})", p50_and_p99(&mut late)), goal);
    engine.drain(Duration::from_secs(10)).await;
    place.remove().await
}

/// So many in a second, until it is aborted.
async fn submit_again_and_again(engine: Engine, load: u32) {
    let number = AtomicU32::new(0);
    let Some(pause) = Duration::from_secs(1).checked_div(load) else { return };
    let mut ticks = tokio::time::interval(pause);
    loop {
        ticks.tick().await;
        let number = number.fetch_add(1, Ordering::Relaxed);
        let engine = engine.clone();
        tokio::spawn(async move { engine.submit(quick(number).run_id(format!("load-{number}"))).await.map(drop) });
    }
}
