//! durare in the benchmark. Its settings, and why: `../../README.md`.

mod flows;
mod order;
mod store;

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use bench_peers::{Failure, FirstStep, Outcome, Stop, Watch, at_once, first_steps, life, resume, sleeping};
use bench_protocol::order::{ORDERS_TABLE, Order, Receipt};
use bench_protocol::{Args, Beats, Meter, unsupported};
use durare::{DurableContext, DurableEngine, DurableEngineBuilder, WorkflowOptions};
use store::Store;

fn main() -> Outcome {
    let args = Args::of_process();
    match args.row {
        'a' => life(all_steps(&args)),
        'b' => life(orders(&args)),
        'c' => life(counts(&args)),
        'd' => life(fan_out(&args)),
        'e' => resumed(&args),
        'f' => life(first(&args)),
        'g' => life(asleep(&args)),
        other => {
            unsupported(&format!("row {other} measures no peer"));
            Ok(())
        }
    }
}

/// An engine with its flows, and what it stands on.
async fn engine(
    store: &Store,
    register: impl FnOnce(&mut DurableEngineBuilder),
) -> Result<Arc<DurableEngine>, Failure> {
    let mut builder = DurableEngine::builder(store.provider()?);
    builder.app_version("1").executor_id("bench").max_recovery_attempts(i32::MAX);
    register(&mut builder);
    let engine = builder.build().await?;
    engine.launch().await?;
    Ok(Arc::new(engine))
}

/// Starts a run and waits for its end.
async fn run(engine: Arc<DurableEngine>, flow: &'static str, number: usize) -> Outcome {
    let options = WorkflowOptions::with_id(format!("{flow}-{number}"));
    engine.start::<usize, serde_json::Value>(flow, number, options).await?.result().await?;
    Ok(())
}

async fn all_steps(args: &Args) -> Outcome {
    let store = Store::open(args).await?;
    let watch = Arc::new(Watch::Beats(Beats::new(args.runs, args.steps)));
    let engine = engine(&store, |engine| flows::steps(engine, args.steps, watch.clone())).await?;
    let meter = Meter::start();
    at_once(args.runs, args.concurrency, |number| run(engine.clone(), "steps", number)).await?;
    meter.finish(args.all_steps());
    watch.emit();
    store.print_settings().await
}

async fn orders(args: &Args) -> Outcome {
    let store = Store::open(args).await?;
    store.prepare(ORDERS_TABLE).await?;
    let beats: &'static Beats = Box::leak(Box::new(Beats::new(args.runs, 5)));
    let register = |engine: &mut DurableEngineBuilder| {
        engine.register("orders", move |ctx: DurableContext, (run, order): (usize, Order)| {
            order::process_order(ctx, order, move |step| beats.mark(run, step))
        });
    };
    let engine = engine(&store, register).await?;
    let meter = Meter::start();
    at_once(args.runs, args.concurrency, |number| one_order(engine.clone(), number)).await?;
    meter.finish(args.runs * 5);
    beats.emit();
    store.print_settings().await
}

async fn one_order(engine: Arc<DurableEngine>, number: usize) -> Outcome {
    let order = bench_protocol::order::order(number);
    let options = WorkflowOptions::with_id(order.id.clone());
    engine.start::<_, Receipt>("orders", (number, order), options).await?.result().await?;
    Ok(())
}

async fn counts(args: &Args) -> Outcome {
    let store = Store::open(args).await?;
    store.prepare(flows::COUNTER).await?;
    let watch = Arc::new(Watch::Beats(Beats::new(args.runs, args.steps)));
    let engine = engine(&store, |engine| flows::counts(engine, store.reads(), args.steps, watch.clone())).await?;
    let meter = Meter::start();
    at_once(args.runs, args.concurrency, |number| run(engine.clone(), "counts", number)).await?;
    meter.finish(args.all_steps());
    watch.emit();
    args.assert_counted(store.counted().await?);
    store.print_settings().await
}

async fn fan_out(args: &Args) -> Outcome {
    let store = Store::open(args).await?;
    let engine = engine(&store, |engine| flows::fan_out(engine, args.steps)).await?;
    let meter = Meter::start();
    at_once(args.runs, args.concurrency, |number| run(engine.clone(), "fan-out", number)).await?;
    meter.finish(args.all_steps());
    store.print_settings().await
}

fn resumed(args: &Args) -> Outcome {
    let watch = Arc::new(Watch::Stop(Stop::new(args.steps)));
    let Watch::Stop(stop) = watch.as_ref() else { return Ok(()) };
    let begin = async || {
        let store = Store::open(args).await?;
        store.print_settings().await?;
        let engine = engine(&store, |engine| flows::steps(engine, args.steps + 1, watch.clone())).await?;
        engine.start::<usize, ()>("steps", 0, WorkflowOptions::with_id("resumed")).await?;
        Ok(engine)
    };
    let again = async || {
        let store = Store::open(args).await?;
        let began = Instant::now();
        let engine = engine(&store, |engine| flows::steps(engine, args.steps + 1, watch.clone())).await?;
        engine.recover().await?;
        Ok((began, engine))
    };
    resume(args.runs, stop, begin, again)
}

async fn first(args: &Args) -> Outcome {
    let store = Store::open(args).await?;
    let watch = Arc::new(Watch::First(FirstStep::default()));
    let Watch::First(first) = watch.as_ref() else { return Ok(()) };
    let engine = engine(&store, |engine| flows::steps(engine, args.steps, watch.clone())).await?;
    first_steps(args.runs, first, |number| run(engine.clone(), "steps", number)).await?;
    store.print_settings().await
}

async fn asleep(args: &Args) -> Outcome {
    let store = Store::open(args).await?;
    let engine = engine(&store, flows::sleeper).await?;
    let start = async |number: usize| {
        let options = WorkflowOptions::with_id(format!("sleeper-{number}"));
        engine.start::<usize, ()>("sleeper", number, options).await.map(drop)
    };
    let submit = async |numbers: Range<usize>| {
        for number in numbers {
            start(number).await?;
        }
        Ok(())
    };
    sleeping(args, submit, || store.sleeps()).await?;
    store.print_settings().await
}
