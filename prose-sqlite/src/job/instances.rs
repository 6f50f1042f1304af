//! Who executes runs, who is dead, and what the dead have left.

use std::time::Duration;

use prose::store::queue::Attendance;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Answer, Batch};
use crate::clock;
use crate::instance::Instance;
use crate::statement::HAS_WRITTEN;

/// How many runs are recovered in one transaction, so that others do not wait long.
const AT_ONCE: i64 = 1_000;

/// The run's execution has died in the midst of a child, which counts for itself. (A child's number is greater than its parent's: it is
/// recovered behind it.)
const IN_A_CHILD: &str =
    "exists (select 1 from prose_runs child where child.parent = prose_runs.run and child.owner = prose_runs.owner)";

pub(crate) const NEXT_OWNER: &str = "select min(owner) from prose_runs where owner > ?1";

impl Batch<'_> {
    /// Whether another instance lives, and is not stopped.
    pub(crate) fn is_alive(&self, instance: &str) -> rusqlite::Result<bool> {
        Ok(self.instance.folder.is_alive(instance) && beats(self.sql, instance)?)
    }

    pub(super) fn attend(&self, attendance: &Attendance) -> rusqlite::Result<Answer> {
        self.sql
            .prepare_cached("update prose_instances set name = ?2, lease = coalesce(?3, lease) where instance = ?1")?
            .execute(params![self.instance.id, attendance.name, attendance.lease.map(millis)])?;
        Ok(Answer::Attended)
    }

    /// The instances that hold runs and are dead.
    pub(crate) fn dead_owners(&self) -> rusqlite::Result<Vec<String>> {
        let mut dead = Vec::new();
        let mut last = String::new();
        let mut next = self.sql.prepare_cached(NEXT_OWNER)?;
        while let Some(owner) = next.query_row([&last], |row| row.get::<_, Option<String>>(0))? {
            if owner != self.instance.id && !self.is_alive(&owner)? {
                dead.push(owner.clone());
            }
            last = owner;
        }
        Ok(dead)
    }

    pub(super) fn recover(&self) -> rusqlite::Result<Answer> {
        let now = clock::now();
        let mut recovered = 0;
        for dead in self.dead_owners()? {
            recovered += self.recover_from(&dead, now)?;
        }
        Ok(Answer::Recovered(recovered))
    }

    /// The runs keep their epochs, so what the fence asks for stays as it was until somebody claims them: [`Tails`](super::Tails) need not be told.
    fn recover_from(&self, dead: &str, now: i64) -> rusqlite::Result<u64> {
        let recover = format!(
            "update prose_runs set owner = null, wake_at = ?2, updated_at = max(?2, updated_at), \
             crashes = case when {IN_A_CHILD} then crashes when {HAS_WRITTEN} then 1 else crashes + 1 end \
             where run in (select run from prose_runs where owner = ?1 limit ?3) returning parent"
        );
        let parents: Vec<Option<i64>> = self
            .sql
            .prepare_cached(&recover)?
            .query_map(params![dead, now, AT_ONCE], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for parent in parents.iter().flatten() {
            self.wake(*parent, now)?;
        }
        Ok(parents.len() as u64)
    }
}

/// Whether an instance's heartbeat is fresh: a process that is stopped keeps its lock, but its heart does not beat.
fn beats(sql: &Connection, instance: &str) -> rusqlite::Result<bool> {
    let row = sql
        .prepare_cached("select boot, heartbeat, lease from prose_instances where instance = ?1")?
        .query_row([instance], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
        .optional()?;
    Ok(row.is_some_and(|(boot, heartbeat, lease)| {
        boot == clock::boot_id() && clock::boot_millis().saturating_sub(heartbeat) <= lease
    }))
}

/// Writes that this instance is alive.
pub(crate) fn beat(sql: &Connection, instance: &Instance, lease: Duration) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "insert into prose_instances (instance, pid, boot, heartbeat, lease, started_at) values (?1, ?2, ?3, ?4, ?5, ?6) \
         on conflict (instance) do update set heartbeat = excluded.heartbeat",
    )?
    .execute(params![
        instance.id,
        std::process::id(),
        clock::boot_id(),
        clock::boot_millis(),
        millis(lease),
        clock::now()
    ])?;
    Ok(())
}

fn millis(lease: Duration) -> i64 {
    i64::try_from(lease.as_millis()).unwrap_or(i64::MAX)
}

/// Removes the rows of instances that are dead.
pub(crate) fn sweep(sql: &Connection, instance: &Instance) -> rusqlite::Result<()> {
    let known: Vec<String> = sql
        .prepare("select instance from prose_instances")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for dead in known.iter().filter(|id| !instance.folder.is_alive(id)) {
        sql.execute("delete from prose_instances where instance = ?1", [dead])?;
    }
    Ok(())
}
