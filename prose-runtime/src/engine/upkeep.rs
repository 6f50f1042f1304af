//! What an engine looks after beside its own runs: those of dead processes, and requests to cancel.

use std::sync::Arc;

use tokio::time::Instant;

use super::Core;
use super::drain::Phase;

/// Looks again and again, until the engine is over.
pub(super) async fn upkeep(core: Arc<Core>) {
    let mut phase = core.phase.subscribe();
    tokio::select! {
        () = core.stop.cancelled() => {}
        _ = phase.wait_for(|phase| matches!(phase, Phase::Over(_))) => {}
        () = core.look_after() => {}
    }
}

impl Core {
    async fn look_after(&self) {
        let mut asked = self.store.queue().wakes().on_cancel();
        loop {
            asked.mark_unchanged();
            self.recover().await;
            self.pass_on_cancels().await;
            let look_at = Instant::now() + self.settings.poll_interval;
            while tokio::time::timeout_at(look_at, asked.changed()).await.is_ok() {
                self.pass_on_cancels().await;
            }
        }
    }

    async fn recover(&self) {
        match self.store.queue().recover().await {
            Ok(0) => {}
            Ok(runs) => tracing::warn!(runs, "runs of dead instances are taken over"),
            Err(error) => tracing::warn!(%error, "whether instances have died cannot be told"),
        }
    }

    async fn pass_on_cancels(&self) {
        match self.store.queue().asked_to_cancel().await {
            Ok(keys) => keys.iter().for_each(|key| self.store.queue().wakes().cancel(key)),
            Err(error) => tracing::warn!(%error, "which runs were asked to end cannot be told"),
        }
    }
}
