//! What the writer is asked to do, and how each job is done inside a transaction.
//!
//! A job's first write is its fence: if it writes no row, the job is refused and nothing of it was written, while the
//! other jobs of the batch go on. What comes behind the fence fails only if the file does, and then the batch fails.

mod ask;
mod claim;
mod commit;
mod create;
mod due;
mod instances;
mod remove;
mod tail;

use std::path::Path;

use prose::Json;
use prose::store::queue::{Asked, Attendance, Submitted};
use prose::store::rows::{CommitRow, EventRow, Holds, Log, print_fingerprint};
use prose::store::signals::{NewSignal, Sent};
use prose::store::{ClaimRequest, Code, Lease, NewRun, Reclaimed, RunKey, Status};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

pub(crate) use due::{Due, DueJob};
pub(crate) use instances::{beat, sweep};
pub(crate) use remove::Behind;
pub(crate) use tail::Tails;

use crate::clock;
use crate::instance::Instance;
use crate::outbox::OutboxJob;
use crate::statement::{Append, Change, Statement};
use crate::writer::Core;

/// The statements whose plans are tested.
#[cfg(test)]
pub(crate) mod plans {
    pub(crate) use super::ask::SAME_SIGNAL;
    pub(crate) use super::claim::CLAIM_RUN;
    pub(crate) use super::create::INSERT_RUN;
    pub(crate) use super::due::{BLOCKED, DUE, NEXT as NEXT_DUE};
    pub(crate) use super::instances::NEXT_OWNER;
    pub(crate) use super::remove::{OLD_ROOTS, TREE};
}

/// A write.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "most jobs are commits, which are made once and stay where they are")]
pub(crate) enum Job {
    Create(Box<Creation>),
    Submit(Box<NewRun>),
    Claim(ClaimRequest),
    ClaimDue(DueJob),
    Commit {
        append: Append,
        fold: bool,
        /// Whose it is, where more is to be done than to append.
        lease: Option<Box<Lease>>,
    },
    /// Ends the claim of a run that cannot be read.
    Block {
        lease: Lease,
        reason: String,
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
    Cancel(RunKey),
    Restart(RunKey),
    Send(Box<NewSignal>),
    Attend(Attendance),
    Recover,
    Outbox(OutboxJob),
    Delete(RunKey),
    Prune {
        before: i64,
        behind: Behind,
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
    /// What marks the signals that it takes.
    pub(crate) takes: Vec<Statement>,
    pub(crate) change: Change,
}

/// What became of a job. It is told only when the transaction is on the disk.
#[derive(Debug)]
pub(crate) enum Answer {
    Created { lease: Lease, ended: bool },
    Exists,
    Submitted(Submitted),
    Missing,
    Claimed(Claimed),
    Due(Due),
    Held(u64),
    Ended,
    OtherFlow(String),
    Committed { ended: bool, folded: Option<Log> },
    Fenced { replaced: bool },
    Kept,
    Reclaimed(Reclaimed),
    Asked(Asked),
    Sent(Sent),
    Attended,
    Recovered(u64),
    Outbox(bool),
    Released,
    Deleted(bool),
    Busy(RunKey),
    Pruned { runs: u64, behind: Option<Behind> },
    Beaten,
}

/// A run that was claimed.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) lease: Lease,
    /// The claim's place in the log, and its instant.
    pub(crate) seq: u64,
    pub(crate) at: i64,
    pub(crate) folded: Option<Log>,
    pub(crate) cancel_asked: bool,
    pub(crate) crashes: u32,
}

/// What the jobs of one transaction work with.
pub(crate) struct Batch<'a> {
    pub(crate) sql: &'a Connection,
    pub(crate) path: &'a Path,
    pub(crate) instance: &'a Instance,
    pub(crate) holds: &'a Holds,
    /// Claims of this transaction, which are not in `holds` yet.
    pub(crate) claimed: Vec<Lease>,
    /// Where the logs of runs end, as far as that is known.
    pub(crate) tails: Tails,
    /// Statements that come again and again, so that each is looked for once: by where its text is.
    prepared: Vec<(&'static str, CachedStatement<'a>)>,
}

/// A run's row as claims see it.
pub(crate) struct Found {
    pub(crate) run: i64,
    uid: String,
    pub(crate) flow: String,
    status: String,
    /// What it had done was undone: its end is final.
    pub(crate) undone: bool,
    cancel_asked: bool,
    /// The signal for which it waits, if it waits for one.
    awaits: Option<String>,
    pub(crate) crashes: u32,
    pub(crate) epoch: u64,
    pub(crate) owner: Option<String>,
}

