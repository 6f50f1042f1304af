//! Row e: how long a run with so many committed steps takes to go on, in a loop: from its call on a store that was opened anew to the next
//! body. How long opening takes is a figure of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use bench_protocol::{Args, emit, payload};
use prose::{Ctx, flow};
use tokio::sync::Notify;

use crate::{Result, place};

/// In which turn the body stays, until the run is dropped.
struct Stop {
    turn: usize,
    reached: Notify,
}

#[flow]
async fn turns(ctx: Ctx<Stop>, turns: usize) -> Result<usize, Infallible> {
    let mut total = 0;
    for turn in 0..turns {
        #[step]
        let result: String = {
            if turn == ctx.deps.turn {
                ctx.deps.reached.notify_one();
                std::future::pending::<()>().await;
            }
            payload(0, turn)
        };
        total += result.len();
    }
    Ok(total)
}

pub(crate) async fn measure(args: &Args) -> Result<()> {
    // The store of the memory dies with its process.
    if args.system == "prose-memory" {
        bench_protocol::unsupported("its runs end with the process");
        return Ok(());
    }
    until(args).await?;
    for _ in 0..args.runs {
        let [opened, resumed] = until(args).await?;
        emit("open_ms", opened);
        emit("resume_ms", resumed);
    }
    Ok(())
}

/// Opens the store, calls the run, and drops both in the body behind `args.steps` committed steps: how many milliseconds it took to open, and
/// then to get there.
async fn until(args: &Args) -> Result<[f64; 2]> {
    let stop = Arc::new(Stop { turn: args.steps, reached: Notify::new() });
    let began = Instant::now();
    let store = place::store(args).await?;
    let opened = Instant::now();
    let millis = |from: Instant, to: Instant| to.duration_since(from).as_secs_f64() * 1e3;
    tokio::select! {
        total = turns(args.steps + 1).deps(Arc::clone(&stop)).durable(&store, "run") => Err(format!("ended with {total:?}").into()),
        () = stop.reached.notified() => Ok([millis(began, opened), millis(opened, Instant::now())]),
    }
}
