//! Recovering the runs of the dead: making them due, and counting what died with them.

use std::sync::Arc;

use prose::StoreError;
use sqlx::Row;

use crate::core::Core;
use crate::instance::ALIVE;
use crate::notices::Notice;
use crate::patience::answered;

/// From owner to owner in their index, so that it takes as long as there are owners, not runs. Whose row is gone is dead as well.
///
/// What is no crash of a run: that the server itself was restarted, behind which all instances look dead until they come back; and that an
/// execution died in the midst of a child, which counts for itself.
const RECOVER: &str = "\
    with recursive owners as ( \
        (select owner from {s}.runs where owner is not null order by owner limit 1) \
        union all \
        select (select run.owner from {s}.runs run where run.owner > owners.owner order by run.owner limit 1) \
        from owners where owners.owner is not null \
    ), dead as materialized ( \
        select owners.owner from owners \
        where owners.owner <> $1 and not exists ( \
            select from {s}.instances instance where instance.instance = owners.owner and {alive} \
        ) \
    ), lost as ( \
        select run.run, run.epoch, \
            exists (select from {s}.runs child where child.parent = run.run and child.owner = run.owner) \
            or exists (select from {s}.instances instance \
                where instance.instance = run.owner and instance.heartbeat < pg_postmaster_start_time()) as unharmed \
        from dead join {s}.runs run on run.owner = dead.owner \
        order by run.run limit $2 for no key update of run skip locked \
    ) \
    update {s}.runs run set owner = null, wake_at = clock_timestamp(), updated_at = greatest(clock_timestamp(), run.updated_at), \
        crashes = case when lost.unharmed then run.crashes when {has_written} then 1 else run.crashes + 1 end \
    from lost where run.run = lost.run \
    returning run.parent";

/// Whether the execution that holds the run `run` has written anything of it: its claim's row is not all that is left of it, but two rows, or one
/// that says something.
const HAS_WRITTEN: &str = "( \
    select count(*) filter (where last.epoch = run.epoch) > 1 or bool_or(last.epoch = run.epoch and last.says) from ( \
        select commits.epoch, coalesce(point, completed, dropped, writes, compensable, undoing) is not null as says \
        from {s}.commits where commits.run = run.run order by commits.seq desc limit 2 \
    ) last )";

/// How many deaths stay counted when an execution ends its claim in good order: it has not died, but if it has got no further either, that says
/// nothing of what kills its processes.
const CRASHES_LEFT: &str =
    "case when run.crashes > 0 and not coalesce({has_written}, false) then run.crashes else 0 end";

/// A text with `{has_written}` and `{crashes_left}`, of a run `run`.
pub(crate) fn with_crashes(text: &str) -> String {
    text.replace("{crashes_left}", CRASHES_LEFT).replace("{has_written}", HAS_WRITTEN)
}

/// So many runs are recovered in one statement, so that others do not wait long.
const AT_ONCE: i64 = 500;

impl Core {
    /// Makes the runs of dead instances due; how many.
    pub(crate) async fn recover(self: &Arc<Self>) -> Result<u64, StoreError> {
        let sql = self.schema.sql(&with_crashes(RECOVER).replace("{alive}", &ALIVE.replace("{i}", "instance")));
        let mut recovered = 0;
        loop {
            let recovering = answered(|| {
                let query = sqlx::query(sql.clone()).bind(&self.instance.id).bind(AT_ONCE);
                self.link.within(query.fetch_all(&self.pool))
            });
            let rows = recovering.await.map_err(|error| self.unavailable(error))?.value;
            let parents = rows.iter().filter_map(|row| row.try_get::<Option<i64>, _>("parent").transpose());
            let parents = parents.collect::<Result<_, _>>().map_err(|error| self.unavailable(error))?;
            self.wake_all(parents).await;
            recovered += rows.len() as u64;
            if rows.len() < AT_ONCE as usize {
                break;
            }
        }
        if recovered > 0 {
            self.tell(Notice::Due);
        }
        Ok(recovered)
    }
}
