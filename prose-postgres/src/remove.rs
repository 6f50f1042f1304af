//! Removing runs: one by its name, or all that have ended long ago. Events that were not published yet stay.

use std::time::Duration;

use prose::StoreError;
use prose::store::RunKey;
use prose::store::rows::integer;

use crate::core::Core;
use crate::patience::answered;

/// All that belongs to the runs of `doomed`.
const REMOVE: &str = "\
    , gone_commits as (delete from {s}.commits using doomed where commits.run = doomed.run) \
    , gone_snapshots as (delete from {s}.snapshots using doomed where snapshots.run = doomed.run) \
    , gone_details as (delete from {s}.details using doomed where details.run = doomed.run) \
    delete from {s}.runs using doomed where runs.run = doomed.run";

/// If it is as it was looked at.
const ONE: &str = "with doomed as (select run from {s}.runs where run = $1 and epoch = $2 and status = $3 for update)";

const OLD: &str = "\
    with doomed as ( \
        select run from {s}.runs where status in ('completed', 'failed', 'cancelled') \
            and updated_at <= clock_timestamp() - make_interval(secs => $1) \
            and not exists (select from {s}.outbox where outbox.key = runs.key and outbox.run = runs.run) \
        order by updated_at limit $2 for update skip locked \
    )";

/// How many runs are pruned in one statement, so that others do not wait long.
const PRUNE_AT_ONCE: i64 = 500;

/// Beyond this nothing is old: instants of Postgres begin in 4713 BC.
const OLDEST: Duration = Duration::from_secs(1_000 * 365 * 24 * 3_600);

impl Core {
    /// Deletes a run; `false` if there was none.
    pub(crate) async fn delete(&self, key: &RunKey) -> Result<bool, StoreError> {
        let _turn = self.turns.of(key).await;
        loop {
            let Some(found) = self.look(key).await? else { return Ok(false) };
            if self.is_held(key, &found) {
                return Err(StoreError::Busy(key.clone()));
            }
            let deleting = answered(|| {
                let query = sqlx::query(self.schema.sql(&format!("{ONE}{REMOVE}")))
                    .bind(found.run)
                    .bind(integer(found.epoch))
                    .bind(&found.status);
                self.link.within(query.execute(&self.pool))
            });
            let deleted = deleting.await.map_err(|error| self.unavailable(error))?;
            if deleted.value.rows_affected() > 0 || deleted.resent {
                return Ok(true);
            }
        }
    }

    /// Deletes what has ended and is older; how many runs.
    pub(crate) async fn prune(&self, older_than: Duration) -> Result<u64, StoreError> {
        if older_than >= OLDEST {
            return Ok(0);
        }
        let mut pruned = 0;
        loop {
            let pruning = answered(|| {
                let query = sqlx::query(self.schema.sql(&format!("{OLD}{REMOVE}")))
                    .bind(older_than.as_secs_f64())
                    .bind(PRUNE_AT_ONCE);
                self.link.within(query.execute(&self.pool))
            });
            let gone = pruning.await.map_err(|error| self.unavailable(error))?.value.rows_affected();
            pruned += gone;
            if gone < PRUNE_AT_ONCE.unsigned_abs() {
                return Ok(pruned);
            }
        }
    }
}
