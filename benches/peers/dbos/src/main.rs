//! dbos in the benchmark. Its settings, and why: `../../README.md`.

mod flows;
mod order;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bench_peers::{Failure, FirstStep, Outcome, Stop, Watch, at_once, first_steps, life, resume, sleeping};
use bench_protocol::order::{ORDERS_TABLE, Order};
use bench_protocol::{Args, Beats, Meter, setting, unsupported};
use dbos::{Config, DBOS, Enqueue, QueueConflict, QueueOptions, StartOptions, WorkflowRef};
use sqlx::PgPool;

/// Its default is 10.
const CONNECTIONS: u32 = 24;

/// Where a run is put that is to be resumed: recovery leaves it on its queue, and this one is polled more often than the internal one, whose
/// second cannot be changed.
const QUEUE: &str = "resumed";
const POLLED_EVERY: Duration = Duration::from_millis(10);

fn main() -> Outcome {
    let args = Args::of_process();
    match args.row {
        'a' => life(all_steps(&args)),
        'b' => life(orders(&args)),
        'c' => unsaid("its Rust SDK has no transactional steps yet"),
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

fn instance(args: &Args) -> Result<DBOS, Failure> {
    Ok(DBOS::new(Config {
        app_version: Some("1".to_owned()),
        max_connections: CONNECTIONS,
        ..Config::new("bench", args.database()?)
    }))
}

async fn print_settings(args: &Args) -> Outcome {
    let database = PgPool::connect(args.database()?).await?;
    let commit: String = sqlx::query_scalar("show synchronous_commit").fetch_one(&database).await?;
    setting(&format!("pool={CONNECTIONS} (default 10)"));
    setting(&format!("synchronous_commit={commit}"));
    Ok(())
}

/// Starts a run and waits for its end.
async fn run(flow: WorkflowRef<usize, ()>, number: usize) -> Outcome {
    let id = format!("run-{number}");
    let options = StartOptions { workflow_id: Some(&id), ..StartOptions::default() };
    flow.start_with(number, options).await?.result().await?;
    Ok(())
}

async fn all_steps(args: &Args) -> Outcome {
    let watch = Arc::new(Watch::Beats(Beats::new(args.runs, args.steps)));
    let dbos = instance(args)?;
    let flow = flows::steps(&dbos, args.steps, watch.clone())?;
    dbos.launch().await?;
    let meter = Meter::start();
    at_once(args.runs, args.concurrency, |number| run(flow.clone(), number)).await?;
    meter.finish(args.all_steps());
    watch.emit();
    print_settings(args).await
}

async fn orders(args: &Args) -> Outcome {
    let database = PgPool::connect(args.database()?).await?;
    sqlx::raw_sql(ORDERS_TABLE).execute(&database).await?;
    let beats: &'static Beats = Box::leak(Box::new(Beats::new(args.runs, 5)));
    let dbos = instance(args)?;
    let flow = dbos.register_workflow("orders", move |(run, order): (usize, Order)| {
        order::process_order(database.clone(), order, move |step| beats.mark(run, step))
    })?;
    dbos.launch().await?;
    let meter = Meter::start();
    at_once(args.runs, args.concurrency, |number| {
        let flow = flow.clone();
        async move {
            let order = bench_protocol::order::order(number);
            let id = order.id.clone();
            let options = StartOptions { workflow_id: Some(&id), ..StartOptions::default() };
            flow.start_with((number, order), options).await?.result().await?;
            Ok(())
        }
    })
    .await?;
    meter.finish(args.runs * 5);
    beats.emit();
    print_settings(args).await
}

async fn fan_out(args: &Args) -> Outcome {
    let dbos = instance(args)?;
    let flow = flows::fan_out(&dbos, args.steps)?;
    dbos.launch().await?;
    let meter = Meter::start();
    at_once(args.runs, args.concurrency, |number| run(flow.clone(), number)).await?;
    meter.finish(args.all_steps());
    print_settings(args).await
}

fn resumed(args: &Args) -> Outcome {
    let watch = Arc::new(Watch::Stop(Stop::new(args.steps)));
    let Watch::Stop(stop) = watch.as_ref() else { return Ok(()) };
    let begin = async || {
        print_settings(args).await?;
        setting(&format!("the run is on a queue that is polled every {POLLED_EVERY:?}; recovery puts it back there"));
        let dbos = instance(args)?;
        let flow = flows::steps(&dbos, args.steps + 1, watch.clone())?;
        dbos.launch().await?;
        let options = QueueOptions { polling_interval: POLLED_EVERY, ..QueueOptions::default() };
        dbos.register_queue(QUEUE, options, QueueConflict::UpdateIfLatestVersion).await?;
        let queue = Some(Enqueue::new(QUEUE));
        flow.start_with(0, StartOptions { workflow_id: Some("resumed"), queue, ..StartOptions::default() }).await?;
        Ok(dbos)
    };
    let again = async || {
        let dbos = instance(args)?;
        flows::steps(&dbos, args.steps + 1, watch.clone())?;
        let began = Instant::now();
        dbos.launch().await?;
        Ok((began, dbos))
    };
    resume(args.runs, stop, begin, again)
}

async fn first(args: &Args) -> Outcome {
    let watch = Arc::new(Watch::First(FirstStep::default()));
    let Watch::First(first) = watch.as_ref() else { return Ok(()) };
    let dbos = instance(args)?;
    let flow = flows::steps(&dbos, args.steps, watch.clone())?;
    dbos.launch().await?;
    first_steps(args.runs, first, |number| run(flow.clone(), number)).await?;
    print_settings(args).await
}

async fn asleep(args: &Args) -> Outcome {
    let dbos = instance(args)?;
    let flow = flows::sleeper(&dbos)?;
    dbos.launch().await?;
    let database = PgPool::connect(args.database()?).await?;
    let submit = async |numbers: Range<usize>| {
        for number in numbers {
            let id = format!("sleeper-{number}");
            flow.start_with(number, StartOptions { workflow_id: Some(&id), ..StartOptions::default() }).await?;
        }
        Ok(())
    };
    let count = async || {
        let sql = "select count(*) from dbos.operation_outputs where function_name = 'DBOS.sleep'";
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&database).await?;
        Ok(usize::try_from(count)?)
    };
    sleeping(args, submit, count).await?;
    print_settings(args).await
}
