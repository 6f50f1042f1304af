//! The queue in the file: runs that wait for an engine of this process or another one.

use std::time::SystemTime;

use prose::store::queue::{Asked, Attendance, ClaimDue, DueRuns, Fits, ListRuns, RunSummary, Standing, Submitted};
use prose::store::{BoxFuture, ClaimedRun, NewRun, Queue, RunKey, Status, StoreError, Wakes, from_millis};
use rusqlite::Connection;

use crate::clock;
use crate::error::unavailable;
use crate::job::{Answer, Batch, Claimed, Due, DueJob, Job, find};
use crate::list;
use crate::load::{self, Loaded};
use crate::standing;
use crate::store::SqliteStore;

pub(crate) const ASKED_TO_CANCEL: &str = "\
    select namespace, run_id, epoch from prose_runs where owner = ?1 and cancel_asked_at is not null";

impl SqliteStore {
    async fn attend_now(&self, attendance: &Attendance) -> Result<(), StoreError> {
        if let Some(lease) = attendance.lease {
            self.core().set_lease(lease);
        }
        let attendance = Attendance { lease: Some(self.core().lease()), ..attendance.clone() };
        self.core().submit(Job::Attend(attendance)).await.map(drop)
    }

    async fn submit_run(&self, run: &NewRun) -> Result<Submitted, StoreError> {
        match self.core().submit(Job::Submit(Box::new(run.clone()))).await?.answer {
            Answer::Submitted(submitted) => Ok(submitted),
            other => Err(self.unexpected(&other)),
        }
    }

    async fn claim_due_runs(&self, request: &ClaimDue, fits: Fits) -> Result<DueRuns, StoreError> {
        let reply = self.core().submit(Job::ClaimDue(DueJob { request: request.clone(), fits })).await?;
        let guard = reply.guard;
        let Due { runs: claimed, mut blocked, next } = match reply.answer {
            Answer::Due(due) => due,
            other => return Err(self.unexpected(&other)),
        };
        let mut runs = Vec::with_capacity(claimed.len());
        for (claimed, loaded) in self.load_claimed(claimed).await? {
            match loaded {
                Ok(Some(loaded)) => runs.push(self.claimed(claimed, loaded)),
                // It was deleted by hand: whoever goes on with it would be fenced.
                Ok(None) => {}
                Err(error @ StoreError::Corrupt { .. }) => {
                    blocked += 1;
                    self.core().submit(Job::Block { lease: claimed.lease, reason: error.to_string() }).await?;
                }
                Err(error) => return Err(error),
            }
        }
        guard.keep();
        Ok(DueRuns { runs, blocked, next })
    }

    async fn load_claimed(
        &self,
        claimed: Vec<Claimed>,
    ) -> Result<Vec<(Claimed, Result<Option<Loaded>, StoreError>)>, StoreError> {
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        self.read(move |core, sql| {
            let load = |claimed: Claimed| {
                let loaded = load::run(sql, &core.path, &claimed.lease.key);
                (claimed, loaded)
            };
            Ok(claimed.into_iter().map(load).collect())
        })
        .await
    }

    /// A run that was claimed, as it was read behind the claim.
    pub(crate) fn claimed(&self, claimed: Claimed, loaded: Loaded) -> ClaimedRun {
        let Claimed { lease, folded, cancel_asked, crashes, .. } = claimed;
        let Loaded { mut state, log } = loaded;
        state.cancel_asked = cancel_asked;
        self.core().holds.set_log(&lease, folded.unwrap_or(log));
        ClaimedRun { lease, state, crashes }
    }

    async fn recover_all(&self) -> Result<u64, StoreError> {
        let mut recovered = 0;
        // Read first: mostly all are alive.
        while self.dead_are_there().await? {
            match self.core().submit(Job::Recover).await?.answer {
                Answer::Recovered(0) => break,
                Answer::Recovered(runs) => recovered += runs,
                other => return Err(self.unexpected(&other)),
            }
        }
        Ok(recovered)
    }

