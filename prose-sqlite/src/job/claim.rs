//! Claiming runs, and giving them back.

use prose::store::rows::{Log, integer};
use prose::store::{ClaimRequest, Lease, Reclaimed, RunKey, Status};
use rusqlite::{OptionalExtension, params};

use super::{Answer, Batch, Claimed, Found, find};
use crate::clock;
use crate::statement::CRASHES_LEFT;

/// A claim's place in the log. Whoever was just submitted has none yet.
const CLAIM_ROW: &str = "\
    insert into prose_commits (run, seq, epoch, at) values (?1, \
    coalesce((select seq from prose_commits where run = ?1 order by seq desc limit 1), 0) + 1, ?2, \
    max(?3, coalesce((select at from prose_commits where run = ?1 order by seq desc limit 1), 0))) \
    returning seq, at";

/// A run that is started again goes on, whatever it was asked before.
pub(crate) const CLAIM_RUN: &str = "\
    update prose_runs set epoch = ?2, owner = ?3, updated_at = max(?4, updated_at), wake_at = null, awaits = null, \
    cancel_asked_at = case status when 'failed' then null else cancel_asked_at end, \
    status = case when compensating_since is null then 'running' else 'compensating' end where run = ?1";

impl Batch<'_> {
    pub(super) fn claim(&mut self, request: &ClaimRequest) -> rusqlite::Result<Answer> {
        match self.look(request)? {
            Ok(found) => self.take(&request.key, found).map(Answer::Claimed),
            Err(refusal) => Ok(refusal),
        }
    }

    /// Claims a run that is free.
    pub(super) fn take(&mut self, key: &RunKey, found: Found) -> rusqlite::Result<Claimed> {
        let now = clock::now();
        let epoch = integer(found.epoch) + 1;
        let (seq, at) = self.append_claim(found.run, epoch, now)?;
        self.sql.prepare_cached(CLAIM_RUN)?.execute(params![found.run, epoch, self.instance.id, now])?;
        let cancel_asked = found.cancel_asked && found.status != Status::Failed.as_str();
        let lease = Lease { key: key.clone(), uid: found.uid, row: found.run, epoch: found.epoch + 1 };
        self.claimed.push(lease.clone());
        self.tails.set(&lease, seq, at);
        let seq = seq.unsigned_abs();
        // A run that crashes again and again, or finds no code that can go on, makes claims only.
        let folded = if self.log_is_long(found.run, seq)? { self.fold(&lease)? } else { None };
        Ok(Claimed { lease, seq, at, folded, cancel_asked, crashes: found.crashes })
    }

    /// A claim's row: its `seq`, and its instant.
    fn append_claim(&self, run: i64, epoch: i64, now: i64) -> rusqlite::Result<(i64, i64)> {
        self.sql.prepare_cached(CLAIM_ROW)?.query_row([run, epoch, now], |row| Ok((row.get(0)?, row.get(1)?)))
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

    pub(super) fn reclaim(&mut self, lease: &Lease, seq: u64) -> rusqlite::Result<Answer> {
        self.tails.forget(lease.row);
        // What the old epoch has written is the same execution's.
        let raise = format!(
            "update prose_runs set epoch = epoch + 1, crashes = {CRASHES_LEFT} \
             where run = ?1 and uid = ?2 and epoch = ?3 \
             and status in ('running', 'compensating')"
        );
        let raised = self.sql.prepare_cached(&raise)?.execute(params![lease.row, lease.uid, integer(lease.epoch)])?;
        if raised == 0 {
            return self.fenced(lease);
        }
        let lease = Lease { epoch: lease.epoch + 1, ..lease.clone() };
        let last: i64 = self
            .sql
            .prepare_cached("select max(seq) from prose_commits where run = ?1")?
            .query_row([lease.row], |row| row.get(0))?;
        if last.unsigned_abs() >= seq {
            return Ok(Answer::Reclaimed(Reclaimed { lease, seq: last.unsigned_abs(), committed: true }));
        }
        let (seq, at) = self.append_claim(lease.row, integer(lease.epoch), clock::now())?;
        self.tails.set(&lease, seq, at);
        Ok(Answer::Reclaimed(Reclaimed { lease, seq: seq.unsigned_abs(), committed: false }))
    }

    /// Only what is still held: a commit that has ended the claim may have come before.
    pub(super) fn release(&mut self, lease: &Lease) -> rusqlite::Result<Answer> {
        self.tails.forget(lease.row);
        let now = clock::now();
        let release = format!(
            "update prose_runs set owner = null, wake_at = ?3, updated_at = max(?3, updated_at), crashes = {CRASHES_LEFT} \
             where run = ?1 and epoch = ?2 and owner is not null returning parent"
        );
        let parent: Option<Option<i64>> = self
            .sql
            .prepare_cached(&release)?
            .query_row(params![lease.row, integer(lease.epoch), now], |row| row.get(0))
            .optional()?;
        if let Some(parent) = parent.flatten() {
            self.wake(parent, now)?;
        }
        Ok(Answer::Released)
    }
}
