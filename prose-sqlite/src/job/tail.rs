//! Where the logs of runs end that are executed here: so most commits are appended without a look at what is in the file.

use std::collections::HashMap;

use prose::store::Lease;
use prose::store::rows::integer;
use rusqlite::Connection;

use crate::statement::{Append, Place};

/// The last row of a run's log, and the claim that holds the run.
#[derive(Debug)]
struct Tail {
    uid: String,
    epoch: i64,
    seq: i64,
    at: i64,
}

/// What this connection has written itself, while no other one writes. Everything that ends a claim, or what a run's log ends with, must be
/// told here as well; what is not known is looked up.
#[derive(Debug, Default)]
pub(crate) struct Tails {
    of_runs: HashMap<i64, Tail>,
    /// What SQLite says when another connection has written, of whatever process.
    version: i64,
}

impl Tails {
    /// Forgets everything if anybody else has written. Within a transaction that may write: so nobody does until it ends.
    pub(crate) fn check(&mut self, sql: &Connection) -> rusqlite::Result<()> {
        let version = sql.prepare_cached("pragma data_version")?.query_row([], |row| row.get(0))?;
        if version != self.version {
            *self = Self { of_runs: HashMap::new(), version };
        }
        Ok(())
    }

    /// A run was claimed, and its log ends there.
    pub(crate) fn set(&mut self, lease: &Lease, seq: i64, at: i64) {
        let (uid, epoch) = (lease.uid.clone(), integer(lease.epoch));
        self.of_runs.insert(lease.row, Tail { uid, epoch, seq, at });
    }

    /// The fence has let a commit pass: its instant is the one that was written.
    pub(crate) fn learn(&mut self, append: &Append, at: i64) {
        let Place { run, seq, epoch, .. } = append.place;
        self.of_runs.insert(run, Tail { uid: append.uid.clone(), epoch, seq, at });
    }

    /// The claim has ended, or was raised.
    pub(crate) fn forget(&mut self, run: i64) {
        self.of_runs.remove(&run);
    }

    /// Puts a commit at the end of its log, and tells its instant; `None` where it has to be looked up whether it may be.
    pub(crate) fn append(&mut self, append: &Append) -> Option<i64> {
        let Place { run, seq, epoch, at } = append.place;
        let tail = self.of_runs.get_mut(&run)?;
        if (tail.epoch, tail.seq + 1) != (epoch, seq) || tail.uid != append.uid {
            return None;
        }
        (tail.seq, tail.at) = (seq, tail.at.max(at));
        Some(tail.at)
    }
}
