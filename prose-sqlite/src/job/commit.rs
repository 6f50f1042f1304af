//! Appending to a run's log, and folding it.

use prose::store::Lease;
use prose::store::rows::{Log, LogFold, RowError, integer};
use rusqlite::{OptionalExtension, params};

use super::{Answer, Batch, Migration};
use crate::clock;
use crate::load;
use crate::statement::{APPEND, Append, Statement, Value};

impl Batch<'_> {
    /// Appends, and folds the log of this run then, if there is one.
    pub(super) fn commit(&mut self, append: &Append, fold: Option<&Lease>) -> rusqlite::Result<Answer> {
        if self.append(&append.fenced)? == 0 {
            return self.refuse(append.run, append.epoch);
        }
        self.run_all(&append.behind)?;
        if let Some(wake) = &append.wake
            && self.is_child(append.run)?
        {
            wake.run(self.sql)?;
        }
        let folded = fold.map(|lease| self.fold(lease)).transpose()?.flatten();
        Ok(Answer::Committed { ended: append.ends, folded })
    }

    /// Most of a batch are commits, so its statement is looked for once.
    fn append(&mut self, values: &[Value]) -> rusqlite::Result<usize> {
        let prepared = match &mut self.appending {
            Some(prepared) => prepared,
            none => none.insert(self.sql.prepare_cached(APPEND)?),
        };
        prepared.execute(rusqlite::params_from_iter(values))
    }

    fn is_child(&self, run: i64) -> rusqlite::Result<bool> {
        self.sql.prepare_cached("select 1 from prose_runs where run = ?1 and parent is not null")?.exists([run])
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
        if self.append(&run.append.fenced)? == 0 {
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

    pub(super) fn run_all(&self, statements: &[Statement]) -> rusqlite::Result<()> {
        statements.iter().try_for_each(|statement| statement.run(self.sql).map(drop))
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