impl Job {
    /// Bytes that it writes, about.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Create(new) => {
                let events = new.first.events.iter().map(EventRow::size).sum::<usize>();
                new.run.input.as_str().len() + new.first.row.size() + events
            }
            Self::Submit(new) => new.input.as_str().len(),
            Self::Send(signal) => signal.payload.as_str().len(),
            Self::Commit { append, .. } => append.size,
            Self::Migrate(run) => run.input.len() + run.folded.len(),
            Self::KeepCode(code) => code.shape.as_str().len(),
            // Their work is not bounded by their size.
            Self::Delete(_) | Self::Prune { .. } | Self::ClaimDue(_) | Self::Recover => usize::MAX,
            Self::Claim(_) | Self::Reclaim { .. } | Self::Block { .. } | Self::Cancel(_) | Self::Restart(_) => 0,
            Self::Attend(_) | Self::Outbox(_) | Self::Release(_) | Self::Heartbeat => 0,
        }
    }
}

impl<'a> Batch<'a> {
    pub(crate) fn new(sql: &'a Connection, core: &'a Core, tails: Tails) -> Self {
        let Core { path, instance, holds, .. } = core;
        Self { sql, path, instance, holds, claimed: Vec::new(), tails, prepared: Vec::new() }
    }

    /// For who writes nothing: no log's end is to be known.
    pub(crate) fn reading(sql: &'a Connection, core: &'a Core) -> Self {
        Self::new(sql, core, Tails::default())
    }

    /// A statement that jobs of the batch may have in common.
    fn prepared(&mut self, text: &'static str) -> rusqlite::Result<&mut CachedStatement<'a>> {
        let known = self.prepared.iter().position(|(known, _)| std::ptr::eq(*known, text));
        let place = known.unwrap_or(self.prepared.len());
        if known.is_none() {
            self.prepared.push((text, self.sql.prepare_cached(text)?));
        }
        Ok(&mut self.prepared[place].1)
    }

    /// Does a job, up to the COMMIT.
    pub(crate) fn run(&mut self, job: &Job) -> rusqlite::Result<Answer> {
        match job {
            Job::Create(new) => self.create(&new.run, &new.first),
            Job::Submit(new) => self.submit(new),
            Job::Claim(request) => self.claim(request),
            Job::ClaimDue(job) => self.claim_due(job),
            Job::Commit { append, lease, fold } => self.commit(append, lease.as_deref().filter(|_| *fold)),
            Job::Block { lease, reason } => self.block_claimed(lease, reason),
            Job::Migrate(run) => self.migrate(run),
            Job::KeepCode(code) => self.keep_code(code),
            Job::Release(lease) => self.release(lease),
            Job::Reclaim { lease, seq } => self.reclaim(lease, *seq),
            Job::Cancel(key) => self.cancel(key),
            Job::Restart(key) => self.restart(key),
            Job::Send(signal) => self.send(signal),
            Job::Attend(attendance) => self.attend(attendance),
            Job::Recover => self.recover(),
            Job::Outbox(job) => self.outbox(job),
            Job::Delete(key) => self.delete(key),
            Job::Prune { before, behind } => self.prune(*before, *behind),
            Job::Heartbeat => Ok(Answer::Beaten),
        }
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
}

impl Found {
    /// The columns of a run's row.
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            run: row.get("run")?,
            uid: row.get("uid")?,
            flow: row.get("flow")?,
            status: row.get("status")?,
            undone: row.get("undone")?,
            cancel_asked: row.get("cancel_asked")?,
            awaits: row.get("awaits")?,
            crashes: row.get("crashes")?,
            epoch: row.get::<_, i64>("epoch")?.unsigned_abs(),
            owner: row.get("owner")?,
        })
    }

    /// Its status, as people see it.
    pub(crate) fn shown(&self) -> Status {
        shown(&self.status, self.cancel_asked)
    }
}

/// A status that stands in a row, as people see it. One of a newer version is no end.
pub(crate) fn shown(status: &str, cancel_asked: bool) -> Status {
    match Status::parse(status).unwrap_or(Status::Blocked) {
        Status::Running | Status::Waiting | Status::Blocked if cancel_asked => Status::Cancelling,
        status => status,
    }
}

/// The run's row.
pub(crate) fn find(sql: &Connection, key: &RunKey) -> rusqlite::Result<Option<Found>> {
    sql.prepare_cached(
        "select run, uid, flow, status, compensating_since is not null undone, cancel_asked_at is not null cancel_asked, \
         awaits, crashes, epoch, owner from prose_runs where namespace = ?1 and run_id = ?2",
    )?
    .query_row((&key.namespace, &key.run_id), Found::read)
    .optional()
}

/// What stands in the way of a run that is submitted.
fn exists(sql: &Connection, key: &RunKey) -> rusqlite::Result<Submitted> {
    let (flow, input) = sql
        .prepare_cached(
            "select flow, input from prose_runs join prose_details using (run) where namespace = ?1 and run_id = ?2",
        )?
        .query_row((&key.namespace, &key.run_id), |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let input = Json::parse(input)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error)))?;
    Ok(Submitted::Exists { flow, input })
}
