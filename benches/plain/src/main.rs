//! Row h: what a step costs without durability, in a flow (`prose-memory`, which has no store here), and in the async fn that one would
//! write (`hand-naive`). A program of its own, because it counts allocations.
//!
//! * `ten steps`: a call of ten steps, the call itself included
//! * `loop`: a thousand turns of one step

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bench_protocol::{Args, cpu_us, emit, setting, unsupported};
use prose::{Ctx, flow};

const TURNS: u64 = 1_000;

/// A body; not to be computed at compile time.
async fn next(number: u64) -> u64 {
    black_box(number).wrapping_mul(3) + 1
}

#[flow]
async fn ten_steps(_ctx: Ctx, a: u64) -> Result<u64, Infallible> {
    #[step]
    let b: u64 = next(a).await;
    #[step]
    let c: u64 = next(b).await;
    #[step]
    let d: u64 = next(c).await;
    #[step]
    let e: u64 = next(d).await;
    #[step]
    let f: u64 = next(e).await;
    #[step]
    let g: u64 = next(f).await;
    #[step]
    let h: u64 = next(g).await;
    #[step]
    let i: u64 = next(h).await;
    #[step]
    let j: u64 = next(i).await;
    #[step]
    let k: u64 = next(j).await;
    Ok(k)
}

async fn ten_by_hand(a: u64) -> Result<u64, Infallible> {
    let b = next(a).await;
    let c = next(b).await;
    let d = next(c).await;
    let e = next(d).await;
    let f = next(e).await;
    let g = next(f).await;
    let h = next(g).await;
    let i = next(h).await;
    let j = next(i).await;
    let k = next(j).await;
    Ok(k)
}

#[flow]
async fn turns(_ctx: Ctx, turns: u64) -> Result<u64, Infallible> {
    let mut total = 0;
    for _ in 0..turns {
        #[step]
        let number: u64 = next(total).await;
        total = number;
    }
    Ok(total)
}

async fn turns_by_hand(turns: u64) -> Result<u64, Infallible> {
    let mut total = 0;
    for _ in 0..turns {
        total = next(total).await;
    }
    Ok(total)
}

fn main() {
    let args = Args::of_process();
    match args.system.as_str() {
        "prose-memory" => setting("no store: the flow is called as it is"),
        "hand-naive" => setting("the plain async fn that does the same"),
        _ => (),
    }
    match (args.system.as_str(), args.work.as_str()) {
        ("prose-memory", "loop") => measure(args.runs, TURNS, || turns(TURNS)),
        ("prose-memory", _) => measure(args.runs, 10, || ten_steps(1)),
        ("hand-naive", "loop") => measure(args.runs, TURNS, || turns_by_hand(TURNS)),
        ("hand-naive", _) => measure(args.runs, 10, || ten_by_hand(1)),
        (system, _) => unsupported(&format!("{system} does not run without a store")),
    }
}

/// `runs` calls of `steps` steps.
fn measure<T, F: IntoFuture<Output = T>>(runs: usize, steps: u64, call: impl Fn() -> F) {
    let _first_use_of_thread_locals = black_box(run(call()));
    // Processor time: nothing here waits, and the clock would also count what others do meanwhile.
    let before = cpu_us();
    for _ in 0..runs {
        black_box(run(call()));
    }
    emit("ns_per_step", (cpu_us() - before) * 1e3 / (runs as f64 * steps as f64));
    let counted = allocation_counter::measure(|| drop(black_box(run(call()))));
    emit("allocations_per_step", counted.count_total as f64 / steps as f64);
}

/// Runs what never waits, without a runtime.
fn run<T>(call: impl IntoFuture<Output = T>) -> T {
    match pin!(call.into_future()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => unreachable!("nothing in these flows waits"),
    }
}
