//! cano in the benchmark. Its settings, and why: `../../README.md`.

mod order;
mod steps;

use std::sync::Arc;
use std::time::Instant;

use bench_peers::{Failure, FirstStep, Outcome, Stop, Watch, at_once, first_steps, life, resume};
use bench_protocol::{Args, Beats, Meter, setting, unsupported};
use cano::RedbCheckpointStore;
use cano::prelude::CancellationToken;
use order::ProcessOrder;
use steps::{State, Steps};

fn main() -> Outcome {
    let args = Args::of_process();
    match args.row {
        'a' => life(all_steps(&args)),
        'b' => life(orders(&args)),
        'c' => unsaid("it has no transactions"),
        'd' => unsaid("a split saves none of its tasks' results: after a crash, all of them run again"),
        'e' => resumed(&args),
        'f' => life(first(&args)),
        'g' => unsaid("its timers are not durable: after a crash they wait anew"),
        other => unsaid(&format!("row {other} measures no peer")),
    }
}

fn unsaid(why: &str) -> Outcome {
    unsupported(why);
    Ok(())
}

fn print_settings() {
    setting("RedbCheckpointStore: each commit is synced (redb's Durability::Immediate)");
    setting("a flow is a SteppedTask whose cursor holds the last result");
}

fn open(args: &Args) -> Result<Arc<RedbCheckpointStore>, Failure> {
    Ok(Arc::new(RedbCheckpointStore::new(args.dir.join("cano.redb"))?))
}

async fn run(store: Arc<RedbCheckpointStore>, id: String, task: Steps) -> Outcome {
    steps::workflow(store, &id, task).orchestrate(State::Work, CancellationToken::disabled()).await?;
    Ok(())
}

async fn all_steps(args: &Args) -> Outcome {
    let store = open(args)?;
    let watch = Arc::new(Watch::Beats(Beats::new(args.runs, args.steps)));
    let meter = Meter::start();
    at_once(args.runs, args.concurrency, |number| {
        let task = Steps { run: number, steps: args.steps, watch: watch.clone() };
        run(store.clone(), format!("steps-{number}"), task)
    })
    .await?;
    meter.finish(args.all_steps());
    watch.emit();
    print_settings();
    Ok(())
}

async fn orders(args: &Args) -> Outcome {
    let store = open(args)?;
    let database = order::database(&args.dir.join("orders.db"))?;
    let beats = Arc::new(Beats::new(args.runs, 5));
    let meter = Meter::start();
    at_once(args.runs, args.concurrency, |number| {
        let (store, beats) = (store.clone(), beats.clone());
        let mark = move |step| beats.mark(number, step);
        let task = ProcessOrder { order: bench_protocol::order::order(number), database: database.clone(), mark };
        async move { Ok(order::run(store, task).await?) }
    })
    .await?;
    meter.finish(args.runs * 5);
    beats.emit();
    print_settings();
    Ok(())
}

fn resumed(args: &Args) -> Outcome {
    let watch = Arc::new(Watch::Stop(Stop::new(args.steps)));
    let Watch::Stop(stop) = watch.as_ref() else { return Ok(()) };
    let task = || Steps { run: 0, steps: args.steps + 1, watch: watch.clone() };
    let begin = async || {
        print_settings();
        let running = run(open(args)?, "resumed".to_owned(), task());
        Ok(tokio::spawn(running))
    };
    let again = async || {
        let workflow = steps::workflow(open(args)?, "resumed", task());
        let began = Instant::now();
        let resuming = async move { workflow.resume_from("resumed", CancellationToken::disabled()).await };
        Ok((began, tokio::spawn(resuming)))
    };
    resume(args.runs, stop, begin, again)
}

async fn first(args: &Args) -> Outcome {
    let store = open(args)?;
    let watch = Arc::new(Watch::First(FirstStep::default()));
    let Watch::First(first) = watch.as_ref() else { return Ok(()) };
    first_steps(args.runs, first, |number| {
        let task = Steps { run: number, steps: args.steps, watch: watch.clone() };
        run(store.clone(), format!("steps-{number}"), task)
    })
    .await?;
    print_settings();
    Ok(())
}
