//! An opened file: the connection that writes, the line in front of it, and the thread that serves the line.
//!
//! All that waits is written in one transaction, so that its sync is paid once. Where nobody else waits, the caller writes
//! by itself: handing the job to the thread and back would cost a third of a lone commit.

mod average;
mod line;
mod reply;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prose::StoreError;
use prose::store::queue::Asked;
use prose::store::rows::Holds;
use prose::store::{Bell, Lease, RunKey, Wakes, in_transaction};
use rusqlite::Connection;
use tokio::runtime::{Handle, RuntimeFlavor};

use average::Average;
use line::{Closed, Closing, Line};
use reply::Guard;
pub(crate) use reply::Reply;

use crate::clock;
use crate::connection::{Readers, open_writer};
use crate::error::{concerns_all, io_failed, refused, result_code, unavailable};
use crate::gate::{self, Gate};
use crate::instance::Instance;
use crate::job::{Answer, Batch, Job, Tails, beat, find, sweep};
use crate::outbox::OutboxJob;
use crate::schema;
use crate::submission::{Answered, Pending, Submission};

/// All that the handles of an opened file share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) path: PathBuf,
    pub(crate) gate: Gate,
    pub(crate) holds: Holds,
    /// Fingerprints of code that is known to be in the file.
    pub(crate) kept: Mutex<HashSet<u64>>,
    pub(crate) bell: Bell,
    pub(crate) wakes: Wakes,
    /// Whether this instance publishes the outbox's events.
    pub(crate) leads: AtomicBool,
    pub(crate) instance: Instance,
    pub(crate) readers: Readers,
    busy: Duration,
    /// In milliseconds.
    lease: AtomicU64,
    writer: Mutex<Writer>,
    line: Line,
    /// How long a COMMIT of one job takes.
    sync: Average,
    /// How long it takes to look for a run.
    look: Average,
    /// Above 0 while several have waited at once lately: then batches beat commits on the caller's thread.
    crowd: AtomicU32,
}

#[derive(Debug)]
struct Writer {
    sql: Connection,
    /// The boot clock at the last heartbeat that was written.
    beaten: i64,
    tails: Tails,
}

/// On the caller's thread only what is short: neither a slow disk nor a big value may keep a runtime's worker.
const HERE: Duration = Duration::from_millis(1);
const HERE_BYTES: usize = 64 << 10;

/// So many lone batches show that a crowd is gone.
const CROWD: u32 = 8;

/// A heart beats so many times in a lease.
const BEATS: u32 = 4;

/// A heart must not keep a core busy.
const SHORTEST_LEASE: Duration = Duration::from_millis(10);

impl Core {
    /// Opens the file and starts its thread. The thread ends after [`close`](Self::close).
    pub(crate) fn open(path: PathBuf, lease: Duration, busy: Duration) -> Result<Arc<Self>, StoreError> {
        let mut sql = open_writer(&path, busy)?;
        // The file stays the same, even if the process changes its directory.
        let path = std::path::absolute(&path).unwrap_or(path);
        schema::prepare(&mut sql, &path)?;
        let gate = gate::of_file(&path).map_err(|error| io_failed(&path, "looking at", error))?;
        let instance = Instance::start(&path).map_err(|error| io_failed(&path, "locking a file beside", error))?;
        instance.folder.sweep();
        let lease = lease.max(SHORTEST_LEASE);
        let failed = |error| unavailable(&path, error);
        let (beaten, sync) = introduce(&mut sql, &instance, lease).map_err(failed)?;
        let look = time_a_look(&sql).map_err(failed)?;
        let core = Arc::new(Self {
            readers: Readers::new(path.clone(), busy),
            path,
            gate,
            holds: Holds::default(),
            kept: Mutex::default(),
            bell: Bell::default(),
            wakes: Wakes::default(),
            leads: AtomicBool::new(false),
            instance,
            busy,
            lease: AtomicU64::new(millis(lease)),
            writer: Mutex::new(Writer { sql, beaten, tails: Tails::default() }),
            line: Line::default(),
            sync: Average::of(sync),
            look: Average::of(look),
            crowd: AtomicU32::new(0),
        });
        let served = Arc::clone(&core);
        std::thread::Builder::new()
            .name("prose-sqlite".to_owned())
            .spawn(move || served.serve())
            .map_err(|error| io_failed(&core.path, "starting a thread for", error))?;
        Ok(core)
    }

