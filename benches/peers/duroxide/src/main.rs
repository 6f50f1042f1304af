//! duroxide in the benchmark. Its settings, and why: `../../README.md`.

mod engine;
mod flows;
mod order;

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use bench_peers::{FirstStep, Outcome, Stop, Watch, at_once, first_steps, life, resume, sleeping};
use bench_protocol::{Args, Beats, Meter, setting, unsupported};
use duroxide::runtime::RuntimeOptions;
use duroxide::runtime::registry::OrchestrationRegistryBuilder;
use duroxide::{Client, OrchestrationContext, OrchestrationRegistry};
use engine::{Ends, LOCKED_FOR, Store};

fn main() -> Outcome {
    let args = Args::of_process();
    match args.row {
        'a' => life(all_steps(&args)),
        'b' => life(orders(&args)),
        'c' => unsaid("it has no transactions with the application's database"),
        'd' => life(fan_out(&args)),
        'e' => resumed(&args),
        'f' => life(first(&args)),
        'g' => life(asleep(&args)),
        other => unsaid(&format!("row {other} measures no peer")),
    }
}

fn unsaid(why: &str) -> Outcome {
    unsupported(why);
    Ok(())
}

/// Starts a run and waits for its end.
async fn run(client: Client, ends: Arc<Ends>, flow: &'static str, number: usize) -> Outcome {
    let id = format!("{flow}-{number}");
    client.start_orchestration_typed(&id, flow, number).await?;
    ends.wait(&client, number, &id).await
}

async fn all_steps(args: &Args) -> Outcome {
    let watch = Arc::new(Watch::Beats(Beats::new(args.runs, args.steps)));
    let ends = Arc::new(Ends::new(args.runs));
    measure(args, "steps", flows::steps(args.steps, ends.clone()), watch.clone(), ends).await?;
    watch.emit();
    Ok(())
}

async fn fan_out(args: &Args) -> Outcome {
    let watch = Arc::new(Watch::Beats(Beats::new(args.runs, args.steps)));
    let ends = Arc::new(Ends::new(args.runs));
    measure(args, "fan-out", flows::fan_out(args.steps, ends.clone()), watch, ends).await
}

async fn measure(
    args: &Args,
    flow: &'static str,
    orchestrations: OrchestrationRegistryBuilder,
    watch: Arc<Watch>,
    ends: Arc<Ends>,
) -> Outcome {
    let store = engine::open(args).await?;
    let _runtime = engine::start(&store, flows::step(watch), orchestrations, engine::options()).await;
    let client = Client::new(store.provider.clone());
    let meter = Meter::start();
    at_once(args.runs, args.concurrency, |number| run(client.clone(), ends.clone(), flow, number)).await?;
    meter.finish(args.all_steps());
    engine::print_settings();
    Ok(())
}

async fn orders(args: &Args) -> Outcome {
    let store = engine::open(args).await?;
    let database = order::database(&args.dir.join("orders.db")).await?;
    let beats: &'static Beats = Box::leak(Box::new(Beats::new(args.runs, 5)));
    let ends = Arc::new(Ends::new(args.runs));
    let ended = ends.clone();
    let flow = move |ctx: OrchestrationContext, input: order::Input| {
        let (ended, number) = (ended.clone(), input.0);
        async move {
            let receipt = order::process_order(ctx, input).await;
            ended.ended(number);
            receipt
        }
    };
    let orchestrations = OrchestrationRegistry::builder().register_typed("orders", flow);
    let activities = order::activities(database, |run, step| beats.mark(run, step));
    let _runtime = engine::start(&store, activities, orchestrations, engine::options()).await;
    let client = Client::new(store.provider.clone());
    let meter = Meter::start();
    at_once(args.runs, args.concurrency, |number| {
        let (client, ends) = (client.clone(), ends.clone());
        async move {
            let order = bench_protocol::order::order(number);
            let id = order.id.clone();
            client.start_orchestration_typed(&id, "orders", (number, order)).await?;
            ends.wait(&client, number, &id).await
        }
    })
    .await?;
    meter.finish(args.runs * 5);
    beats.emit();
    engine::print_settings();
    Ok(())
}

fn resumed(args: &Args) -> Outcome {
    let watch = Arc::new(Watch::Stop(Stop::new(args.steps)));
    let Watch::Stop(stop) = watch.as_ref() else { return Ok(()) };
    let start = async |store: Store| {
        let options = RuntimeOptions { worker_lock_timeout: LOCKED_FOR, max_attempts: u32::MAX, ..engine::options() };
        let orchestrations = flows::steps(args.steps + 1, Arc::new(Ends::new(1)));
        let runtime = engine::start(&store, flows::step(watch.clone()), orchestrations, options).await;
        (runtime, store)
    };
    let begin = async || {
        engine::print_settings();
        setting(&format!("worker_lock_timeout={LOCKED_FOR:?}, and it is over when the engine comes back"));
        let store = engine::open(args).await?;
        let client = Client::new(store.provider.clone());
        let started = start(store).await;
        client.start_orchestration_typed("resumed", "steps", 0).await?;
        Ok(started)
    };
    let again = async || {
        let store = engine::open(args).await?;
        tokio::time::sleep(LOCKED_FOR * 2).await;
        let began = Instant::now();
        Ok((began, start(store).await))
    };
    resume(args.runs, stop, begin, again)
}

async fn first(args: &Args) -> Outcome {
    let watch = Arc::new(Watch::First(FirstStep::default()));
    let Watch::First(first) = watch.as_ref() else { return Ok(()) };
    let store = engine::open(args).await?;
    let ends = Arc::new(Ends::new(args.runs));
    let orchestrations = flows::steps(args.steps, ends.clone());
    let _runtime = engine::start(&store, flows::step(watch.clone()), orchestrations, engine::options()).await;
    let client = Client::new(store.provider.clone());
    first_steps(args.runs, first, |number| run(client.clone(), ends.clone(), "steps", number)).await?;
    engine::print_settings();
    Ok(())
}

async fn asleep(args: &Args) -> Outcome {
    let watch = Arc::new(Watch::First(FirstStep::default()));
    let store = engine::open(args).await?;
    let _runtime = engine::start(&store, flows::step(watch), flows::sleeper(), engine::options()).await;
    let client = Client::new(store.provider.clone());
    let submit = async |numbers: Range<usize>| {
        for number in numbers {
            client.start_orchestration_typed(format!("sleeper-{number}"), "sleeper", number).await?;
        }
        Ok(())
    };
    let count = async || {
        let sql = "select count(*) from history where event_type = 'TimerCreated'";
        let count: i64 = sqlx::query_scalar(sql).fetch_one(store.provider.get_pool()).await?;
        Ok(usize::try_from(count)?)
    };
    sleeping(args, submit, count).await?;
    engine::print_settings();
    Ok(())
}
