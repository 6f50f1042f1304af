//! Row f: how long an idle engine takes from being given a run to its first step.

use std::convert::Infallible;
use std::time::Instant;

use bench_protocol::{Args, Percentiles, emit, pause};
use prose::{Ctx, Engine, flow};
use tokio::sync::mpsc;

use crate::{Result, place};

#[flow]
async fn one_step(ctx: Ctx<mpsc::UnboundedSender<Instant>>, _number: usize) -> Result<(), Infallible> {
    #[step]
    'begins: {
        let _nobody_waits_any_more = ctx.deps.send(Instant::now());
    }
    Ok(())
}

pub(crate) async fn measure(args: &Args) -> Result<()> {
    let store = place::store(args).await?;
    let (sender, mut began) = mpsc::unbounded_channel();
    let engine = Engine::builder(&store, sender).flow::<one_step::Flow>().start().await?;
    let mut times = Percentiles::default();
    for number in 0..args.runs {
        tokio::time::sleep(pause(number)).await;
        let given = Instant::now();
        let handle = engine.submit(one_step(number).run_id(format!("run-{number}"))).await?;
        let first = began.recv().await.ok_or("the engine has ended")?;
        times.push(first.duration_since(given));
        handle.await?;
    }
    emit("p50_us", times.micros(50.0));
    emit("p99_us", times.micros(99.0));
    Ok(())
}
