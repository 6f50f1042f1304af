//! Those who want steps to be written: so many runs at once, each a task, one step after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_protocol::{Args, Beats, Meter, emit};

use crate::Result;
use crate::record::Record;

/// Runs `args.runs` runs of `args.steps` steps, `args.concurrency` of them at once, and prints what it cost. A step is done when
/// `write` has returned.
pub(crate) async fn run<W, F>(args: &Args, write: W) -> Result<()>
where
    W: Fn(Record) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send,
{
    let (next, beats) = (Arc::new(AtomicUsize::new(0)), Arc::new(Beats::new(args.runs, args.steps)));
    let (runs, steps) = (args.runs, args.steps);
    let meter = Meter::start();
    let callers = (0..args.concurrency.min(runs)).map(|_| {
        let (next, beats, write) = (Arc::clone(&next), Arc::clone(&beats), write.clone());
        tokio::spawn(async move {
            loop {
                let run = next.fetch_add(1, Ordering::Relaxed);
                if run >= runs {
                    return Ok::<(), crate::Error>(());
                }
                for step in 0..steps {
                    beats.mark(run, step);
                    write(Record::new(run, step)).await?;
                }
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await??;
    }
    finish(args, meter, &beats);
    Ok(())
}

/// The same for one run at a time, on this thread.
pub(crate) fn run_alone(args: &Args, mut write: impl FnMut(&Record) -> Result<()>) -> Result<()> {
    let beats = Beats::new(args.runs, args.steps);
    let meter = Meter::start();
    for run in 0..args.runs {
        for step in 0..args.steps {
            beats.mark(run, step);
            write(&Record::new(run, step))?;
        }
    }
    finish(args, meter, &beats);
    Ok(())
}

fn finish(args: &Args, meter: Meter, beats: &Beats) {
    let seconds = meter.finish(args.all_steps());
    emit("commits_per_s", args.all_steps() as f64 / seconds);
    beats.emit();
}
