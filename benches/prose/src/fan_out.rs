//! Row d: one run with so many elements.

use std::convert::Infallible;
use std::sync::Arc;

use bench_protocol::{Args, Meter, payload};
use prose::{Ctx, Store, flow};

use crate::{Result, place};

#[flow]
async fn fan_out(_ctx: Ctx, elements: usize) -> Result<usize, Infallible> {
    #[each(concurrency = 1000)]
    let results: Vec<String> = for element in 0..elements {
        payload(0, element)
    };
    Ok(results.len())
}

pub(crate) async fn measure(args: &Args) -> Result<()> {
    let store: Arc<dyn Store> = place::store(args).await?;
    let meter = Meter::start();
    for run in 0..args.runs {
        let done = fan_out(args.steps).durable(&store, format!("run-{run}")).await?;
        assert_eq!(done, args.steps);
    }
    meter.finish(args.all_steps());
    Ok(())
}
