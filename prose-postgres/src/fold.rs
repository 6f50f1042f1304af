//! Folding: a run's owner puts a snapshot in the place of its commits, so that a resume reads what is live, not what has
//! happened. And what replaces a run in the same way: its migration to another version of its code.

use std::sync::Arc;

use prose::StoreError;
use prose::store::fold::Folded;
use prose::store::rows::{CommitRow, Log, integer, print_fingerprint};
use prose::store::{Commit, Lease, Migrated};

use crate::columns::row;
use crate::core::Core;
use crate::patience::answered;
use crate::text::escape;

/// Only by the owner, and never by one that is older than what stands there. The last commit of the fold stays: its `seq` is
/// what the next one continues.
const FOLD: &str = "\
    with owned as ( \
        select run from {s}.runs where run = $1 and epoch = $2 and uid = $3 for no key update \
    ), put as ( \
        insert into {s}.snapshots as snapshot (run, seq, folded, placed, point, phase, iterations, fingerprint) \
        select run, $4, $5, true, $6, $7, $8, $9 from owned \
        on conflict (run) do update set seq = excluded.seq, folded = excluded.folded, {placed} \
        where snapshot.seq < excluded.seq \
        returning run \
    ) \
    delete from {s}.commits using put where commits.run = put.run and commits.seq < $4";

/// Where a folded run stands, beside the fold.
const PLACED: &str = "\
    placed = true, point = excluded.point, phase = excluded.phase, iterations = excluded.iterations, \
    fingerprint = excluded.fingerprint";

const MIGRATE: &str = "\
    with owned as ( \
        update {s}.runs set version = $5, updated_at = greatest(clock_timestamp(), updated_at) \
        where run = $1 and epoch = $2 and uid = $3 and status in ('running', 'compensating') \
            and exists (select from {s}.commits where run = $1 and seq = $4 - 1) \
            and not exists (select from {s}.commits where run = $1 and seq = $4) \
        returning run, epoch, updated_at \
    ), appended as ( \
        insert into {s}.commits (run, seq, epoch, at, point, phase, iterations, fingerprint) \
        select run, $4, epoch, updated_at, $8, $9, $10, $11 from owned \
        returning run \
    ), detailed as ( \
        update {s}.details set input = $6 from appended where details.run = appended.run \
    ), put as ( \
        insert into {s}.snapshots (run, seq, folded, placed, point, phase, iterations, fingerprint) \
        select run, $4, $7, true, $8, $9, $10, $11 from appended \
        on conflict (run) do update set seq = excluded.seq, folded = excluded.folded, {placed} \
    ), folded as ( \
        delete from {s}.commits using appended where commits.run = appended.run and commits.seq < $4 \
    ) \
    select run from appended";

/// A claim's row may stand in the same place, but has no snapshot.
const MIGRATED: &str = "\
    select run from {s}.commits join {s}.snapshots using (run, seq) where run = $1 and seq = $2 and epoch = $3";

/// The commit that says no more than where a folded run stands.
fn place(folded: &Folded) -> Commit {
    Commit { position: folded.position.clone(), fingerprint: folded.fingerprint, ..Commit::empty(folded.seq) }
}

impl Core {
    /// Folds a run's log. What goes wrong with it is no fault of the commit that it follows.
    pub(crate) async fn fold(&self, lease: &Lease) {
        match self.folded(lease.row).await {
            Ok(folded) => self.put_fold(lease, &folded).await,
            Err(error) => tracing::warn!(run = %lease.key, place = self.place, %error, "the log cannot be folded"),
        }
    }

    /// Puts a fold in the place of the commits in front of it. An ending is no part of it: that stands in the run's row.
    pub(crate) async fn put_fold(&self, lease: &Lease, folded: &Folded) {
        let written = serde_json::to_string(folded).and_then(|text| Ok((text, row(&place(folded))?)));
        let (text, columns) = match written {
            Ok(written) => written,
            Err(error) => {
                tracing::warn!(run = %lease.key, place = self.place, %error, "the log cannot be folded");
                return;
            }
        };
        let sql = self.schema.sql(&FOLD.replace("{placed}", PLACED));
        let putting = answered(|| {
            let query = sqlx::query(sql.clone())
                .bind(lease.row)
                .bind(integer(lease.epoch))
                .bind(escape(&lease.uid))
                .bind(integer(folded.seq))
                .bind(&text)
                .bind(&columns.point)
                .bind(columns.phase.as_deref())
                .bind(&columns.iterations)
                .bind(&columns.fingerprint);
            self.link.within(query.execute(&self.pool))
        });
        match putting.await {
            Ok(_) => self.holds.set_log(lease, Log::folded(text.len())),
            Err(error) => tracing::warn!(run = %lease.key, place = self.place, %error, "the log could not be folded"),
        }
    }

