//! How a run ended, as columns of the run's own row, and back. Pure.

use super::RowError;
use crate::Json;
use crate::store::{Ending, Status, to_millis};

/// The columns that say how a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingRow {
    /// The run's status.
    pub status: &'static str,
    /// The output: JSON.
    pub output: Option<String>,
    /// The step that failed, or that was running.
    pub failed_step: Option<String>,
    /// What the error said, or what does not fit.
    pub error: Option<String>,
}

impl EndingRow {
    /// The columns of an ending.
    pub fn new(ending: &Ending) -> Self {
        let (output, failed_step, error) = match ending {
            Ending::Completed { output } => (Some(output.as_str().to_owned()), None, None),
            Ending::Failed { step, error } => (None, step.clone(), Some(error.clone())),
            Ending::Cancelled { step } => (None, step.clone(), None),
            Ending::Blocked { step, reason } => (None, step.clone(), Some(reason.clone())),
            // What it waits for stands in the run's own row: see `WaitRow`.
            Ending::Waiting { .. } => (None, None, None),
        };
        Self { status: ending.status().as_str(), output, failed_step, error }
    }

    /// The ending of a run with these columns; `None` if it goes on. What a waiting run waits for stands in other columns, with
    /// [`WaitRow`].
    ///
    /// # Errors
    /// If the status is none, or the output no JSON.
    pub fn read(
        status: &str,
        output: Option<String>,
        failed_step: Option<String>,
        error: Option<String>,
    ) -> Result<Option<Ending>, RowError> {
        let known = Status::parse(status)
            .ok_or_else(|| RowError::Content(format!("`{status}` is no status that this version knows")))?;
        let (step, said) = (failed_step, error.unwrap_or_default());
        Ok(match known {
            Status::Completed => {
                let output = output.unwrap_or_else(|| "null".to_owned());
                Some(Ending::Completed { output: Json::parse(output)? })
            }
            Status::Failed => Some(Ending::Failed { step, error: said }),
            Status::Cancelled => Some(Ending::Cancelled { step }),
            Status::Blocked => Some(Ending::Blocked { step, reason: said }),
            Status::Waiting => Some(Ending::Waiting { until: None, signal: None, children: 0 }),
            _ => None,
        })
    }
}

/// The columns of a run's row that say what it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitRow {
    /// `wake_at`: until when, in milliseconds since 1970.
    pub until: Option<i64>,
    /// `awaits`: the name of the signal.
    pub signal: Option<String>,
}

impl WaitRow {
    /// The columns of an ending, if it is one that waits.
    pub fn new(ending: &Ending) -> Option<Self> {
        match ending {
            Ending::Waiting { until, signal, .. } => Some(Self { until: until.map(to_millis), signal: signal.clone() }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_comes_back_from_its_columns() {
        let (step, text) = (Some("charge".to_owned()), "no".to_owned());
        for ending in [
            Ending::Completed { output: Json::parse("[1.0]".to_owned()).unwrap() },
            Ending::Failed { step: None, error: text.clone() },
            Ending::Cancelled { step: step.clone() },
            Ending::Blocked { step, reason: text },
        ] {
            let EndingRow { status, output, failed_step, error } = EndingRow::new(&ending);
            assert_eq!(EndingRow::read(status, output, failed_step, error).unwrap(), Some(ending));
        }
        assert_eq!(EndingRow::read("running", None, None, None).unwrap(), None);
        let unknown = EndingRow::read("asleep", None, None, None).unwrap_err().to_string();
        assert_eq!(unknown, "`asleep` is no status that this version knows");
    }
}
