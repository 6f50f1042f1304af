//! The flows that are measured, and the process that executes them.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{StreamExt, TryStreamExt, stream};
use prose::{Ctx, Engine, EngineBuilder, Store, flow};
use prose_store_tests::process::{listen, say};

use super::Result;
use super::place::Place;

/// How much later than they were to the runs were woken.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Vec<Duration>>);

impl Seen {
    pub(crate) fn late(&self) -> std::sync::MutexGuard<'_, Vec<Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says when its step begins, which never ends.
#[flow]
async fn stuck(_ctx: Ctx<Seen>, _input: ()) -> Result<(), Infallible> {
    #[step]
    'stays: {
        say(&now_in_micros().to_string());
        std::future::pending::<()>().await;
    }
    Ok(())
}

#[flow]
pub(crate) async fn nap(_ctx: Ctx<Seen>, long: Duration) -> Result<(), Infallible> {
    #[sleep]
    long;
    Ok(())
}

#[flow]
pub(crate) async fn alarm(ctx: Ctx<Seen>, at: SystemTime) -> Result<(), Infallible> {
    #[sleep]
    at;
    #[step]
    'woken: {
        ctx.deps.late().push(at.elapsed().unwrap_or_default());
    }
    Ok(())
}

#[flow]
pub(crate) async fn quick(_ctx: Ctx<Seen>, number: u32) -> Result<u32, Infallible> {
    #[step]
    let next: u32 = number + 1;
    Ok(next)
}

pub(crate) fn engine(store: &Arc<dyn Store>, seen: &Arc<Seen>) -> EngineBuilder<Seen> {
    Engine::builder(store, Arc::clone(seen))
        .flow::<stuck::Flow>()
        .flow::<nap::Flow>()
        .flow::<alarm::Flow>()
        .flow::<quick::Flow>()
}

/// The time of the machine, which its processes share.
pub(crate) fn now_in_micros() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros()
}

/// Another process: an engine with this lease in milliseconds, which does what it is told.
pub(crate) async fn work(lease: &str, place: Place) -> Result<()> {
    let (_store, builder) = place.engine(&Arc::default()).await?;
    let engine = builder.lease(Duration::from_millis(lease.parse()?)).start().await?;
    say("ready");
    loop {
        let told = tokio::task::spawn_blocking(listen).await?;
        match told.split_once(' ').unwrap_or((&told, "")) {
            ("stuck", _) => drop(engine.submit(stuck(()).run_id("stuck")).await?),
            ("nap", range) => naps(&engine, range).await?,
            ("drain", _) => drop(engine.drain(Duration::ZERO).await),
            _ => return Ok(()),
        }
        say("done");
    }
}

/// Submits runs that sleep for an hour, numbered as in `0..1000`.
async fn naps(engine: &Engine, range: &str) -> Result<()> {
    let (from, to) = range.split_once("..").ok_or("no range")?;
    let submit = |number: u32| async move {
        let submission = nap(Duration::from_secs(3_600)).run_id(format!("nap-{number}"));
        engine.submit(submission).await.map(drop)
    };
    stream::iter(from.parse()?..to.parse()?).map(submit).buffer_unordered(64).try_collect::<()>().await?;
    Ok(())
}
