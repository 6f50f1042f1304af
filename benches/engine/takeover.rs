//! How long a run stands still when the process that executes it dies, is stopped, or is drained.

use std::time::Duration;

use prose_store_tests::process::{Other, Signal};

use super::Result;
use super::flows::now_in_micros;
use super::place::Place;
use super::table::{median_and_max, row};

const ROUNDS: usize = 5;

/// What becomes of the process that executes the run.
#[derive(Clone, Copy)]
enum End {
    Killed,
    Stopped,
    Drained,
}

pub(crate) async fn takeover(new: impl Fn() -> Result<Place>) -> Result<()> {
    rounds(&new, "`kill -9` to the next body, lease 30 s", End::Killed, 30_000, "lease + 1 s; hoped: < 1.5 s").await?;
    rounds(&new, "`kill -9` to the next body, lease 2 s", End::Killed, 2_000, "lease + 1 s; hoped: < 1.5 s").await?;
    rounds(&new, "SIGSTOP to the next body, lease 2 s", End::Stopped, 2_000, "lease + 1 s").await
}

pub(crate) async fn drain(new: impl Fn() -> Result<Place>) -> Result<()> {
    rounds(&new, "`drain` without grace to the next body", End::Drained, 30_000, "< 1 s").await
}

async fn rounds(new: impl Fn() -> Result<Place>, what: &str, end: End, lease: u32, goal: &str) -> Result<()> {
    let (mut times, mut place) = (Vec::new(), new()?);
    for number in 0..ROUNDS {
        // Not always at the same moment of the other one's looks.
        let delay = Duration::from_millis(1_000 + 137 * number as u64);
        times.push(round(&place, end, lease, delay).await?);
        std::mem::replace(&mut place, new()?).remove().await?;
    }
    row(&place, what, median_and_max(&mut times), goal);
    place.remove().await
}

async fn round(place: &Place, end: End, lease: u32, delay: Duration) -> Result<Duration> {
    // The tables are made once, not by both.
    drop(place.store().await?);
    let mut first = started(place, lease)?;
    first.tell("stuck");
    // When the step begins, and that the run is submitted: in either order.
    let _both = (heard(&mut first)?, heard(&mut first)?);
    let mut second = started(place, lease)?;
    tokio::time::sleep(delay).await;
    let ended = now_in_micros();
    let stopped = match end {
        End::Killed => {
            first.kill();
            None
        }
        End::Stopped => {
            first.signal(Signal::STOP);
            Some(first)
        }
        End::Drained => {
            first.tell("drain");
            Some(first)
        }
    };
    let began: u128 = heard(&mut second)?.parse()?;
    drop(stopped);
    Ok(Duration::from_micros(u64::try_from(began.saturating_sub(ended))?))
}

fn started(place: &Place, lease: u32) -> Result<Other> {
    let mut other = Other::plays(&lease.to_string(), place.text());
    match heard(&mut other)?.as_str() {
        "ready" => Ok(other),
        said => Err(format!("a process that was started said `{said}`").into()),
    }
}

fn heard(other: &mut Other) -> Result<String> {
    Ok(other.heard().ok_or("a process has ended too soon")?)
}