    /// Ends the thread once it has written what waits. What this instance held is free at once.
    pub(crate) fn close(&self) {
        self.line.close();
        self.instance.end();
    }

    /// How long this instance may be stopped before others take its runs over.
    pub(crate) fn lease(&self) -> Duration {
        Duration::from_millis(self.lease.load(Ordering::Relaxed))
    }

    pub(crate) fn set_lease(&self, lease: Duration) {
        self.lease.store(millis(lease.max(SHORTEST_LEASE)), Ordering::Relaxed);
    }

    /// A run has ended, or waits.
    pub(crate) fn ring_ended(&self) {
        self.wakes.run_has_ended();
        self.wakes.runs_are_due();
    }

    /// Has a job done; the answer comes when it is on the disk.
    pub(crate) async fn submit(self: &Arc<Self>, job: Job) -> Answered {
        self.send(Submission::new(job)).await
    }

    /// The same for a job that is on its way.
    pub(crate) async fn send(self: &Arc<Self>, submission: Submission) -> Answered {
        if in_transaction() {
            let path = self.path.display();
            return Err(refused(format!(
                "a transaction's body may hold {path}, so writing to the store in it could wait for ever; do it in a step of its own"
            )));
        }
        if let Some(done) = self.try_here(submission.job()) {
            return done;
        }
        self.push(submission.pending())?;
        submission.await.unwrap_or_else(|| Err(self.stopped()))
    }

    /// Gives a run back: at once here, and a moment later for other processes. Never blocks.
    pub(crate) fn release(&self, lease: &Lease) {
        if self.holds.remove(lease) {
            self.tell(Job::Release(lease.clone()));
        }
    }

    /// Has a job done for whose answer nobody waits: it tells other processes what is known here. Never blocks.
    pub(crate) fn tell(&self, job: Job) {
        // A closed line is no loss: the instance is dead then, and nothing is its any more.
        let _closed = self.push(Pending::told(job));
    }

    fn push(&self, waiting: Pending) -> Result<(), StoreError> {
        self.line.push(waiting).map_err(|Closed| self.stopped())
    }

    fn stopped(&self) -> StoreError {
        refused(format!("the store of {} is closed; open it again", self.path.display()))
    }

    /// Does the job on this thread, if nobody else writes or waits and it will not take long; otherwise nothing.
    fn try_here(self: &Arc<Self>, job: &Job) -> Option<Answered> {
        if !self.may_write_here(job) {
            return None;
        }
        // The writer waits in the gate's queue while it has jobs, so a free gate means an empty line, but for a moment.
        let _gate = self.gate.try_lock().ok()?;
        let mut writer = self.writer.try_lock().ok()?;
        // Waiting for another process is for the writer's thread.
        match self.write(&mut writer, &[job], Duration::ZERO) {
            Ok(answers) => self.settle(&[job], answers).pop().map(Ok),
            Err(error) if result_code(&error) == Some(rusqlite::ffi::SQLITE_BUSY) => None,
            Err(error) => Some(Err(unavailable(&self.path, error))),
        }
    }

    /// Whether it can be told on this thread, at once, that there is no such run: most calls begin one.
    pub(crate) fn is_missing_here(&self, key: &RunKey) -> bool {
        let is_missing = |sql: &Connection| self.look(|| find(sql, key)).is_ok_and(|found| found.is_none());
        self.look.is_below(HERE) && may_wait_here() && self.readers.try_read(is_missing) == Some(true)
    }

    /// Looks for a run, and at the clock: the next one may do so where it is.
    pub(crate) fn look<T>(&self, look: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let found = look();
        self.look.note(start.elapsed());
        found
    }

    fn may_write_here(&self, job: &Job) -> bool {
        self.crowd.load(Ordering::Relaxed) == 0
            && self.sync.is_below(HERE)
            && job.size() <= HERE_BYTES
            && may_wait_here()
            && self.line.is_empty()
    }

