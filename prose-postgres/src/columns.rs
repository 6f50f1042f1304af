//! A commit as the columns of its row, and back.

use prose::Json;
use prose::store::checkpoint::State;
use prose::store::{Commit, Ending, Phase, Position, Undoing, Write};
use serde::Serialize;
use serde::ser::{Error as _, SerializeMap, Serializer};

use crate::text::escape;

/// The columns of a commit from `point` on. What is not JSON is escaped.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) point: Option<String>,
    pub(crate) phase: Option<&'static str>,
    pub(crate) iterations: Option<String>,
    pub(crate) completed: Option<String>,
    pub(crate) dropped: Option<String>,
    pub(crate) writes: Option<String>,
    pub(crate) compensable: Option<String>,
    pub(crate) undoing: Option<String>,
    pub(crate) ending: Option<&'static str>,
    pub(crate) fingerprint: Option<String>,
}

impl Columns {
    pub(crate) fn new(commit: &Commit) -> Result<Self, serde_json::Error> {
        let position = commit.position.as_ref();
        Ok(Self {
            point: position.map(|position| escape(&position.step).into_owned()),
            phase: position.map(|position| phase(position.phase)),
            iterations: position.map(|position| list(&position.at)).transpose()?.flatten(),
            completed: list(&commit.completed)?,
            dropped: list(&commit.dropped)?,
            writes: writes(&commit.writes)?,
            compensable: list(&commit.compensable)?,
            undoing: commit.undoing.as_ref().map(serde_json::to_string).transpose()?,
            ending: commit.ending.as_ref().map(word),
            fingerprint: commit.fingerprint.map(fingerprint),
        })
    }

    /// Bytes, about.
    pub(crate) fn size(&self) -> usize {
        let texts = [&self.point, &self.completed, &self.dropped, &self.writes, &self.compensable, &self.undoing];
        texts.into_iter().flatten().map(String::len).sum()
    }
}

/// What a commit changes of the run's row and details.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The run's status from now on.
    pub(crate) status: &'static str,
    /// Its undoing begins.
    pub(crate) begins: bool,
    /// It ends, or at least this claim of it.
    pub(crate) ends: bool,
    pub(crate) output: Option<String>,
    pub(crate) step: Option<String>,
    pub(crate) error: Option<String>,
}

impl Change {
    /// `None` if the run goes on as it was.
    pub(crate) fn by(commit: &Commit) -> Option<Self> {
        let begins = matches!(commit.undoing, Some(Undoing::Begun(_)));
        let Some(ending) = &commit.ending else {
            let status = "compensating";
            return begins.then_some(Self { status, begins, ends: false, output: None, step: None, error: None });
        };
        let (output, step, error) = match ending {
            Ending::Completed { output } => (Some(output.as_str().to_owned()), &None, None),
            Ending::Failed { step, error } => (None, step, Some(error)),
            Ending::Cancelled { step } => (None, step, None),
            Ending::Blocked { step, reason } => (None, step, Some(reason)),
        };
        let escaped = |text: &String| escape(text).into_owned();
        let (step, error) = (step.as_ref().map(escaped), error.map(escaped));
        Some(Self { status: word(ending), begins, ends: true, output, step, error })
    }

    /// Bytes, about.
    pub(crate) fn size(&self) -> usize {
        [&self.output, &self.error].into_iter().flatten().map(String::len).sum()
    }
}

/// The status of a run that ended so.
fn word(ending: &Ending) -> &'static str {
    match ending {
        Ending::Completed { .. } => "completed",
        Ending::Failed { .. } => "failed",
        Ending::Cancelled { .. } => "cancelled",
        Ending::Blocked { .. } => "blocked",
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Entered => "entered",
        Phase::Done => "done",
    }
}

fn list<T: Serialize>(items: &[T]) -> Result<Option<String>, serde_json::Error> {
    if items.is_empty() { Ok(None) } else { serde_json::to_string(items).map(Some) }
}

/// An object, so that `writes::json ->> 'total'` works in the shell.
fn writes(writes: &[Write]) -> Result<Option<String>, serde_json::Error> {
    if writes.is_empty() {
        return Ok(None);
    }
    let size = writes.iter().map(|write| write.name.len() + write.value.as_str().len() + 4).sum();
    let mut text = Vec::with_capacity(size);
    let mut json = serde_json::Serializer::new(&mut text);
    let mut object = json.serialize_map(Some(writes.len()))?;
    for Write { name, value } in writes {
        object.serialize_entry::<str, Json>(name, value)?;
    }
    object.end()?;
    String::from_utf8(text).map(Some).map_err(serde_json::Error::custom)
}

pub(crate) fn read_writes(json: &str) -> Result<Vec<Write>, serde_json::Error> {
    let state: State = serde_json::from_str(json)?;
    Ok(state.iter().map(|(name, value)| Write { name: name.to_owned(), value: value.clone() }).collect())
}

pub(crate) fn read_position(step: String, phase: Option<&str>, iterations: Option<&str>) -> Result<Position, String> {
    let phase = match phase {
        Some("entered") => Phase::Entered,
        Some("done") => Phase::Done,
        other => return Err(format!("`{}` is no phase", other.unwrap_or("null"))),
    };
    let at = iterations.map(serde_json::from_str).transpose().map_err(|error| error.to_string())?.unwrap_or_default();
    Ok(Position { step, phase, at })
}

/// As it stands in columns: 16 hexadecimal digits, because Postgres' integers have a sign.
pub(crate) fn fingerprint(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}

pub(crate) fn read_fingerprint(digits: &str) -> Result<u64, String> {
    u64::from_str_radix(digits, 16).map_err(|_| format!("`{digits}` is no fingerprint"))
}

/// As it stands in columns. No run has 2^63 commits or claims; the last number is never reached.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
