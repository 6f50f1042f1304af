//! Creating runs: with their first commit, or to wait for an engine.

use prose::store::queue::Submitted;
use prose::store::rows::{integer, print_fingerprint};
use prose::store::{Lease, NewRun, to_millis};
use rusqlite::params;

use super::{Answer, Batch, FirstCommit, exists};
use crate::clock;
use crate::outbox;
use crate::statement::Place;

pub(crate) const INSERT_RUN: &str = "\
    insert into prose_runs (namespace, run_id, uid, flow, version, fingerprint, status, epoch, owner, wake_at, created_at, updated_at) \
    values (?1, ?2, ?3, ?4, ?5, ?6, 'running', ?7, ?8, ?9, ?10, ?11) on conflict (namespace, run_id) do nothing";

/// What was kept for a run that was still to come is its own from its creation on.
const ADOPT: &str = "\
    update prose_signals set uid = ?3, expires_at = null \
    where namespace = ?1 and run_id = ?2 and taken_at is null and uid is null and expires_at > ?4";

/// How a run is created: held, or due.
struct Start<'a> {
    epoch: i64,
    owner: Option<&'a str>,
    wake_at: Option<i64>,
}

impl Batch<'_> {
    pub(super) fn create(&mut self, new: &NewRun, first: &FirstCommit) -> rusqlite::Result<Answer> {
        let now = clock::now();
        let held = Start { epoch: 1, owner: Some(&self.instance.id), wake_at: None };
        let Some(row) = self.insert(new, &held, now)? else { return Ok(Answer::Exists) };
        let place = Place { run: row, seq: integer(first.seq), epoch: 1, at: now };
        self.append_known(&place, &first.row)?;
        let lease = Lease { key: new.key.clone(), uid: new.uid.clone(), row, epoch: 1 };
        self.run_all(&first.takes)?;
        let keep = first.events.iter().map(|event| outbox::keep(&lease, event.clone(), now));
        self.run_all(&keep.chain(first.change.statements(row, now)).collect::<Vec<_>>())?;
        if let (Some(_), Some(wake)) = (&new.parent, first.change.wake(row, now)) {
            self.run_one(&wake)?;
        }
        let ended = first.change.ends();
        if !ended {
            self.tails.set(&lease, place.seq, now);
            self.claimed.push(lease.clone());
        }
        Ok(Answer::Created { lease, ended })
    }

    pub(super) fn submit(&mut self, new: &NewRun) -> rusqlite::Result<Answer> {
        let now = clock::now();
        let due = Start { epoch: 0, owner: None, wake_at: Some(now) };
        Ok(Answer::Submitted(match self.insert(new, &due, now)? {
            Some(_) => Submitted::New,
            None => exists(self.sql, &new.key)?,
        }))
    }

    /// The run's rows, but for its log; its number, or `None` if there is a run of that name.
    fn insert(&mut self, new: &NewRun, start: &Start<'_>, now: i64) -> rusqlite::Result<Option<i64>> {
        let inserted = self.prepared(INSERT_RUN)?.execute(params![
            new.key.namespace,
            new.key.run_id,
            new.uid,
            new.flow,
            new.version,
            print_fingerprint(new.fingerprint),
            start.epoch,
            start.owner,
            start.wake_at,
            to_millis(new.created_at),
            now
        ])?;
        if inserted == 0 {
            return Ok(None);
        }
        let row = self.sql.last_insert_rowid();
        self.prepared("insert into prose_details (run, correlation_id, input) values (?1, ?2, ?3)")?
            .execute(params![row, new.correlation_id, new.input.as_str()])?;
        self.prepared(ADOPT)?.execute(params![new.key.namespace, new.key.run_id, new.uid, now])?;
        if let Some(parent) = &new.parent {
            self.prepared(
                "update prose_runs set (parent, root) = (select run, coalesce(root, run) from prose_runs \
                     where namespace = ?2 and run_id = ?3) where run = ?1",
            )?
            .execute(params![row, parent.namespace, parent.run_id])?;
        }
        Ok(Some(row))
    }
}
