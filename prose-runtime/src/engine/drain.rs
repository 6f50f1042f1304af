//! Ending an engine.

use std::time::Duration;

use tokio::time::Instant;

use super::{Core, Engine};

/// What became of the runs that an engine was executing when it was drained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// So many came to an end, or to a point where they wait, within the grace time.
    pub finished: usize,
    /// So many were cut off in the midst of a step, and given back: others go on with them at once, and run that step again.
    pub given_back: usize,
}

/// Where an engine is in its life.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    Works,
    /// It takes no more work, and is over by then.
    Ends(Instant),
    Over(Drained),
}

impl Phase {
    pub(super) fn works(self) -> bool {
        matches!(self, Self::Works)
    }
}

impl Engine {
    /// Takes no more work, lets what runs go on for `grace`, then gives the rest back, so that other engines take it over at once. Returns when
    /// all that is written. For a process that is told to end (SIGTERM); submitting, signalling and waiting still work behind it. What is
    /// submitted then waits for another engine, and so does whoever waits for that.
    pub async fn drain(&self, grace: Duration) -> Drained {
        let core = self.core();
        core.stop_within(grace);
        let mut phase = core.phase.subscribe();
        let over = phase.wait_for(|phase| matches!(phase, Phase::Over(_))).await;
        match over.as_deref() {
            Ok(Phase::Over(drained)) => *drained,
            _ => Drained::default(),
        }
    }
}

impl Core {
    /// The engine ends within this time, or sooner if it was told so before.
    pub(super) fn stop_within(&self, grace: Duration) {
        let now = Instant::now();
        let at = now.checked_add(grace).unwrap_or(now + FOR_EVER);
        self.phase.send_if_modified(|phase| {
            let is_sooner = match *phase {
                Phase::Works => true,
                Phase::Ends(before) => at < before,
                Phase::Over(_) => false,
            };
            if is_sooner {
                *phase = Phase::Ends(at);
            }
            is_sooner
        });
    }

    /// By when it is to be over.
    pub(super) fn ends_at(&self) -> Instant {
        match *self.phase.borrow() {
            Phase::Ends(at) if !self.stop.is_cancelled() => at,
            _ => Instant::now(),
        }
    }
}

/// Tokio's own far future: thirty years.
const FOR_EVER: Duration = Duration::from_secs(86_400 * 365 * 30);