    async fn dead_are_there(&self) -> Result<bool, StoreError> {
        self.read(|core, sql| {
            let dead = Batch::reading(sql, core).dead_owners().map_err(|error| unavailable(&core.path, error))?;
            Ok(!dead.is_empty())
        })
        .await
    }

    async fn ask(&self, job: Job) -> Result<Asked, StoreError> {
        match self.core().submit(job).await?.answer {
            Answer::Asked(asked) => Ok(asked),
            other => Err(self.unexpected(&other)),
        }
    }

    async fn cancelled_here(&self) -> Result<Vec<RunKey>, StoreError> {
        let asked = self.look(|sql, instance| {
            let mut query = sql.prepare_cached(ASKED_TO_CANCEL)?;
            let key = |row: &rusqlite::Row<'_>| {
                let key = RunKey { namespace: row.get("namespace")?, run_id: row.get("run_id")? };
                Ok((key, row.get::<_, i64>("epoch")?))
            };
            query.query_map([instance], key)?.collect::<Result<Vec<_>, _>>()
        });
        // What was given back a moment ago may still be the instance's in the file.
        let is_held = |key: &RunKey, epoch: i64| self.core().holds.contains(key, epoch.unsigned_abs());
        Ok(asked.await?.into_iter().filter(|(key, epoch)| is_held(key, *epoch)).map(|(key, _)| key).collect())
    }

    async fn ended_of(&self, keys: &[RunKey]) -> Result<Vec<RunKey>, StoreError> {
        let keys = keys.to_vec();
        self.look(move |sql, _| {
            let mut ended = Vec::new();
            for key in keys {
                let status = find(sql, &key)?.map(|found| found.shown());
                if status.is_none_or(Status::is_ended) {
                    ended.push(key);
                }
            }
            Ok(ended)
        })
        .await
    }

    /// Reads what needs no more than the file and the name of this instance.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection, &str) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read(move |core, sql| look(sql, &core.instance.id).map_err(|error| unavailable(&core.path, error))).await
    }
}

impl Queue for SqliteStore {
    fn now(&self) -> BoxFuture<'_, Result<SystemTime, StoreError>> {
        Box::pin(std::future::ready(Ok(from_millis(clock::now()))))
    }

    fn attend<'a>(&'a self, attendance: &'a Attendance) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.attend_now(attendance))
    }

    fn submit<'a>(&'a self, run: &'a NewRun) -> BoxFuture<'a, Result<Submitted, StoreError>> {
        Box::pin(self.submit_run(run))
    }

    fn claim_due<'a>(&'a self, request: &'a ClaimDue, fits: Fits) -> BoxFuture<'a, Result<DueRuns, StoreError>> {
        Box::pin(self.claim_due_runs(request, fits))
    }

    fn recover(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.recover_all())
    }

    fn cancel<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Asked, StoreError>> {
        Box::pin(self.ask(Job::Cancel(key.clone())))
    }

    fn asked_to_cancel(&self) -> BoxFuture<'_, Result<Vec<RunKey>, StoreError>> {
        Box::pin(self.cancelled_here())
    }

    fn restart<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Asked, StoreError>> {
        Box::pin(self.ask(Job::Restart(key.clone())))
    }

    fn ended<'a>(&'a self, keys: &'a [RunKey]) -> BoxFuture<'a, Result<Vec<RunKey>, StoreError>> {
        Box::pin(self.ended_of(keys))
    }

    fn list<'a>(&'a self, request: &'a ListRuns) -> BoxFuture<'a, Result<Vec<RunSummary>, StoreError>> {
        let request = request.clone();
        Box::pin(self.look(move |sql, _| list::page(sql, &request)))
    }

    fn below<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Vec<RunSummary>, StoreError>> {
        let key = key.clone();
        Box::pin(self.look(move |sql, _| list::below(sql, &key)))
    }

    fn standings<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<Vec<(Standing, u64)>, StoreError>> {
        let flow = flow.to_owned();
        Box::pin(self.look(move |sql, _| standing::all(sql, &flow)))
    }

    /// Behind all that stands in the writer's queue.
    fn released(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.core().submit(Job::Heartbeat).await.map(drop) })
    }

    fn wakes(&self) -> &Wakes {
        &self.core().wakes
    }
}
