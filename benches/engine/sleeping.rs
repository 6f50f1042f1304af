//! What runs that sleep cost: memory of the process that has put them to sleep, and time of whoever claims beside them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use prose::store::queue::{ClaimDue, Fit};
use prose_store_tests::process::Other;

use super::Result;
use super::flows::quick;
use super::place::Place;
use super::table::{p50_and_p99, row};

/// How many claims are timed.
const CLAIMS: u32 = 200;

/// Behind this an engine's memory is what it stays at.
const SETTLES: Duration = Duration::from_secs(5);

pub(crate) async fn sleeping(new: impl Fn() -> Result<Place>, runs: u32, many: u32) -> Result<()> {
    let place = new()?;
    drop(place.store().await?);
    let with_none = memory_of(&place).await?;
    put_to_sleep(&place, runs).await?;
    let with_all = memory_of(&place).await?;
    let what = format!("a process that starts beside {runs} sleeping runs: memory a run");
    row(&place, &what, grown(with_none, with_all, runs), "< 100 bytes");
    row(&place, &format!("a claim beside {runs} sleeping runs"), claims(&place, "some").await?, "< 10 ms");
    copy(&place, many - runs).await?;
    row(&place, &format!("a claim beside {many} sleeping runs"), claims(&place, "many").await?, "< 10 ms");
    place.remove().await
}

/// Has another process submit them and put them to sleep, once it is warm.
async fn put_to_sleep(place: &Place, runs: u32) -> Result<()> {
    let mut other = Other::plays("30000", place.text());
    let warm = runs / 20;
    for range in [format!("0..{warm}"), format!("{warm}..{}", runs)] {
        let (before, began) = (resident(&other)?, Instant::now());
        other.tell(&format!("nap {range}"));
        place.until("waiting", range.rsplit('.').next().unwrap_or("0").parse()?).await?;
        let took = began.elapsed();
        tokio::time::sleep(SETTLES).await;
        let is_warm = range.starts_with(&format!("{warm}.."));
        if is_warm {
            let what = format!("{} runs submitted, executed and put to sleep: memory a run", runs - warm);
            let rate = f64::from(runs - warm) / took.as_secs_f64();
            let seen = format!("{} ({rate:.0} runs/s)", grown(before, resident(&other)?, runs - warm));
            row(place, &what, seen, "< 100 bytes");
        }
    }
    other.kill();
    Ok(())
}

/// What a process with an engine takes.
async fn memory_of(place: &Place) -> Result<u64> {
    let mut other = Other::plays("30000", place.text());
    other.expect("ready");
    tokio::time::sleep(SETTLES).await;
    resident(&other)
}

fn resident(other: &Other) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", other.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

fn grown(before: u64, after: u64, runs: u32) -> String {
    let grown = after as f64 - before as f64;
    format!("{:.0} bytes ({:.1} MB, then {:.1} MB)", grown / f64::from(runs), before as f64 / 1e6, after as f64 / 1e6)
}

/// Claims of one due run each, while the others sleep; and, between them, the least durable write: what takes long there is the disk's.
async fn claims(place: &Place, name: &str) -> Result<String> {
    let (_, builder) = place.engine(&Arc::default()).await?;
    let submitter = builder.concurrency(0).start().await?;
    let store = place.store().await?;
    let request = ClaimDue { flows: vec!["nap".to_owned(), "quick".to_owned()], limit: 256, blocked: false };
    let mut bare = place.bare().await?;
    let (mut times, mut bare_times, mut claimed) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..CLAIMS {
        submitter.submit(quick(number).run_id(format!("{name}-{number}"))).await?;
        let began = Instant::now();
        let due = store.queue().claim_due(&request, Arc::new(|_| Fit::Yes)).await?;
        times.push(began.elapsed());
        claimed.extend(due.runs.into_iter().map(|run| run.lease));
        bare_times.push(bare.insert().await?);
    }
    if claimed.len() != CLAIMS as usize {
        return Err(format!("{} runs were claimed, not {CLAIMS}", claimed.len()).into());
    }
    Ok(format!("{}; a bare insert {}", p50_and_p99(&mut times), p50_and_p99(&mut bare_times)))
}

/// Copies one that sleeps, with all that belongs to it.
async fn copy(place: &Place, runs: u32) -> Result<()> {
    let one = "namespace = '' and run_id = 'nap-0'";
    super::lists::copy(place, one, runs, "'waiting'", "updated_at").await
}
