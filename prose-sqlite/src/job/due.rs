//! Claiming runs that are due.

use std::collections::VecDeque;
use std::time::Duration;

use prose::store::Lease;
use prose::store::queue::{ClaimDue, Fit, Fits};
use prose::store::rows::integer;
use rusqlite::{OptionalExtension, params};

use super::{Answer, Batch, Claimed};
use crate::clock;
use crate::load::Unreadable;
use crate::standing::{self, Stand, is_of_row};
use crate::statement::{BLOCK_RUN, END_DETAILS};

/// A claim of what is due.
pub(crate) struct DueJob {
    pub(crate) request: ClaimDue,
    pub(crate) fits: Fits,
}

impl std::fmt::Debug for DueJob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DueJob").field("request", &self.request).finish_non_exhaustive()
    }
}

/// Runs that were claimed because they were due.
#[derive(Debug, Default)]
pub(crate) struct Due {
    pub(crate) runs: Vec<Claimed>,
    pub(crate) blocked: usize,
    pub(crate) next: Option<Duration>,
}

/// How many runs become blocked in one transaction, so that others do not wait long.
const BLOCKED_AT_ONCE: usize = 500;

/// The next one of a flow that is due, behind another.
pub(crate) const DUE: &str = "\
    select run, wake_at from prose_runs indexed by prose_runs_due where flow = ?1 and owner is null and parent is null \
    and wake_at is not null and (status = 'running' or status = 'waiting' or status = 'compensating') \
    and wake_at <= ?2 and (wake_at, run) > (?3, ?4) order by wake_at, run limit 1";

/// Those that are blocked, and were not refused here.
pub(crate) const BLOCKED: &str = "\
    select run from prose_runs indexed by prose_runs_listed where flow = ?1 and status = 'blocked' \
    and owner is null and parent is null \
    and not exists (select 1 from json_each(refused) where value = ?2) order by namespace, run";

/// When the first is due of those that are not yet.
pub(crate) const NEXT: &str = "\
    select min(wake_at) from prose_runs indexed by prose_runs_due where flow = ?1 and owner is null and parent is null \
    and wake_at is not null and (status = 'running' or status = 'waiting' or status = 'compensating') and wake_at > ?2";

/// How far a flow's runs were looked at: first those that are blocked, then those that are due.
struct Turn<'a> {
    flow: &'a str,
    blocked: std::vec::IntoIter<i64>,
    /// When the last one was due, and which it was.
    due: (i64, i64),
}

impl Batch<'_> {
    pub(super) fn claim_due(&mut self, job: &DueJob) -> rusqlite::Result<Answer> {
        let (now, mut due) = (clock::now(), Due::default());
        let mut turns = VecDeque::new();
        for flow in &job.request.flows {
            let blocked = if job.request.blocked { self.blocked(flow)? } else { Vec::new() };
            turns.push_back(Turn { flow, blocked: blocked.into_iter(), due: (i64::MIN, 0) });
        }
        while let Some(mut turn) = turns.pop_front() {
            let Some(run) = self.next(&mut turn, now)? else { continue };
            if due.runs.len() >= job.request.limit || due.blocked >= BLOCKED_AT_ONCE {
                due.next = Some(Duration::ZERO);
                return Ok(Answer::Due(due));
            }
            self.consider(run, &job.fits, &mut due)?;
            turns.push_back(turn);
        }
        due.next = self.next_of(&job.request.flows, now)?;
        Ok(Answer::Due(due))
    }

    fn blocked(&self, flow: &str) -> rusqlite::Result<Vec<i64>> {
        let mut query = self.sql.prepare_cached(BLOCKED)?;
        query.query_map([flow, &self.instance.id], |row| row.get(0))?.collect()
    }

    fn next(&self, turn: &mut Turn<'_>, now: i64) -> rusqlite::Result<Option<i64>> {
        if let Some(run) = turn.blocked.next() {
            return Ok(Some(run));
        }
        let (wake_at, run) = turn.due;
        let mut query = self.sql.prepare_cached(DUE)?;
        let found = query
            .query_row(params![turn.flow, now, wake_at, run], |row| Ok((row.get("wake_at")?, row.get("run")?)))
            .optional()?;
        turn.due = found.unwrap_or(turn.due);
        Ok(found.map(|(_, run)| run))
    }

    /// Claims a run, or blocks it, or leaves it.
    fn consider(&mut self, run: i64, fits: &Fits, due: &mut Due) -> rusqlite::Result<()> {
        let Stand { found, standing } = match standing::of(self.sql, run) {
            Ok(stand) => stand,
            Err(Unreadable::Sqlite(error)) if !is_of_row(&error) => return Err(error),
            Err(error) => {
                due.blocked += 1;
                return self.block(run, None, &format!("it cannot be read: {error}"));
            }
        };
        match fits(&standing) {
            Fit::Yes => due.runs.push(self.take(&standing.key, found)?),
            Fit::No(reason) => {
                due.blocked += 1;
                let step = standing.position.map(|position| position.step);
                self.block(run, step.as_deref(), &reason)?;
            }
            Fit::NotNow => {}
        }
        Ok(())
    }

    pub(super) fn block_claimed(&mut self, lease: &Lease, reason: &str) -> rusqlite::Result<Answer> {
        let is_own = "select 1 from prose_runs where run = ?1 and epoch = ?2 and owner = ?3";
        let values = params![lease.row, integer(lease.epoch), self.instance.id];
        if !self.sql.prepare_cached(is_own)?.exists(values)? {
            return self.fenced(lease);
        }
        self.block(lease.row, None, reason)?;
        Ok(Answer::Committed { ended: true, folded: None })
    }

    fn block(&mut self, run: i64, step: Option<&str>, reason: &str) -> rusqlite::Result<()> {
        self.tails.forget(run);
        self.sql.prepare_cached(BLOCK_RUN)?.execute(params![run, clock::now(), self.instance.id])?;
        self.sql.prepare_cached(END_DETAILS)?.execute(params![run, None::<&str>, step, reason])?;
        Ok(())
    }

    fn next_of(&self, flows: &[String], now: i64) -> rusqlite::Result<Option<Duration>> {
        let mut next: Option<i64> = None;
        for flow in flows {
            let mut query = self.sql.prepare_cached(NEXT)?;
            let of_flow = query.query_row(params![flow, now], |row| row.get::<_, Option<i64>>(0))?;
            next = next.into_iter().chain(of_flow).min();
        }
        Ok(next.map(|at| Duration::from_millis(at.saturating_sub(now).unsigned_abs())))
    }
}
