//! What the body of each step tells.

use bench_protocol::Beats;

use crate::{FirstStep, Stop};

/// Who is told when a step's body begins.
#[derive(Debug)]
pub enum Watch {
    /// The time from body to body.
    Beats(Beats),
    /// The time until the first one.
    First(FirstStep),
    /// The engine dies in one of them.
    Stop(Stop),
}

impl Watch {
    /// To be called first in a step's body; both count from 0.
    pub async fn body(&self, run: usize, step: usize) {
        match self {
            Self::Beats(beats) => beats.mark(run, step),
            Self::First(first) => first.mark(),
            Self::Stop(stop) => stop.body(step).await,
        }
    }

    /// Prints `p50_us` and `p99_us` of the times from body to body.
    pub fn emit(&self) {
        if let Self::Beats(beats) = self {
            beats.emit();
        }
    }
}
