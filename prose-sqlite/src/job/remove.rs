//! Deleting runs, each with all below it.

use prose::store::{RunKey, Status};
use rusqlite::{Row, params};

use super::{Answer, Batch, Found, find};
use crate::clock;

/// How many runs are pruned in one transaction, so that others do not wait long.
const AT_ONCE: usize = 500;

/// The roots that are old enough, behind one of them.
pub(crate) const OLD_ROOTS: &str = "\
    select run, updated_at from prose_runs where parent is null \
    and (status = 'completed' or status = 'failed' or status = 'cancelled') \
    and updated_at <= ?1 and (updated_at, run) > (?2, ?3) order by updated_at, run limit ?4";

/// A run and all below it.
pub(crate) const TREE: &str = "\
    with recursive tree (run) as (select ?1 union all select below.run from tree cross join prose_runs below on below.parent = tree.run) \
    select one.*, compensating_since is not null undone, cancel_asked_at is not null cancel_asked, \
    exists (select 1 from prose_outbox event where event.namespace = one.namespace and event.run_id = one.run_id \
    and event.uid = one.uid) publishing from tree cross join prose_runs one on one.run = tree.run";

/// A run of a tree that is to be deleted.
struct Member {
    key: RunKey,
    found: Found,
    publishing: bool,
}

impl Member {
    fn is_over(&self) -> bool {
        !self.publishing && Status::parse(&self.found.status).is_some_and(Status::is_ended)
    }
}

/// Where pruning goes on: the last root that was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Behind {
    updated_at: i64,
    run: i64,
}

impl Batch<'_> {
    pub(super) fn delete(&mut self, key: &RunKey) -> rusqlite::Result<Answer> {
        let Some(found) = find(self.sql, key)? else { return Ok(Answer::Deleted(false)) };
        let tree = self.tree(found.run)?;
        for member in &tree {
            if self.is_held(&member.key, &member.found)? {
                return Ok(Answer::Busy(member.key.clone()));
            }
        }
        tree.iter().try_for_each(|member| self.remove(member))?;
        Ok(Answer::Deleted(true))
    }

    pub(super) fn prune(&mut self, before: i64, behind: Behind) -> rusqlite::Result<Answer> {
        let mut roots = Vec::new();
        let mut query = self.sql.prepare_cached(OLD_ROOTS)?;
        let mut rows = query.query(params![before, behind.updated_at, behind.run, AT_ONCE as i64])?;
        while let Some(row) = rows.next()? {
            roots.push(Behind { run: row.get("run")?, updated_at: row.get("updated_at")? });
        }
        drop(rows);
        let (mut runs, mut last) = (0, None);
        for root in &roots {
            let tree = self.tree(root.run)?;
            if tree.iter().all(Member::is_over) {
                tree.iter().try_for_each(|member| self.remove(member))?;
                runs += tree.len();
            }
            last = Some(*root);
            if runs >= AT_ONCE {
                break;
            }
        }
        let more = roots.len() == AT_ONCE || last != roots.last().copied();
        self.sql.prepare_cached("delete from prose_signals where expires_at <= ?1")?.execute([clock::now()])?;
        Ok(Answer::Pruned { runs: runs as u64, behind: last.filter(|_| more) })
    }

    fn tree(&self, root: i64) -> rusqlite::Result<Vec<Member>> {
        let read = |row: &Row<'_>| {
            let key = RunKey { namespace: row.get("namespace")?, run_id: row.get("run_id")? };
            Ok(Member { key, found: Found::read(row)?, publishing: row.get("publishing")? })
        };
        self.sql.prepare_cached(TREE)?.query_map([root], read)?.collect()
    }

    fn remove(&mut self, member: &Member) -> rusqlite::Result<()> {
        self.tails.forget(member.found.run);
        let RunKey { namespace, run_id } = &member.key;
        self.sql
            .prepare_cached("delete from prose_signals where namespace = ?1 and run_id = ?2 and uid = ?3")?
            .execute(params![namespace, run_id, member.found.uid])?;
        for statement in [
            "delete from prose_commits where run = ?1",
            "delete from prose_snapshots where run = ?1",
            "delete from prose_details where run = ?1",
            "delete from prose_runs where run = ?1",
        ] {
            self.sql.prepare_cached(statement)?.execute([member.found.run])?;
        }
        Ok(())
    }
}
