//! Row g: what a sleeping run costs in memory.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bench_protocol::{Args, SETTLES, emit, resident_bytes};
use prose::{Ctx, Engine, flow};

use crate::{Result, at_once, place};

const HOUR: Duration = Duration::from_secs(3_600);

#[flow]
async fn nap(ctx: Ctx<AtomicUsize>, _number: usize) -> Result<(), Infallible> {
    #[step]
    'before: {
        ctx.deps.fetch_add(1, Ordering::Relaxed);
    }
    #[sleep]
    HOUR;
    Ok(())
}

pub(crate) async fn measure(args: &Args) -> Result<()> {
    let store = place::store(args).await?;
    let begun = Arc::new(AtomicUsize::new(0));
    let engine = Engine::builder(&store, Arc::clone(&begun)).flow::<nap::Flow>().start().await?;
    // What the first of them need stays: pools, caches, the allocator's own.
    let warm = args.warm_up();
    put_to_sleep(args, &engine, 0..warm, &begun).await?;
    let before = resident_bytes();
    put_to_sleep(args, &engine, warm..args.runs + warm, &begun).await?;
    // It may have shrunk.
    let grown = resident_bytes() as f64 - before as f64;
    emit("bytes_per_run", grown / args.runs as f64);
    Ok(())
}

async fn put_to_sleep(
    args: &Args,
    engine: &Engine,
    numbers: std::ops::Range<usize>,
    begun: &AtomicUsize,
) -> Result<()> {
    let (from, to) = (numbers.start, numbers.end);
    let engine = engine.clone();
    let submissions = Args { runs: to - from, ..args.clone() };
    at_once::run(&submissions, move |number| {
        let (engine, number) = (engine.clone(), from + number);
        async move {
            engine.submit(nap(number).run_id(format!("nap-{number}"))).await?;
            Ok(())
        }
    })
    .await?;
    while begun.load(Ordering::Relaxed) < to {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(SETTLES).await;
    Ok(())
}
