//! A commit as the columns of its row, and back. Pure.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::ser::{Error as _, SerializeMap, Serializer};

use super::RowError;
use crate::Json;
use crate::store::checkpoint::State;
use crate::store::{Commit, Phase, Position, Write};

/// The columns of a commit's row, but for what places it in its log (run, seq, epoch, instant). Lists and objects are JSON; what is
/// empty is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitRow {
    /// The step at which the run stands.
    pub point: Option<String>,
    /// `entered` or `done`.
    pub phase: Option<Cow<'static, str>>,
    /// The iteration of each loop around it: a list.
    pub iterations: Option<String>,
    /// The steps that were completed: a list.
    pub completed: Option<String>,
    /// The variables that are gone: a list.
    pub dropped: Option<String>,
    /// New values by variable: an object, so that a shell can look into it.
    pub writes: Option<String>,
    /// What can be undone of the completed steps: a list.
    pub compensable: Option<String>,
    /// What it says of the run's undoing.
    pub undoing: Option<String>,
    /// The status in which the run ended with it; for readers of the table. The rest of an ending stands in an [`EndingRow`](super::EndingRow).
    pub ending: Option<&'static str>,
    /// The code that wrote the position, as [`print_fingerprint`] prints it.
    pub fingerprint: Option<String>,
}

impl CommitRow {
    /// The columns of a commit.
    ///
    /// # Errors
    /// If something of it cannot be written as JSON.
    pub fn new(commit: &Commit) -> Result<Self, serde_json::Error> {
        let position = commit.position.as_ref();
        Ok(Self {
            point: position.map(|position| position.step.clone()),
            phase: position.map(|position| Cow::Borrowed(phase(position.phase))),
            iterations: position.map(|position| list(&position.at)).transpose()?.flatten(),
            completed: list(&commit.completed)?,
            dropped: list(&commit.dropped)?,
            writes: writes(&commit.writes)?,
            compensable: list(&commit.compensable)?,
            undoing: commit.undoing.as_ref().map(serde_json::to_string).transpose()?,
            ending: commit.ending.as_ref().map(|ending| ending.status().as_str()),
            fingerprint: commit.fingerprint.map(print_fingerprint),
        })
    }

    /// Bytes of it, about.
    pub fn size(&self) -> usize {
        let texts = [&self.point, &self.completed, &self.dropped, &self.writes, &self.compensable, &self.undoing];
        texts.into_iter().flatten().map(String::len).sum()
    }

    /// The commit, at this place of its log, without its ending, its events and its signals, which have rows of their own.
    ///
    /// # Errors
    /// If a column does not hold what [`new`](Self::new) puts there.
    pub fn into_commit(self, seq: u64) -> Result<Commit, RowError> {
        let (phase, iterations) = (self.phase, self.iterations);
        Ok(Commit {
            seq,
            position: self.point.map(|step| position(step, phase.as_deref(), iterations)).transpose()?,
            completed: read(self.completed)?.unwrap_or_default(),
            dropped: read(self.dropped)?.unwrap_or_default(),
            writes: read(self.writes)?.map(read_writes).unwrap_or_default(),
            compensable: read(self.compensable)?.unwrap_or_default(),
            events: Vec::new(),
            signals: Vec::new(),
            undoing: read(self.undoing)?,
            ending: None,
            fingerprint: self.fingerprint.as_deref().map(parse_fingerprint).transpose()?,
        })
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Entered => "entered",
        Phase::Done => "done",
    }
}

fn position(step: String, phase: Option<&str>, iterations: Option<String>) -> Result<Position, RowError> {
    let phase = match phase {
        Some("entered") => Phase::Entered,
        Some("done") => Phase::Done,
        other => return Err(RowError::Content(format!("`{}` is no phase", other.unwrap_or("null")))),
    };
    Ok(Position { step, phase, at: read(iterations)?.unwrap_or_default() })
}

fn list<T: Serialize>(items: &[T]) -> Result<Option<String>, serde_json::Error> {
    if items.is_empty() { Ok(None) } else { serde_json::to_string(items).map(Some) }
}

fn read<T: DeserializeOwned>(json: Option<String>) -> Result<Option<T>, serde_json::Error> {
    json.map(|json| serde_json::from_str(&json)).transpose()
}

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

fn read_writes(state: State) -> Vec<Write> {
    state.iter().map(|(name, value)| Write { name: name.to_owned(), value: value.clone() }).collect()
}

/// As it stands in columns: 16 hexadecimal digits, because the integers of databases have a sign.
pub fn print_fingerprint(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}

/// The other way round.
///
/// # Errors
/// If it is none.
pub fn parse_fingerprint(digits: &str) -> Result<u64, RowError> {
    u64::from_str_radix(digits, 16).map_err(|_| RowError::Content(format!("`{digits}` is no fingerprint")))
}

/// A count as it stands in columns. No run has 2^63 commits or claims; the last number is never reached.
pub fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Compensable, Ending, Undoing};

    #[test]
    fn a_commit_comes_back_from_its_row_but_for_the_ending() {
        let json = |text: &str| Json::parse(text.to_owned()).unwrap();
        let ending = Ending::Failed { step: None, error: "boom".to_owned() };
        let commit = Commit {
            position: Some(Position { step: "a".to_owned(), phase: Phase::Done, at: vec![2, 0] }),
            completed: vec!["a".to_owned()],
            writes: vec![Write { name: "x".to_owned(), value: json("1.50") }],
            dropped: vec!["y".to_owned()],
            compensable: vec![Compensable { step: "a".to_owned(), at: vec![2, 0], outputs: State::default() }],
            undoing: Some(Undoing::Begun(ending.clone())),
            ending: Some(ending),
            fingerprint: Some(u64::MAX),
            ..Commit::empty(7)
        };
        let row = CommitRow::new(&commit).unwrap();
        assert_eq!((row.writes.as_deref(), row.ending), (Some(r#"{"x":1.50}"#), Some("failed")));
        assert_eq!(row.into_commit(7).unwrap(), Commit { ending: None, ..commit });
        let empty = CommitRow::new(&Commit::empty(1)).unwrap();
        assert_eq!((empty.size(), &empty), (0, &CommitRow::default()));
    }

    #[test]
    fn what_nobody_writes_is_told() {
        let told = |row: CommitRow| row.into_commit(1).unwrap_err().to_string();
        let at = |phase: &'static str| CommitRow {
            point: Some("a".to_owned()),
            phase: Some(phase.into()),
            ..CommitRow::default()
        };
        assert_eq!(told(at("left")), "`left` is no phase");
        assert_eq!(told(CommitRow { phase: None, ..at("done") }), "`null` is no phase");
        let fingerprint = Some("xyz".to_owned());
        assert_eq!(told(CommitRow { fingerprint, ..CommitRow::default() }), "`xyz` is no fingerprint");
        assert!(told(CommitRow { completed: Some("[".to_owned()), ..CommitRow::default() }).contains("EOF"));
    }
}
