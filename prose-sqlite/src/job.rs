//! What the writer is asked to do, and how each job is done inside a transaction.
//!
//! A job's first write is its fence: if it writes no row, the job is refused and nothing of it was written, while the
//! other jobs of the batch go on. What comes behind the fence fails only if the file does, and then the batch fails.

use std::path::Path;
use std::time::Duration;

use prose::store::rows::{CommitRow, EventRow, Holds, Log, LogFold, RowError, integer, print_fingerprint};
use prose::store::{ClaimRequest, Code, Lease, NewRun, Reclaimed, RunKey, Status, to_millis};
use rusqlite::{Connection, OptionalExtension, params};

use crate::clock;
use crate::instance::Instance;
use crate::load;
use crate::outbox::{self, OutboxJob};
use crate::statement::{Append, Change, Statement};

/// A write.
#[derive(Debug)]
pub(crate) enum Job {
    Create(Box<Creation>),
    Claim(ClaimRequest),
    Commit {
        lease: Lease,
        append: Append,
        fold: bool,
    },
    Migrate(Box<Migration>),
    KeepCode(Code),
    /// Tells other processes that a run is free; here it is known already.
    Release(Lease),
    /// Looks for the commit of this number, with a new epoch.
    Reclaim {
        lease: Lease,
        seq: u64,
    },
    Outbox(OutboxJob),
    Delete(RunKey),
    Prune {
        before: i64,
    },
    /// Nothing but the heartbeat that each batch brings.
    Heartbeat,
}

/// A run that was moved over to another version, encoded.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) lease: Lease,
    /// The commit that takes the next place in the log.
    pub(crate) append: Append,
    pub(crate) version: u32,
    pub(crate) input: String,
    pub(crate) seq: u64,
    pub(crate) folded: String,
}

/// A run and its first commit.
#[derive(Debug)]
pub(crate) struct Creation {
    pub(crate) run: NewRun,
    pub(crate) first: FirstCommit,
}

/// The first commit of a run, encoded.
#[derive(Debug)]
pub(crate) struct FirstCommit {
    pub(crate) seq: u64,
    pub(crate) row: CommitRow,
    pub(crate) events: Vec<EventRow>,
    pub(crate) change: Change,
}

/// What became of a job. It is told only when the transaction is on the disk.
#[derive(Debug)]
pub(crate) enum Answer {
    Created { lease: Lease, ended: bool },
    Exists,
    Missing,
    Claimed { lease: Lease, seq: u64, at: i64, folded: Option<Log> },
    Held(u64),
    Ended,
    OtherFlow(String),
    Committed { ended: bool, folded: Option<Log> },
    Fenced { replaced: bool },
    Kept,
    Reclaimed(Reclaimed),
    Outbox(bool),
    Released,
    Deleted(bool),
    Busy,
    Pruned { runs: u64, more: bool },
    Beaten,
}

/// What the jobs of one transaction work with.
pub(crate) struct Batch<'a> {
    pub(crate) sql: &'a Connection,
    pub(crate) path: &'a Path,
    pub(crate) instance: &'a Instance,
    pub(crate) holds: &'a Holds,
    /// Claims of this transaction, which are not in `holds` yet.
    pub(crate) claimed: Vec<Lease>,
}

/// A run's row as claims see it.
pub(crate) struct Found {
    pub(crate) run: i64,
    uid: String,
    flow: String,
    status: String,
    /// What it had done was undone: its end is final.
    undone: bool,
    pub(crate) epoch: u64,
    pub(crate) owner: Option<String>,
}

/// How many runs are pruned in one transaction, so that others do not wait long.
const PRUNE_AT_ONCE: i64 = 500;

impl Job {
    /// Bytes that it writes, about.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Create(new) => {
                let events = new.first.events.iter().map(EventRow::size).sum::<usize>();
                new.run.input.as_str().len() + new.first.row.size() + events
            }
            Self::Commit { append, .. } => append.size,
            Self::Migrate(run) => run.input.len() + run.folded.len(),
            Self::KeepCode(code) => code.shape.as_str().len(),
            // Their work is not bounded by their size.
            Self::Delete(_) | Self::Prune { .. } => usize::MAX,
            Self::Claim(_) | Self::Reclaim { .. } | Self::Outbox(_) | Self::Release(_) | Self::Heartbeat => 0,
        }
    }
}

