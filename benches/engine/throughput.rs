//! How many short runs an engine executes in a second.

use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::Result;
use super::flows::quick;
use super::place::Place;
use super::table::row;

/// How many are submitted and waited for at once, and executed.
const AT_ONCE: usize = 256;

pub(crate) async fn throughput(new: impl Fn() -> Result<Place>, runs: u32) -> Result<()> {
    let place = new()?;
    let (_store, builder) = place.engine(&Arc::default()).await?;
    let engine = builder.concurrency(AT_ONCE).start().await?;
    let one = |number: u32| {
        let submitting = engine.submit(quick(number).run_id(format!("quick-{number}")));
        async move {
            let next = submitting.await?.await?;
            assert_eq!(next, number + 1);
            Result::<()>::Ok(())
        }
    };
    let began = Instant::now();
    stream::iter(0..runs).map(one).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    let rate = f64::from(runs) / began.elapsed().as_secs_f64();
    row(
        &place,
        &format!("{runs} runs of one step, {AT_ONCE} at once: submitted, executed, awaited"),
        format!("{rate:.0} runs/s"),
        "–",
    );
    drop(engine);
    place.remove().await
}