    /// Replaces what a run is; `false` if the lease is not the run's any more. On a task of its own, as whatever is written.
    pub(crate) async fn migrate(self: &Arc<Self>, lease: &Lease, run: &Migrated) -> Result<bool, StoreError> {
        let folded = &run.folded;
        let columns = row(&place(folded)).map_err(|error| self.unwritable(&lease.key, &error))?;
        let text = serde_json::to_string(folded).map_err(|error| self.unwritable(&lease.key, &error))?;
        let (core, lease, run) = (Arc::clone(self), lease.clone(), run.clone());
        let migrating = self.runtime.spawn(async move {
            let migrated = core.migrate_now(&lease, &run, &columns, &text).await;
            if matches!(migrated, Ok(true)) {
                core.holds.set_log(&lease, Log::folded(text.len()));
            }
            migrated.map_err(|error| core.unavailable(error))
        });
        migrating.await.map_err(|error| self.given_up(error))?
    }

    async fn migrate_now(
        &self,
        lease: &Lease,
        run: &Migrated,
        columns: &CommitRow,
        folded: &str,
    ) -> Result<bool, sqlx::Error> {
        let sql = self.schema.sql(&MIGRATE.replace("{placed}", PLACED));
        let migrating = answered(|| {
            let query = sqlx::query(sql.clone())
                .bind(lease.row)
                .bind(integer(lease.epoch))
                .bind(escape(&lease.uid))
                .bind(integer(run.folded.seq))
                .bind(i64::from(run.version))
                .bind(run.input.as_str())
                .bind(folded)
                .bind(&columns.point)
                .bind(columns.phase.as_deref())
                .bind(&columns.iterations)
                .bind(&columns.fingerprint);
            self.link.within(query.fetch_optional(&self.pool))
        });
        let answer = match migrating.await {
            // Somebody has the place in the log.
            Err(error) if crate::error::code(&error).as_deref() == Some("23505") => {
                return self.was_migrated(lease, run).await;
            }
            answer => answer?,
        };
        if answer.value.is_none() && answer.resent {
            return self.was_migrated(lease, run).await;
        }
        Ok(answer.value.is_some())
    }

    /// Whether an attempt whose answer was lost has written it. Of two that have one lease, the other one may have as well.
    async fn was_migrated(&self, lease: &Lease, run: &Migrated) -> Result<bool, sqlx::Error> {
        let asking = answered(|| {
            let query = sqlx::query(self.schema.sql(MIGRATED))
                .bind(lease.row)
                .bind(integer(run.folded.seq))
                .bind(integer(lease.epoch));
            self.link.within(query.fetch_optional(&self.pool))
        });
        Ok(asking.await?.value.is_some())
    }

    /// Keeps what code looks like.
    pub(crate) async fn keep(&self, code: &prose::store::Code) -> Result<(), StoreError> {
        // A panic cannot have left the set half-changed.
        let kept = || self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if kept().contains(&code.fingerprint) {
            return Ok(());
        }
        let keeping = answered(|| {
            let sql = self.schema.sql(
                "insert into {s}.code (fingerprint, flow, shape, kept_at) values ($1, $2, $3, clock_timestamp()) \
                 on conflict (fingerprint) do nothing",
            );
            let query = sqlx::query(sql)
                .bind(print_fingerprint(code.fingerprint))
                .bind(escape(&code.flow))
                .bind(code.shape.as_str());
            self.link.within(query.execute(&self.pool))
        });
        keeping.await.map_err(|error| self.unavailable(error))?;
        kept().insert(code.fingerprint);
        Ok(())
    }
}
