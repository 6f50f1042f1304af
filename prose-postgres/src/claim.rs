//! Claiming a run: a look at what stands in the way, the run itself, and the write that takes it.

use std::sync::Arc;

use prose::StoreError;
use prose::store::rows::integer;
use prose::store::{Claim, ClaimRequest, ClaimedRun, Commit, Lease, Status, from_millis};

use crate::core::Core;
use crate::error::code;
use crate::load::Loaded;
use crate::look::Found;
use crate::patience::answered;

/// Takes the run if it is as it was looked at. A commit of its old owner that came in between has the place in the log: the
/// statement fails then.
const TAKE: &str = "\
    with taken as ( \
        update {s}.runs set epoch = epoch + 1, owner = $4, updated_at = greatest(clock_timestamp(), updated_at), \
            status = {claimed}, wake_at = null, awaits = null, \
            cancel_asked_at = case when status <> 'failed' then cancel_asked_at end \
        where run = $1 and epoch = $2 and status = $5 returning run, epoch, crashes \
    ), appended as ( \
        insert into {s}.commits (run, seq, epoch, at) \
        select taken.run, $3 + 1, taken.epoch, greatest(clock_timestamp(), last.at) \
        from taken left join lateral ( \
            select own.at from {s}.commits own where own.run = taken.run and own.seq = $3 offset 0 \
        ) last on true \
        returning run, at \
    ) \
    select floor(extract(epoch from appended.at) * 1000)::int8 as at, taken.crashes from appended join taken using (run)";

/// The status of a run that is claimed: once its undoing has begun it does nothing else.
pub(crate) const CLAIMED: &str = "case when compensating_since is null then 'running' else 'compensating' end";

/// A run that was claimed. Where nobody takes it, it is given back.
#[derive(Debug)]
pub(crate) struct Taken {
    core: Arc<Core>,
    lease: Option<Lease>,
}

impl Taken {
    pub(crate) fn new(core: &Arc<Core>, lease: &Lease) -> Self {
        core.holds.add(lease);
        Self { core: Arc::clone(core), lease: Some(lease.clone()) }
    }

    /// From now on the run is its owner's.
    pub(crate) fn keep(mut self) {
        self.lease = None;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            self.core.release(&lease);
        }
    }
}

impl Core {
    /// Claims a run. On a task of its own, so that a claim whose answer nobody takes is given back.
    pub(crate) async fn claim(self: &Arc<Self>, request: &ClaimRequest) -> Result<Claim, StoreError> {
        let (core, request) = (Arc::clone(self), request.clone());
        let claiming = self.runtime.spawn(async move { core.claim_in_turn(&request).await });
        let (claim, taken) = claiming.await.map_err(|error| self.given_up(error))??;
        if let Some(taken) = taken {
            taken.keep();
        }
        Ok(claim)
    }

    pub(crate) fn given_up(&self, error: tokio::task::JoinError) -> StoreError {
        StoreError::unavailable(format!("asking {} was given up", self.place), error)
    }

    async fn claim_in_turn(self: &Arc<Self>, request: &ClaimRequest) -> Result<(Claim, Option<Taken>), StoreError> {
        let _turn = self.turns.of(&request.key).await;
        loop {
            let Some(found) = self.look(&request.key).await? else { return Ok((Claim::Missing, None)) };
            if let Some(refusal) = self.in_the_way(&found, request) {
                return Ok((refusal, None));
            }
            let Some(loaded) = self.load(&request.key).await? else { continue };
            if loaded.state.run.uid != found.uid {
                continue;
            }
            if !found.can_be_claimed(request) {
                // It ended before the look, and may have been claimed since.
                match loaded.state.folded.status().is_ended() {
                    true => return Ok((Claim::Ended(Box::new(loaded.state)), None)),
                    false => continue,
                }
            }
            // It is as it was looked at, or it has changed since: look again.
            if let Some((claimed, taken)) = self.take(found, request, loaded).await? {
                return Ok((Claim::Claimed(Box::new(claimed)), Some(taken)));
            }
        }
    }

    /// What can be said without reading the run.
    fn in_the_way(&self, found: &Found, request: &ClaimRequest) -> Option<Claim> {
        if found.flow != request.flow {
            return Some(Claim::OtherFlow(found.flow.clone()));
        }
        let held = found.is_unended() && self.is_held(&request.key, found);
        held.then_some(Claim::Held { epoch: found.epoch })
    }

    async fn take(
        self: &Arc<Self>,
        found: Found,
        request: &ClaimRequest,
        loaded: Loaded,
    ) -> Result<Option<(ClaimedRun, Taken)>, StoreError> {
        let Loaded { mut state, mut log } = loaded;
        let last = state.folded.seq;
        let sql = TAKE.replace("{claimed}", CLAIMED);
        let taking = answered(|| {
            let query = sqlx::query_as::<_, (i64, i64)>(self.schema.sql(&sql))
                .bind(found.run)
                .bind(integer(found.epoch))
                .bind(integer(last))
                .bind(&self.instance.id)
                .bind(&found.status);
            self.link.within(query.fetch_optional(&self.pool))
        });
        let taken = match taking.await {
            Ok(answer) => answer.value,
            Err(error) if code(&error).as_deref() == Some("23505") => None,
            Err(error) => return Err(self.unavailable(error)),
        };
        let Some((at, crashes)) = taken else { return Ok(None) };
        let lease = Lease { key: request.key.clone(), uid: found.uid, row: found.run, epoch: found.epoch + 1 };
        let taken = Taken::new(self, &lease);
        state.folded.apply(Commit::empty(last + 1));
        // One that is started again is to go on.
        state.cancel_asked &= found.status != Status::Failed.as_str();
        state.updated_at = from_millis(at);
        log.commits += 1;
        self.holds.set_log(&lease, log);
        // A run that crashes again and again, or finds no code that can go on, makes claims only.
        if log.is_due() {
            self.put_fold(&lease, &state.folded).await;
        }
        Ok(Some((ClaimedRun { lease, state, crashes: number(crashes) }, taken)))
    }
}

/// A count, as the interface has it.
pub(crate) fn number(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