    /// The writer's thread: until the store is closed, and nothing waits any more.
    fn serve(self: Arc<Self>) {
        // Even a panic closes the line.
        let _closing = Closing(&self.line);
        // Runs that could not be given back: others would wait for them for as long as this instance lives.
        let mut unreleased = Vec::new();
        while self.line.wait(self.lease() / BEATS) {
            let gate = self.gate.blocking_lock();
            let mut batch = self.line.take();
            batch.extend(unreleased.drain(..).map(|lease| Pending::told(Job::Release(lease))));
            if batch.is_empty() && self.must_live() {
                batch.push(Pending::told(Job::Heartbeat));
            }
            if batch.is_empty() {
                continue;
            }
            let before = self.changes();
            let results = self.write_all(&batch.iter().map(Pending::job).collect::<Vec<_>>());
            self.note_crowd(batch.len(), self.changes() != before);
            drop(gate);
            for (waiting, result) in batch.into_iter().zip(results) {
                if let (Job::Release(lease), Err(_)) = (waiting.job(), &result) {
                    unreleased.push(lease.clone());
                }
                waiting.answer(result);
            }
        }
    }

    /// Whether others must know that this instance lives.
    fn must_live(&self) -> bool {
        !self.holds.is_empty() || self.leads.load(Ordering::Relaxed)
    }

    /// A lone look for what is due says nothing of those who write.
    fn note_crowd(&self, batch: usize, has_written: bool) {
        let before = self.crowd.load(Ordering::Relaxed);
        let now = if batch > 1 { CROWD } else { before.saturating_sub(u32::from(has_written)) };
        self.crowd.store(now, Ordering::Relaxed);
    }

    fn changes(&self) -> u64 {
        self.writer().sql.total_changes()
    }

