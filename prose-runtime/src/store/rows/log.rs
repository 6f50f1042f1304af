//! A run's log of rows: what it folds into, and when it is time to put that in its place. Pure.

use super::{CommitRow, RowError};
use crate::store::fold::Folded;

/// How long a run's log is behind its snapshot, and how long the snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Rows behind the snapshot.
    pub commits: usize,
    /// Their bytes, about.
    pub bytes: usize,
    /// The snapshot's bytes.
    pub snapshot_bytes: usize,
}

/// A run is folded when its log is as long as what it folds into, so that folding costs no more than appending; and
/// before it has so many rows that reading them is slow.
const FOLD_FROM: usize = 64;
/// To read a row takes about as long as to read so many bytes of a fold. A long fold may wait for more rows: else a state that
/// grows, as by the elements of a fan-out, would be written again and again.
const ROW: usize = 128;

impl Log {
    /// So many rows are folded, unless what they fold into is longer than they are.
    pub const MOST_COMMITS: u64 = 1_024;

    /// Of a run that was just folded into so many bytes.
    pub fn folded(snapshot_bytes: usize) -> Self {
        Self { snapshot_bytes, ..Self::default() }
    }

    /// Whether it is time to fold.
    pub fn is_due(&self) -> bool {
        let many = self.commits as u64 >= Self::MOST_COMMITS && self.commits * ROW >= self.snapshot_bytes;
        self.commits >= FOLD_FROM && (self.bytes >= self.snapshot_bytes || many)
    }
}

/// A log that is being read: its snapshot, and the rows behind it one after the other.
#[derive(Clone, Debug)]
pub struct LogFold {
    /// What has been read, folded. An ending is no part of it: that stands in the run's own row.
    pub folded: Folded,
    /// How long the log is.
    pub log: Log,
    start: u64,
}

impl LogFold {
    /// Begins behind a snapshot, or at the log's start if there is none.
    ///
    /// # Errors
    /// If the snapshot is none.
    pub fn behind(snapshot: Option<&str>) -> Result<Self, RowError> {
        let folded: Folded = snapshot.map(serde_json::from_str).transpose()?.unwrap_or_default();
        Ok(Self { start: folded.seq, folded, log: Log::folded(snapshot.map_or(0, str::len)) })
    }

    /// Adds the next row. The one that the snapshot ends with is kept in the table, and is in it already: it changes nothing.
    ///
    /// # Errors
    /// If a row is missing in front of it, or it does not hold a commit.
    pub fn add(&mut self, seq: u64, row: CommitRow) -> Result<(), RowError> {
        let bytes = row.size();
        let commit = row.into_commit(seq)?;
        if seq <= self.start {
            return Ok(());
        }
        if seq != self.folded.seq + 1 {
            return Err(RowError::Content(format!("commit {} of its log is missing", self.folded.seq + 1)));
        }
        self.log.commits += 1;
        self.log.bytes += bytes;
        self.folded.apply(commit);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_folded_when_it_is_as_long_as_its_snapshot() {
        assert!(!Log { commits: 63, bytes: 9_000, snapshot_bytes: 0 }.is_due());
        assert!(Log { commits: 64, bytes: 10, snapshot_bytes: 10 }.is_due());
        assert!(!Log { commits: 64, bytes: 10, snapshot_bytes: 5_000 }.is_due());
        assert!(Log { commits: 1_024, bytes: 10, snapshot_bytes: 5_000 }.is_due());
        assert!(!Log { commits: 1_024, bytes: 10, snapshot_bytes: 1_000_000 }.is_due());
    }

    /// As by a fan-out over many elements: all folds together are no longer than twice what was written, rows and all.
    #[test]
    fn a_state_that_grows_is_not_folded_again_and_again() {
        for element in [20, 200, 2_000] {
            let (mut log, mut state, mut written, mut folded) = (Log::default(), 0, 0, 0);
            for _ in 0..100_000 {
                log.commits += 1;
                log.bytes += element;
                state += element;
                written += element + ROW;
                if log.is_due() {
                    folded += state;
                    log = Log { snapshot_bytes: state, ..Log::default() };
                }
            }
            assert!(folded <= 2 * written, "{folded} bytes of folds for {written} bytes");
        }
    }

    #[test]
    fn a_log_is_read_behind_its_snapshot_and_without_a_gap() {
        let snapshot = serde_json::to_string(&Folded { seq: 4, ..Folded::default() }).unwrap();
        let mut fold = LogFold::behind(Some(&snapshot)).unwrap();
        for seq in [4, 5] {
            fold.add(seq, CommitRow::default()).unwrap();
        }
        let log = Log { commits: 1, ..Log::folded(snapshot.len()) };
        assert_eq!((fold.folded.seq, fold.log), (5, log));
        let gap = fold.add(7, CommitRow::default()).unwrap_err().to_string();
        assert_eq!(gap, "commit 6 of its log is missing");
    }
}
