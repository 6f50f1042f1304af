//! So many runs at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_protocol::Args;

use crate::Result;

/// Runs `args.runs` runs, `args.concurrency` of them at once, each by this.
pub(crate) async fn run<R, F>(args: &Args, one: R) -> Result<()>
where
    R: Fn(usize) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send,
{
    let (next, runs) = (Arc::new(AtomicUsize::new(0)), args.runs);
    let callers = (0..args.concurrency.min(runs)).map(|_| {
        let (next, one) = (Arc::clone(&next), one.clone());
        tokio::spawn(async move {
            loop {
                let run = next.fetch_add(1, Ordering::Relaxed);
                if run >= runs {
                    return Ok::<(), crate::Error>(());
                }
                one(run).await?;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await??;
    }
    Ok(())
}
