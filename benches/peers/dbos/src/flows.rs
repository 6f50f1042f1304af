//! The flows that are measured.

use std::sync::Arc;
use std::time::Duration;

use bench_peers::Watch;
use bench_protocol::payload;
use dbos::{DBOS, Error, Result, WorkflowRef, step};
use futures_util::future::try_join_all;

/// A flow of so many steps; its input is the run's number.
pub(crate) fn steps(dbos: &DBOS, steps: usize, watch: Arc<Watch>) -> Result<WorkflowRef<usize, ()>> {
    dbos.register_workflow("steps", move |run: usize| {
        let watch = watch.clone();
        async move {
            let watch = &watch;
            for number in 0..steps {
                step("step", || async move {
                    watch.body(run, number).await;
                    Ok::<_, Error>(payload(run, number))
                })
                .await?;
            }
            Ok(())
        }
    })
}

/// So many steps, all of them at once, as its docs say: made in order, then awaited together.
pub(crate) fn fan_out(dbos: &DBOS, width: usize) -> Result<WorkflowRef<usize, ()>> {
    dbos.register_workflow("fan-out", move |run: usize| async move {
        let steps =
            (0..width).map(|number| step("element", move || async move { Ok::<_, Error>(payload(run, number)) }));
        try_join_all(steps.collect::<Vec<_>>()).await.map(drop)
    })
}

/// Sleeps for longer than the benchmark takes.
pub(crate) fn sleeper(dbos: &DBOS) -> Result<WorkflowRef<usize, ()>> {
    dbos.register_workflow("sleeper", |_run: usize| dbos::sleep(Duration::from_secs(24 * 3600)))
}
