//! What is written for a step.

use bench_protocol::{COMMIT_BYTES, text};

/// One step of one run.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) run: i64,
    pub(crate) seq: i64,
    /// As many bytes as a commit of prose has.
    pub(crate) data: String,
}

impl Record {
    pub(crate) fn new(run: usize, seq: usize) -> Self {
        Self { run: run as i64, seq: seq as i64, data: text(run, seq, COMMIT_BYTES) }
    }
}