    /// Writes the jobs together, or, where one of them cannot be written, each alone.
    fn write_all(self: &Arc<Self>, jobs: &[&Job]) -> Vec<Answered> {
        let mut writer = self.writer();
        match self.write(&mut writer, jobs, self.busy) {
            Ok(answers) => self.settle(jobs, answers).into_iter().map(Ok).collect(),
            Err(error) if jobs.len() > 1 && !concerns_all(&error) => {
                drop(writer);
                jobs.iter().flat_map(|job| self.write_all(&[job])).collect()
            }
            Err(error) => {
                let message = unavailable(&self.path, error).to_string();
                jobs.iter().map(|_| Err(refused(message.clone()))).collect()
            }
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction; it waits at most for `busy` for other processes. After an error, or a panic, nothing of it is left.
    fn write(&self, writer: &mut Writer, jobs: &[&Job], busy: Duration) -> rusqlite::Result<Vec<Answer>> {
        let Writer { sql, beaten, tails } = writer;
        sql.busy_timeout(busy)?;
        let before = sql.total_changes();
        let _all_or_nothing = AllOrNothing(sql);
        sql.prepare_cached("begin immediate")?.execute([])?;
        let beats = self.beat_if_due(sql, *beaten, jobs)?;
        // Of what is not committed nothing is known: they come back with the COMMIT.
        let mut batch = Batch::new(sql, self, std::mem::take(tails));
        batch.tails.check(sql)?;
        let answers = jobs.iter().map(|job| batch.run(job)).collect::<Result<Vec<_>, _>>()?;
        let start = Instant::now();
        sql.prepare_cached("commit")?.execute([])?;
        // Engines ask for what is due, and mostly nothing is: then nothing was written, nor synced. And of a crowd's batch most of the time is
        // for its pages: it says nothing of the disk.
        if jobs.len() == 1 && sql.total_changes() != before {
            self.sync.note(start.elapsed());
        }
        (*beaten, *tails) = (beats, batch.tails);
        Ok(answers)
    }

    /// A heart that was still while nothing was held must have beaten before a claim is on the disk.
    fn beat_if_due(&self, sql: &Connection, beaten: i64, jobs: &[&Job]) -> rusqlite::Result<i64> {
        let now = clock::boot_millis();
        let begins =
            |job: &Job| matches!(job, Job::Create(_) | Job::Claim(_) | Job::ClaimDue(_) | Job::Outbox(OutboxJob::Lead));
        let holds = || self.must_live() || jobs.iter().any(|job| begins(job));
        let pause = i64::try_from((self.lease() / BEATS).as_millis()).unwrap_or(i64::MAX);
        if now.saturating_sub(beaten) < pause || !holds() {
            return Ok(beaten);
        }
        beat(sql, &self.instance, self.lease())?;
        Ok(now)
    }

    /// Brings what is known in memory up to what is on the disk, before anybody else writes. (Whose commit was fenced lets go by itself.)
    fn settle(self: &Arc<Self>, jobs: &[&Job], answers: Vec<Answer>) -> Vec<Reply> {
        jobs.iter().zip(answers).map(|(job, answer)| self.settle_one(job, answer)).collect()
    }

    fn settle_one(self: &Arc<Self>, job: &Job, answer: Answer) -> Reply {
        let claimed: Vec<Lease> = match &answer {
            Answer::Claimed(claimed) => vec![claimed.lease.clone()],
            Answer::Created { lease, ended: false } => vec![lease.clone()],
            Answer::Due(due) => due.runs.iter().map(|claimed| claimed.lease.clone()).collect(),
            _ => Vec::new(),
        };
        claimed.iter().for_each(|lease| self.holds.add(lease));
        let guard = Guard(claimed.into_iter().map(|lease| (Arc::clone(self), lease)).collect());
        if let Answer::Reclaimed(reclaimed) = &answer {
            self.holds.add(&reclaimed.lease);
        }
        let written = match job {
            Job::Reclaim { lease, .. } | Job::Block { lease, .. } => Some(lease),
            Job::Commit { lease, .. } => lease.as_deref(),
            Job::Migrate(run) => Some(&run.lease),
            _ => None,
        };
        if let Some(lease) = written {
            match &answer {
                Answer::Committed { ended: true, .. } | Answer::Fenced { replaced: true } => {
                    self.holds.remove(lease);
                }
                Answer::Committed { folded: Some(log), .. } => self.holds.set_log(lease, *log),
                _ => {}
            }
        }
        self.ring(&answer);
        Reply { answer, guard }
    }

    /// Tells the rest of the process what has changed.
    fn ring(&self, answer: &Answer) {
        match answer {
            Answer::Committed { ended: true, .. } | Answer::Created { ended: true, .. } => self.ring_ended(),
            Answer::Submitted(_) | Answer::Released | Answer::Recovered(_) => self.wakes.runs_are_due(),
            Answer::Asked(Asked::Done) => {
                self.wakes.cancel_is_asked();
                self.wakes.runs_are_due();
            }
            Answer::Sent(_) => {
                self.wakes.signal_is_sent();
                self.wakes.runs_are_due();
            }
            Answer::Deleted(true) => self.wakes.run_has_ended(),
            _ => {}
        }
    }
}

/// Rolls back what was begun and not committed.
struct AllOrNothing<'a>(&'a Connection);

impl Drop for AllOrNothing<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // Should it fail, the next BEGIN fails as well, and then it is tried again.
            let _reported_already = self.0.execute_batch("rollback");
        }
    }
}

/// Makes the instance known: the boot clock of its first heartbeat, and how long its COMMIT took.
fn introduce(sql: &mut Connection, instance: &Instance, lease: Duration) -> rusqlite::Result<(i64, Duration)> {
    let transaction = sql.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    sweep(&transaction, instance)?;
    beat(&transaction, instance, lease)?;
    let start = Instant::now();
    transaction.commit()?;
    Ok((clock::boot_millis(), start.elapsed()))
}

/// How long it takes to look for a run that is not there.
fn time_a_look(sql: &Connection) -> rusqlite::Result<Duration> {
    let start = Instant::now();
    find(sql, &RunKey::new(""))?;
    Ok(start.elapsed())
}

/// Whether the runtime has other threads.
fn may_wait_here() -> bool {
    Handle::try_current().is_ok_and(|it| it.runtime_flavor() == RuntimeFlavor::MultiThread)
}

fn millis(lease: Duration) -> u64 {
    u64::try_from(lease.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
