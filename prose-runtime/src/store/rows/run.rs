//! A run's own row, with its details, as it was read. Pure.

use super::{EndingRow, LogFold, RowError, WaitRow, parse_fingerprint};
use crate::Json;
use crate::store::{Ending, NewRun, RunKey, RunState, from_millis};

/// What a table holds of a run beside its commits.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// The run's uid.
    pub uid: String,
    /// The flow's name.
    pub flow: String,
    /// The flow's version.
    pub version: u32,
    /// The code that created it, as [`print_fingerprint`](super::print_fingerprint) prints it.
    pub fingerprint: String,
    /// Its status.
    pub status: String,
    /// When it was created, in milliseconds since 1970.
    pub created_at: i64,
    /// Its correlation id.
    pub correlation_id: String,
    /// Its input: JSON.
    pub input: String,
    /// The rest of its ending: see [`EndingRow`].
    pub output: Option<String>,
    /// As there.
    pub failed_step: Option<String>,
    /// As there.
    pub error: Option<String>,
    /// What it waits for, if it waits.
    pub wait: WaitRow,
    /// Whether it was asked to end as cancelled.
    pub cancel_asked: bool,
    /// The id of the run whose step it is.
    pub parent: Option<String>,
}

impl RunRow {
    /// The run, with its log, whose last commit was written at `last_at` (in milliseconds since 1970).
    ///
    /// # Errors
    /// If a column does not hold what is written there.
    pub fn into_state(self, key: &RunKey, fold: LogFold, last_at: i64) -> Result<RunState, RowError> {
        let mut folded = fold.folded;
        folded.ending = match EndingRow::read(&self.status, self.output, self.failed_step, self.error)? {
            Some(Ending::Waiting { .. }) => {
                let WaitRow { until, signal } = self.wait;
                Some(Ending::Waiting { until: until.map(from_millis), signal, children: 0 })
            }
            ending => ending,
        };
        let run = NewRun {
            key: key.clone(),
            uid: self.uid,
            flow: self.flow,
            version: self.version,
            fingerprint: parse_fingerprint(&self.fingerprint)?,
            input: Json::parse(self.input)?,
            correlation_id: self.correlation_id,
            created_at: from_millis(self.created_at),
            parent: self.parent.map(|run_id| RunKey { run_id, ..key.clone() }),
        };
        Ok(RunState { run, folded, updated_at: from_millis(last_at), cancel_asked: self.cancel_asked })
    }
}
