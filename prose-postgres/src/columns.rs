//! A commit as the columns of its row, of its events' rows, and what it changes of its run's, with text that Postgres can hold:
//! what is not JSON is escaped.

use prose::store::rows::{CommitRow, EndingRow, EventRow};
use prose::store::{Commit, SignalUse, Status, Undoing};

use crate::text::escaped;

/// The columns of a commit.
pub(crate) fn row(commit: &Commit) -> Result<CommitRow, serde_json::Error> {
    let row = CommitRow::new(commit)?;
    Ok(CommitRow { point: row.point.map(escaped), ..row })
}

/// The columns of its events.
pub(crate) fn events(commit: &Commit) -> Result<Vec<EventRow>, serde_json::Error> {
    let event = |outgoing| EventRow::new(outgoing).map(|row| EventRow { channel: escaped(row.channel), ..row });
    commit.events.iter().map(event).collect()
}

/// What it makes of signals.
pub(crate) fn signals(commit: &Commit) -> Vec<SignalUse> {
    let signal = |signal: &SignalUse| SignalUse { refused: signal.refused.clone().map(escaped), ..signal.clone() };
    commit.signals.iter().map(signal).collect()
}

/// What a commit changes of the run's row and details.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The run's status from now on, and what else an ending says.
    pub(crate) row: EndingRow,
    /// Its undoing begins.
    pub(crate) begins: bool,
    /// It ends, or at least this claim of it.
    pub(crate) ends: bool,
}

impl Change {
    /// `None` if the run goes on as it was.
    pub(crate) fn by(commit: &Commit) -> Option<Self> {
        let begins = matches!(commit.undoing, Some(Undoing::Begun(_)));
        let Some(ending) = &commit.ending else {
            let status = Status::Compensating.as_str();
            let row = EndingRow { status, output: None, failed_step: None, error: None };
            return begins.then_some(Self { row, begins, ends: false });
        };
        let row = EndingRow::new(ending);
        let row = EndingRow { failed_step: row.failed_step.map(escaped), error: row.error.map(escaped), ..row };
        Some(Self { row, begins, ends: true })
    }

    /// Bytes, about.
    pub(crate) fn size(&self) -> usize {
        [&self.row.output, &self.row.error].into_iter().flatten().map(String::len).sum()
    }
}
