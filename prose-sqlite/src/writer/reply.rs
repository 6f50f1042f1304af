//! What the writer answers: a claim that nobody takes gives its run back.

use std::sync::Arc;

use prose::store::Lease;

use super::Core;
use crate::job::Answer;

/// An answer; if it is a claim and nobody takes it, the run is given back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) guard: Guard,
}

/// Gives the runs back, if there are any, when it is dropped before [`keep`](Self::keep).
#[derive(Debug)]
pub(crate) struct Guard(pub(super) Vec<(Arc<Core>, Lease)>);

impl Guard {
    /// From now on the runs are their owner's.
    pub(crate) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        for (core, lease) in self.0.drain(..) {
            core.release(&lease);
        }
    }
}
