//! Removing runs, each with all runs below it: one by its name, or all that have ended long ago. Events that were not published yet stay.

use std::time::Duration;

use prose::StoreError;
use prose::store::RunKey;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::core::Core;
use crate::instance::ALIVE;
use crate::load::Unreadable;
use crate::look::Found;
use crate::patience::answered;
use crate::text::{key as key_text, unescape};
use crate::transaction::Transaction;

/// All that belongs to the runs of `doomed`; how many they were, and how many of them had no parent.
const REMOVE: &str = "\
    , gone_commits as (delete from {s}.commits using doomed where commits.run = doomed.run) \
    , gone_snapshots as (delete from {s}.snapshots using doomed where snapshots.run = doomed.run) \
    , gone_details as (delete from {s}.details using doomed where details.run = doomed.run) \
    , gone_signals as ( \
        delete from {s}.signals using doomed \
        where signals.key = doomed.key and (signals.uid is null or signals.uid = doomed.uid) \
    ) \
    , gone as (delete from {s}.runs using doomed where runs.run = doomed.run returning runs.parent) \
    select count(*) as runs, count(*) filter (where parent is null) as roots from gone";

const THESE: &str = "with doomed as (select run, key, uid from {s}.runs where run = any($1))";

/// A run and all below it, locked; the topmost first, as by all who lock several.
const TREE: &str = "\
    with recursive tree as ( \
        select run from {s}.runs where key = sha256(convert_to($1, 'UTF8')) \
        union all \
        select below.run from tree join {s}.runs below on below.parent = tree.run \
    ) \
    select run.namespace, run.run_id, run.run, run.uid, run.flow, run.status, run.compensating_since is not null as undone, \
        run.epoch, run.owner, coalesce( \
            (select {alive} from {s}.instances instance where instance.instance = run.owner and run.owner <> $2), false \
        ) as alive \
    from {s}.runs run where run.run in (select run from tree) order by run.run for update of run";

/// Old runs without a parent, each with all below it.
const OLD: &str = "\
    with old as ( \
        select runs.run from {s}.runs where runs.status in ('completed', 'failed', 'cancelled') and runs.parent is null \
            and runs.updated_at <= statement_timestamp() - make_interval(secs => $1) \
            and not exists (select from {s}.outbox where outbox.key = runs.key and outbox.run = runs.run) \
            and not exists ( \
                select from {s}.runs below where below.root = runs.run and ( \
                    below.status not in ('completed', 'failed', 'cancelled') \
                    or exists (select from {s}.outbox where outbox.key = below.key and outbox.run = below.run) \
                ) \
            ) \
        order by runs.updated_at limit $2 for update skip locked \
    ), doomed as ( \
        select run.run, run.key, run.uid from old join {s}.runs run on run.run = old.run \
        union all \
        select below.run, below.key, below.uid from old join {s}.runs below on below.root = old.run \
    )";

/// Signals for runs that have not come in time.
const EXPIRED: &str = "delete from {s}.signals where expires_at <= statement_timestamp()";

/// How many runs without a parent are pruned in one statement, so that others do not wait long.
const PRUNE_AT_ONCE: i64 = 500;

/// Beyond this nothing is old: instants of Postgres begin in 4713 BC.
const OLDEST: Duration = Duration::from_secs(1_000 * 365 * 24 * 3_600);

/// What became of an attempt to delete a run.
enum Deleted {
    Missing,
    Gone,
    Held(RunKey),
}

impl Core {
    /// Deletes a run, and all below it; `false` if there was none.
    pub(crate) async fn delete(&self, key: &RunKey) -> Result<bool, StoreError> {
        let _turn = self.turns.of(key).await;
        let deleting = answered(|| self.read_within(self.try_delete(key)));
        let answer = deleting.await.map_err(|error| self.unavailable(error))?;
        match answer.value.map_err(|error| self.unreadable(key, error))? {
            Deleted::Missing => Ok(answer.resent),
            Deleted::Gone => Ok(true),
            Deleted::Held(held) => Err(StoreError::Busy(held)),
        }
    }

    async fn try_delete(&self, key: &RunKey) -> Result<Deleted, Unreadable> {
        let mut transaction = self.begin().await?;
        let tree = self.lock_tree(&mut transaction, key).await?;
        // Of the topmost run it is this call's turn.
        let turn =
            |(below, _): &(RunKey, Found)| if below == key { Some(None) } else { self.turns.try_of(below).map(Some) };
        let turns: Vec<_> = tree.iter().map(turn).collect();
        let held = tree.iter().zip(&turns).find(|((below, found), turn)| turn.is_none() || self.is_held(below, found));
        let deleted = match held {
            Some(((below, _), _)) => Deleted::Held(below.clone()),
            None if tree.is_empty() => Deleted::Missing,
            None => {
                let doomed: Vec<_> = tree.iter().map(|(_, found)| found.run).collect();
                let query = sqlx::query(self.schema.sql(&format!("{THESE}{REMOVE}"))).bind(&doomed);
                query.execute(transaction.sql()).await?;
                Deleted::Gone
            }
        };
        transaction.commit().await?;
        Ok(deleted)
    }

    /// Once all are locked, no run comes in below: whoever creates one locks its parent as well.
    async fn lock_tree(&self, transaction: &mut Transaction, key: &RunKey) -> Result<Vec<(RunKey, Found)>, Unreadable> {
        let sql = self.schema.sql(&TREE.replace("{alive}", &ALIVE.replace("{i}", "instance")));
        let (name, mut locked) = (key_text(key), 0);
        loop {
            let query = sqlx::query(sql.clone()).bind(&name).bind(&self.instance.id);
            let rows = query.fetch_all(transaction.sql()).await?;
            if rows.len() == locked {
                return rows.iter().map(read).collect();
            }
            locked = rows.len();
        }
    }

    /// Deletes what has ended and is older; how many runs.
    pub(crate) async fn prune(&self, older_than: Duration) -> Result<u64, StoreError> {
        let forgetting = answered(|| self.link.within(sqlx::query(self.schema.sql(EXPIRED)).execute(&self.pool)));
        forgetting.await.map_err(|error| self.unavailable(error))?;
        if older_than >= OLDEST {
            return Ok(0);
        }
        let sql = self.schema.sql(&format!("{OLD}{REMOVE}"));
        let mut pruned = 0;
        loop {
            let pruning = answered(|| {
                let query = sqlx::query_as::<_, (i64, i64)>(sql.clone());
                self.link.within(query.bind(older_than.as_secs_f64()).bind(PRUNE_AT_ONCE).fetch_one(&self.pool))
            });
            let (gone, roots) = pruning.await.map_err(|error| self.unavailable(error))?.value;
            pruned += gone.unsigned_abs();
            if roots < PRUNE_AT_ONCE {
                return Ok(pruned);
            }
        }
    }
}

fn read(row: &PgRow) -> Result<(RunKey, Found), Unreadable> {
    let text = |column: &str| row.try_get::<String, _>(column).map(unescape);
    Ok((RunKey { namespace: text("namespace")?, run_id: text("run_id")? }, Found::read(row)?))
}
