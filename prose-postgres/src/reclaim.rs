//! Claiming a run once more for its own owner, who does not know what became of a commit that travelled with a transaction.

use std::sync::Arc;

use prose::StoreError;
use prose::store::rows::integer;
use prose::store::{Lease, Reclaimed};
use sqlx::Row;

use crate::claim::Taken;
use crate::core::Core;
use crate::patience::answered;
use crate::recover::with_crashes;
use crate::text::escape;

/// What the old epoch has written is the same execution's. Raising the epoch waits for a transaction that holds the run's row. What that has committed meanwhile this statement does not
/// see, but its place in the log is taken then.
const RECLAIM: &str = "\
    with raised as ( \
        update {s}.runs run set epoch = run.epoch + 1, crashes = {crashes_left} \
        where run.run = $1 and run.epoch = $2 and run.uid = $3 and run.status in ('running', 'compensating') \
        returning run.run, run.epoch, run.updated_at \
    ), claimed as ( \
        insert into {s}.commits (run, seq, epoch, at) \
        select run, $4, epoch, greatest(clock_timestamp(), updated_at) from raised \
        on conflict (run, seq) do nothing returning run \
    ) \
    select claimed.run is null as committed from raised left join claimed on claimed.run = raised.run";

/// What an attempt has done whose answer was lost: no other execution of this store claims the run meanwhile, and those of others
/// write themselves down as its owner.
const RECLAIMED: &str = "\
    select commit.epoch = $2 as committed from {s}.runs run \
    join {s}.commits commit on commit.run = run.run and commit.seq = $3 \
    where run.run = $1 and run.epoch = $2 + 1 and run.owner = $4";

impl Core {
    /// Claims a run once more; `None` if the lease is not the run's. On a task of its own, as each claim.
    pub(crate) async fn reclaim(self: &Arc<Self>, lease: &Lease, seq: u64) -> Result<Option<Reclaimed>, StoreError> {
        let (core, lease) = (Arc::clone(self), lease.clone());
        let reclaiming = self.runtime.spawn(async move { core.reclaim_in_turn(&lease, seq).await });
        let Some((reclaimed, taken)) = reclaiming.await.map_err(|error| self.given_up(error))?? else {
            return Ok(None);
        };
        taken.keep();
        Ok(Some(reclaimed))
    }

    async fn reclaim_in_turn(
        self: &Arc<Self>,
        lease: &Lease,
        seq: u64,
    ) -> Result<Option<(Reclaimed, Taken)>, StoreError> {
        let _turn = self.turns.of(&lease.key).await;
        let committed = self.raise(lease, seq).await.map_err(|error| self.unavailable(error))?;
        let Some(committed) = committed else { return Ok(None) };
        let lease = Lease { epoch: lease.epoch + 1, ..lease.clone() };
        let taken = Taken::new(self, &lease);
        Ok(Some((Reclaimed { lease, seq, committed }, taken)))
    }

    /// Whether the commit is there; `None` if the lease is not the run's.
    async fn raise(&self, lease: &Lease, seq: u64) -> Result<Option<bool>, sqlx::Error> {
        let raising = answered(|| {
            let query = sqlx::query(self.schema.sql(&with_crashes(RECLAIM)))
                .bind(lease.row)
                .bind(integer(lease.epoch))
                .bind(escape(&lease.uid))
                .bind(integer(seq));
            self.link.within(query.fetch_optional(&self.pool))
        });
        let raised = raising.await?;
        match raised.value {
            Some(row) => row.try_get("committed").map(Some),
            None if raised.resent => self.raised_before(lease, seq).await,
            None => Ok(None),
        }
    }

    async fn raised_before(&self, lease: &Lease, seq: u64) -> Result<Option<bool>, sqlx::Error> {
        let asking = answered(|| {
            let query = sqlx::query_scalar(self.schema.sql(RECLAIMED))
                .bind(lease.row)
                .bind(integer(lease.epoch))
                .bind(integer(seq))
                .bind(&self.instance.id);
            self.link.within(query.fetch_optional(&self.pool))
        });
        Ok(asking.await?.value)
    }
}