impl Batch<'_> {
    /// Does a job, up to the COMMIT.
    pub(crate) fn run(&mut self, job: &Job) -> rusqlite::Result<Answer> {
        match job {
            Job::Create(new) => self.create(&new.run, &new.first),
            Job::Claim(request) => self.claim(request),
            Job::Commit { lease, append, fold } => self.commit(lease, append, *fold),
            Job::Migrate(run) => self.migrate(run),
            Job::KeepCode(code) => self.keep_code(code),
            Job::Release(lease) => self.release(lease),
            Job::Reclaim { lease, seq } => self.reclaim(lease, *seq),
            Job::Outbox(job) => self.outbox(job),
            Job::Delete(key) => self.delete(key),
            Job::Prune { before } => self.prune(*before),
            Job::Heartbeat => Ok(Answer::Beaten),
        }
    }

    fn create(&mut self, new: &NewRun, first: &FirstCommit) -> rusqlite::Result<Answer> {
        let now = clock::now();
        let inserted = self
            .sql
            .prepare_cached(
                "insert into prose_runs (namespace, run_id, uid, flow, version, fingerprint, status, epoch, owner, \
                 created_at, updated_at) values (?1, ?2, ?3, ?4, ?5, ?6, 'running', 1, ?7, ?8, ?9) \
                 on conflict (namespace, run_id) do nothing",
            )?
            .execute(params![
                new.key.namespace,
                new.key.run_id,
                new.uid,
                new.flow,
                new.version,
                print_fingerprint(new.fingerprint),
                self.instance.id,
                to_millis(new.created_at),
                now
            ])?;
        if inserted == 0 {
            return Ok(Answer::Exists);
        }
        let row = self.sql.last_insert_rowid();
        self.sql
            .prepare_cached("insert into prose_details (run, correlation_id, input) values (?1, ?2, ?3)")?
            .execute(params![row, new.correlation_id, new.input.as_str()])?;
        let columns = &first.row;
        self.sql
            .prepare_cached(
                "insert into prose_commits (run, seq, epoch, at, point, phase, completed, dropped, writes, ending, \
                 fingerprint, iterations, compensable, undoing) \
                 values (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                row,
                integer(first.seq),
                now,
                columns.point,
                columns.phase,
                columns.completed,
                columns.dropped,
                columns.writes,
                columns.ending,
                columns.fingerprint,
                columns.iterations,
                columns.compensable,
                columns.undoing
            ])?;
        let lease = Lease { key: new.key.clone(), uid: new.uid.clone(), row, epoch: 1 };
        let keep = first.events.iter().map(|event| outbox::keep(&lease, event.clone(), now));
        self.run_all(&keep.chain(first.change.statements(row, now)).collect::<Vec<_>>())?;
        let ended = first.change.ends();
        if !ended {
            self.claimed.push(lease.clone());
        }
        Ok(Answer::Created { lease, ended })
    }

    fn claim(&mut self, request: &ClaimRequest) -> rusqlite::Result<Answer> {
        let found = match self.look(request)? {
            Ok(found) => found,
            Err(refusal) => return Ok(refusal),
        };
        let now = clock::now();
        let epoch = integer(found.epoch) + 1;
        let (seq, at) = self
            .sql
            .prepare_cached(
                "insert into prose_commits (run, seq, epoch, at) \
                 select run, seq + 1, ?2, max(at, ?3) from prose_commits where run = ?1 order by seq desc limit 1 \
                 returning seq, at",
            )?
            .query_row(params![found.run, epoch, now], |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?)))?;
        self.sql
            .prepare_cached(
                "update prose_runs set epoch = ?2, owner = ?3, updated_at = max(?4, updated_at), \
                 status = case status when 'compensating' then status else 'running' end where run = ?1",
            )?
            .execute(params![found.run, epoch, self.instance.id, now])?;
        let lease = Lease { key: request.key.clone(), uid: found.uid, row: found.run, epoch: found.epoch + 1 };
        self.claimed.push(lease.clone());
        // A run that crashes again and again, or finds no code that can go on, makes claims only.
        let folded = if self.log_is_long(found.run, seq)? { self.fold(&lease)? } else { None };
        Ok(Answer::Claimed { lease, seq, at, folded })
    }

    fn log_is_long(&self, run: i64, seq: u64) -> rusqlite::Result<bool> {
        let snapshot: Option<i64> = self
            .sql
            .prepare_cached("select seq from prose_snapshots where run = ?1")?
            .query_row([run], |row| row.get(0))
            .optional()?;
        Ok(seq.saturating_sub(snapshot.unwrap_or(0).unsigned_abs()) >= Log::MOST_COMMITS)
    }

    /// The run, if it can be claimed; otherwise why not. Writes nothing.
    pub(crate) fn look(&self, request: &ClaimRequest) -> rusqlite::Result<Result<Found, Answer>> {
        let Some(found) = find(self.sql, &request.key)? else { return Ok(Err(Answer::Missing)) };
        if found.flow != request.flow {
            return Ok(Err(Answer::OtherFlow(found.flow)));
        }
        match Status::parse(&found.status) {
            Some(Status::Failed) if request.restart_failed && !found.undone => {}
            Some(status) if status.is_ended() => return Ok(Err(Answer::Ended)),
            // A status of a newer version, or nonsense: reading the run will say so.
            None => return Ok(Err(Answer::Ended)),
            _ if self.is_held(&request.key, &found)? => return Ok(Err(Answer::Held(found.epoch))),
            _ => {}
        }
        Ok(Ok(found))
    }

    /// Whether somebody alive executes the run.
    pub(crate) fn is_held(&self, key: &RunKey, found: &Found) -> rusqlite::Result<bool> {
        match &found.owner {
            None => Ok(false),
            Some(owner) if *owner == self.instance.id => Ok(self.holds.contains(key, found.epoch)
                || self.claimed.iter().any(|lease| lease.row == found.run && lease.epoch == found.epoch)),
            Some(owner) => self.is_alive(owner),
        }
    }

    /// Whether another instance lives, and is not stopped.
    pub(crate) fn is_alive(&self, instance: &str) -> rusqlite::Result<bool> {
        Ok(self.instance.folder.is_alive(instance) && beats(self.sql, instance)?)
    }

    fn reclaim(&self, lease: &Lease, seq: u64) -> rusqlite::Result<Answer> {
        let raised = self
            .sql
            .prepare_cached(
                "update prose_runs set epoch = epoch + 1 where run = ?1 and uid = ?2 and epoch = ?3 \
                 and status not in ('completed', 'failed', 'cancelled', 'blocked')",
            )?
            .execute(params![lease.row, lease.uid, integer(lease.epoch)])?;
        if raised == 0 {
            return self.fenced(lease);
        }
        let last: i64 = self
            .sql
            .prepare_cached("select max(seq) from prose_commits where run = ?1")?
            .query_row([lease.row], |row| row.get(0))?;
        let lease = Lease { epoch: lease.epoch + 1, ..lease.clone() };
        let committed = last.unsigned_abs() >= seq;
        if !committed {
            self.sql
                .prepare_cached("insert into prose_commits (run, seq, epoch, at) values (?1, ?2, ?3, ?4)")?
                .execute(params![lease.row, last + 1, integer(lease.epoch), clock::now()])?;
        }
        let seq = last.unsigned_abs() + u64::from(!committed);
        Ok(Answer::Reclaimed(Reclaimed { lease, seq, committed }))
    }

    fn commit(&mut self, lease: &Lease, append: &Append, fold: bool) -> rusqlite::Result<Answer> {
        if append.fenced.run(self.sql)? == 0 {
            return self.fenced(lease);
        }
        self.run_all(&append.behind)?;
        let folded = if fold { self.fold(lease)? } else { None };
        Ok(Answer::Committed { ended: append.ends, folded })
    }

    fn fenced(&self, lease: &Lease) -> rusqlite::Result<Answer> {
        let epoch = self
            .sql
            .prepare_cached("select epoch from prose_runs where run = ?1")?
            .query_row([lease.row], |row| row.get::<_, i64>(0))
            .optional()?;
        Ok(Answer::Fenced { replaced: epoch != Some(integer(lease.epoch)) })
    }

    fn migrate(&self, run: &Migration) -> rusqlite::Result<Answer> {
        if run.append.fenced.run(self.sql)? == 0 {
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

    fn keep_code(&self, code: &Code) -> rusqlite::Result<Answer> {
        self.sql
            .prepare_cached(
                "insert into prose_code (fingerprint, flow, shape, kept_at) values (?1, ?2, ?3, ?4) \
                 on conflict (fingerprint) do nothing",
            )?
            .execute(params![print_fingerprint(code.fingerprint), code.flow, code.shape.as_str(), clock::now()])?;
        Ok(Answer::Kept)
    }

    fn run_all(&self, statements: &[Statement]) -> rusqlite::Result<()> {
        statements.iter().try_for_each(|statement| statement.run(self.sql).map(drop))
    }

    /// Replaces the commits of a run by their fold, but for the last one: its `seq` is what the next one continues.
    fn fold(&self, lease: &Lease) -> rusqlite::Result<Option<Log>> {
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

    fn release(&self, lease: &Lease) -> rusqlite::Result<Answer> {
        self.sql
            .prepare_cached("update prose_runs set owner = null where run = ?1 and epoch = ?2")?
            .execute(params![lease.row, integer(lease.epoch)])?;
        Ok(Answer::Released)
    }

    fn delete(&self, key: &RunKey) -> rusqlite::Result<Answer> {
        let Some(found) = find(self.sql, key)? else { return Ok(Answer::Deleted(false)) };
        if self.is_held(key, &found)? {
            return Ok(Answer::Busy);
        }
        self.remove(found.run)?;
        Ok(Answer::Deleted(true))
    }

    fn prune(&self, before: i64) -> rusqlite::Result<Answer> {
        let runs: Vec<i64> = self
            .sql
            .prepare_cached(
                "select run from prose_runs one where status in ('completed', 'failed', 'cancelled') and updated_at <= ?1 \
                 and not exists (select 1 from prose_outbox event where event.namespace = one.namespace \
                 and event.run_id = one.run_id and event.uid = one.uid) order by updated_at limit ?2",
            )?
            .query_map(params![before, PRUNE_AT_ONCE], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        runs.iter().try_for_each(|run| self.remove(*run))?;
        Ok(Answer::Pruned { runs: runs.len() as u64, more: runs.len() as i64 == PRUNE_AT_ONCE })
    }

    fn remove(&self, run: i64) -> rusqlite::Result<()> {
        for statement in [
            "delete from prose_commits where run = ?1",
            "delete from prose_snapshots where run = ?1",
            "delete from prose_details where run = ?1",
            "delete from prose_runs where run = ?1",
        ] {
            self.sql.prepare_cached(statement)?.execute([run])?;
        }
        Ok(())
    }
}

/// The run's row.
pub(crate) fn find(sql: &Connection, key: &RunKey) -> rusqlite::Result<Option<Found>> {
    sql.prepare_cached(
        "select run, uid, flow, status, compensating_since is not null undone, epoch, owner from prose_runs \
         where namespace = ?1 and run_id = ?2",
    )?
    .query_row((&key.namespace, &key.run_id), |row| {
        Ok(Found {
            run: row.get("run")?,
            uid: row.get("uid")?,
            flow: row.get("flow")?,
            status: row.get("status")?,
            undone: row.get("undone")?,
            epoch: row.get::<_, i64>("epoch")?.unsigned_abs(),
            owner: row.get("owner")?,
        })
    })
    .optional()
}

/// Whether an instance's heartbeat is fresh: a process that is stopped keeps its lock, but its heart does not beat.
fn beats(sql: &Connection, instance: &str) -> rusqlite::Result<bool> {
    let row = sql
        .prepare_cached("select boot, heartbeat, lease from prose_instances where instance = ?1")?
        .query_row([instance], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
        .optional()?;
    Ok(row.is_some_and(|(boot, heartbeat, lease)| {
        boot == clock::boot_id() && clock::boot_millis().saturating_sub(heartbeat) <= lease
    }))
}

/// Writes that this instance is alive.
pub(crate) fn beat(sql: &Connection, instance: &Instance, lease: Duration) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "insert into prose_instances (instance, pid, boot, heartbeat, lease, started_at) values (?1, ?2, ?3, ?4, ?5, ?6) \
         on conflict (instance) do update set heartbeat = excluded.heartbeat",
    )?
    .execute(params![
        instance.id,
        std::process::id(),
        clock::boot_id(),
        clock::boot_millis(),
        i64::try_from(lease.as_millis()).unwrap_or(i64::MAX),
        clock::now()
    ])?;
    Ok(())
}

/// Removes the rows of instances that are dead.
pub(crate) fn sweep(sql: &Connection, instance: &Instance) -> rusqlite::Result<()> {
    let known: Vec<String> = sql
        .prepare("select instance from prose_instances")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for dead in known.iter().filter(|id| !instance.folder.is_alive(id)) {
        sql.execute("delete from prose_instances where instance = ?1", [dead])?;
    }
    Ok(())
}
