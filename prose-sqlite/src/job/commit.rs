//! Appending to a run's log, and folding it.

use prose::store::Lease;
use prose::store::rows::{CommitRow, Log, LogFold, RowError, integer};
use rusqlite::{OptionalExtension, params, params_from_iter};

use super::{Answer, Batch, Migration};
use crate::clock;
use crate::load;
use crate::statement::{APPEND, APPEND_KNOWN, Append, FENCE, Place, Statement, values};

impl Batch<'_> {
    /// Appends, and folds the log of this run then, if there is one.
    pub(super) fn commit(&mut self, append: &Append, fold: Option<&Lease>) -> rusqlite::Result<Answer> {
        if !self.append(append)? {
            return self.refuse(append.place.run, append.place.epoch);
        }
        self.run_all(&append.behind)?;
        if append.ends {
            self.tails.forget(append.place.run);
        }
        if let Some(wake) = &append.wake
            && self.is_child(append.place.run)?
        {
            self.run_one(wake)?;
        }
        let folded = fold.map(|lease| self.fold(lease)).transpose()?.flatten();
        Ok(Answer::Committed { ended: append.ends, folded })
    }

    /// The fence; `false` if it refuses the commit.
    fn append(&mut self, append: &Append) -> rusqlite::Result<bool> {
        if let Some(at) = self.tails.append(append) {
            if cfg!(debug_assertions) {
                self.assert_known(append, at)?;
            }
            return self.append_known(&Place { at, ..append.place }, &append.row).map(|()| true);
        }
        let passed = self.prepared(APPEND)?.execute(params_from_iter(append.values()))? > 0;
        if passed {
            let Place { run, seq, .. } = append.place;
            // `returning` would need a table of its own.
            let at = "select at from prose_commits where run = ?1 and seq = ?2";
            let at = self.prepared(at)?.query_row([run, seq], |row| row.get(0))?;
            self.tails.learn(append, at);
        }
        Ok(passed)
    }

    /// A row that is the next one of its log for sure.
    pub(super) fn append_known(&mut self, place: &Place, row: &CommitRow) -> rusqlite::Result<()> {
        self.prepared(APPEND_KNOWN)?.execute(values(place, row)).map(drop)
    }

    /// Asks the fence as well, so that all tests find out who ends a claim and does not tell [`Tails`](super::Tails).
    fn assert_known(&mut self, append: &Append, at: i64) -> rusqlite::Result<()> {
        let asked: (Option<i64>, Option<i64>) =
            self.prepared(FENCE)?.query_row(params_from_iter(append.values()), |row| Ok((row.get(0)?, row.get(1)?)))?;
        assert_eq!(asked, (Some(append.place.run), Some(at)), "the fence knows otherwise");
        Ok(())
    }

    fn is_child(&mut self, run: i64) -> rusqlite::Result<bool> {
        self.prepared("select 1 from prose_runs where run = ?1 and parent is not null")?.exists([run])
    }

    pub(super) fn fenced(&self, lease: &Lease) -> rusqlite::Result<Answer> {
        self.refuse(lease.row, integer(lease.epoch))
    }

    fn refuse(&self, run: i64, epoch_of_lease: i64) -> rusqlite::Result<Answer> {
        let epoch = self
            .sql
            .prepare_cached("select epoch from prose_runs where run = ?1")?
            .query_row([run], |row| row.get::<_, i64>(0))
            .optional()?;
        Ok(Answer::Fenced { replaced: epoch != Some(epoch_of_lease) })
    }

    pub(super) fn migrate(&mut self, run: &Migration) -> rusqlite::Result<Answer> {
        if !self.append(&run.append)? {
            return self.fenced(&run.lease);
        }
        let row = run.lease.row;
        let log = self.replace_log(row, run.seq, &run.folded)?;
        self.sql
            .prepare_cached("update prose_runs set version = ?2, updated_at = max(?3, updated_at) where run = ?1")?
            .execute(params![row, run.version, clock::now()])?;
        self.sql
            .prepare_cached("update prose_details set input = ?2 where run = ?1")?
            .execute(params![row, run.input])?;
        Ok(Answer::Committed { ended: false, folded: Some(log) })
    }

    pub(super) fn run_all(&mut self, statements: &[Statement]) -> rusqlite::Result<()> {
        statements.iter().try_for_each(|statement| self.run_one(statement))
    }

    pub(super) fn run_one(&mut self, statement: &Statement) -> rusqlite::Result<()> {
        self.prepared(statement.sql)?.execute(params_from_iter(&statement.values)).map(drop)
    }

    /// Replaces the commits of a run by their fold, but for the last one: its `seq` is what the next one continues.
    pub(super) fn fold(&self, lease: &Lease) -> rusqlite::Result<Option<Log>> {
        let snapshot: Option<String> = self
            .sql
            .prepare_cached("select folded from prose_snapshots where run = ?1")?
            .query_row([lease.row], |row| row.get(0))
            .optional()?;
        let folded = load::fold(self.sql, lease.row, snapshot.as_deref()).and_then(|(LogFold { folded, .. }, _)| {
            let text = serde_json::to_string(&folded).map_err(RowError::from)?;
            Ok((folded.seq, text))
        });
        let (seq, text) = match folded {
            Ok(folded) => folded,
            Err(load::Unreadable::Sqlite(error)) => return Err(error),
            // The log stays as it is, for whoever can repair it. This commit is fine.
            Err(error) => {
                tracing::warn!(run = %lease.key, file = %self.path.display(), %error, "the log cannot be folded");
                return Ok(None);
            }
        };
        self.replace_log(lease.row, seq, &text).map(Some)
    }

    /// Puts a snapshot in the place of all commits in front of this one.
    fn replace_log(&self, run: i64, seq: u64, folded: &str) -> rusqlite::Result<Log> {
        self.sql
            .prepare_cached(
                "insert into prose_snapshots (run, seq, folded) values (?1, ?2, ?3) \
                 on conflict (run) do update set seq = excluded.seq, folded = excluded.folded",
            )?
            .execute(params![run, integer(seq), folded])?;
        self.sql
            .prepare_cached("delete from prose_commits where run = ?1 and seq < ?2")?
            .execute(params![run, integer(seq)])?;
        Ok(Log::folded(folded.len()))
    }
}
