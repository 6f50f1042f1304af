//! What it costs to resume a loop, early in it and late: the run goes on from its position and its variables, so the turns behind it
//! cost nothing.
//!
//! ```sh
//! cargo bench --bench loop_resume               # 1,000,000 turns (five minutes: each is a commit on disk)
//! cargo bench --bench loop_resume -- 100000     # fewer
//! ```
//!
//! A run of `for n in 0..TURNS { #[step] .. }` with a running total is stopped inside the body of its 10th turn, of two in the middle, and of
//! its last but one. Each time it is resumed again and again, and the time from the call to the body's start is taken. Look at the ratio: the times
//! are of this machine and moment. It fails if resuming late costs half as much again as early, or if the store grows with the turns.

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prose::{Ctx, flow};
use prose_sqlite::SqliteStore;
use tokio::sync::Notify;

/// In which turn the body stays, until the run is dropped.
struct Stop {
    turn: u64,
    reached: Notify,
}

#[flow]
async fn sum(ctx: Ctx<Stop>, turns: u64) -> Result<u64, std::convert::Infallible> {
    let mut total = 0;
    for n in 0..turns {
        #[step]
        let price: u64 = {
            if n + 1 == ctx.deps.turn {
                ctx.deps.reached.notify_one();
                std::future::pending::<()>().await;
            }
            n % 7
        };
        total += price;
    }
    Ok(total)
}

/// Calls the run, and drops it in the body of this turn: how long it took to get there.
async fn until(store: &SqliteStore, turns: u64, turn: u64) -> Duration {
    let stop = Arc::new(Stop { turn, reached: Notify::new() });
    let called = Instant::now();
    tokio::select! {
        total = sum(turns).deps(stop.clone()).durable(store, "sum") => panic!("ended with {total:?}"),
        () = stop.reached.notified() => called.elapsed(),
    }
}

/// The median of many resumptions into this turn, where the run stands.
async fn resume(store: &SqliteStore, turns: u64, turn: u64) -> Duration {
    let mut times = Vec::new();
    for _ in 0..51 {
        times.push(until(store, turns, turn).await);
    }
    times.sort();
    times[times.len() / 2]
}

/// What the store's files take.
fn bytes(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(folder)? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes)
}

/// How many times what it costs early it may cost late.
const RATIO: f64 = 1.5;
/// A log is folded behind so many commits, so the file and SQLite's log beside it come to this size, and stay there.
const BYTES: u64 = 16 << 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let turns = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path().join("sum.db")).await?;
    let mut measured = Vec::new();
    let middle = [10_000, 500_000].into_iter().filter(|turn| *turn < turns - 1);
    for turn in [10].into_iter().chain(middle).chain([turns - 1]) {
        let to_here = until(&store, turns, turn).await;
        let resumed = resume(&store, turns, turn).await;
        let bytes = bytes(folder.path())?;
        println!(
            "turn {turn:>9}: ran to it in {to_here:.1?}; resumed in {resumed:.3?}; the store has {} kB",
            bytes / 1024
        );
        assert!(bytes <= BYTES, "the store has {bytes} bytes at turn {turn}: it grows with the turns");
        measured.push(resumed);
    }
    let ratio = measured[measured.len() - 1].as_secs_f64() / measured[0].as_secs_f64();
    println!("resuming late costs {ratio:.2} times what it costs early");
    assert!(ratio < RATIO, "resuming late costs {ratio:.2} times what it costs early");
    let total = sum(turns).deps(Stop { turn: 0, reached: Notify::new() }).durable(&store, "sum").await?;
    assert_eq!(total, (0..turns).map(|n| n % 7).sum::<u64>(), "the total is that of an undisturbed run");
    Ok(())
}
