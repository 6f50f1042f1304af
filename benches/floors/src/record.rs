//! What is written for a step.

/// What a step with a result of 100 bytes puts into the texts of its row in `prose_commits`, on average of a flow of ten steps: the bytes
/// that a bare insert has to write as well. See `bytes_of_a_commit` of `bench-prose`.
pub(crate) const DATA_BYTES: usize = 135;

/// One step of one run.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) run: i64,
    pub(crate) seq: i64,
    pub(crate) data: String,
}

impl Record {
    pub(crate) fn new(run: usize, seq: usize) -> Self {
        Self { run: run as i64, seq: seq as i64, data: "x".repeat(DATA_BYTES) }
    }
}
