//! The flows that are measured: orchestrations and their activities. The input is the run's number.

use std::sync::Arc;
use std::time::Duration;

use bench_peers::Watch;
use bench_protocol::payload;
use duroxide::runtime::registry::{ActivityRegistry, ActivityRegistryBuilder, OrchestrationRegistryBuilder};
use duroxide::{ActivityContext, OrchestrationContext, OrchestrationRegistry};

use crate::engine::Ends;

/// The activity that all flows do.
pub(crate) fn step(watch: Arc<Watch>) -> ActivityRegistryBuilder {
    ActivityRegistry::builder().register_typed("step", move |_: ActivityContext, (run, step): (usize, usize)| {
        let watch = watch.clone();
        async move {
            watch.body(run, step).await;
            Ok(payload(run, step))
        }
    })
}

/// One activity after another.
pub(crate) fn steps(steps: usize, ends: Arc<Ends>) -> OrchestrationRegistryBuilder {
    OrchestrationRegistry::builder().register_typed("steps", move |ctx: OrchestrationContext, run: usize| {
        let ends = ends.clone();
        async move {
            for step in 0..steps {
                ctx.schedule_activity_typed::<_, String>("step", &(run, step)).await?;
            }
            ends.ended(run);
            Ok(())
        }
    })
}

/// All activities at once.
pub(crate) fn fan_out(width: usize, ends: Arc<Ends>) -> OrchestrationRegistryBuilder {
    OrchestrationRegistry::builder().register_typed("fan-out", move |ctx: OrchestrationContext, run: usize| {
        let ends = ends.clone();
        async move {
            let scheduled = (0..width).map(|step| ctx.schedule_activity_typed::<_, String>("step", &(run, step)));
            let results = ctx.join(scheduled.collect()).await;
            results.into_iter().collect::<Result<Vec<_>, _>>()?;
            ends.ended(run);
            Ok(())
        }
    })
}

/// Sleeps for longer than the benchmark takes.
pub(crate) fn sleeper() -> OrchestrationRegistryBuilder {
    OrchestrationRegistry::builder().register_typed("sleeper", |ctx: OrchestrationContext, _run: usize| async move {
        ctx.schedule_timer(Duration::from_secs(24 * 3600)).await;
        Ok(())
    })
}
