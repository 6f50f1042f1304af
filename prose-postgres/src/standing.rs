//! Where runs stand, as far as code can tell whether it can go on with them: without reading all of them.

use std::collections::HashMap;

use prose::StoreError;
use prose::store::fold::Folded;
use prose::store::queue::Standing;
use prose::store::rows::{CommitRow, RowError, parse_fingerprint};
use prose::store::{Position, RunKey};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::core::Core;
use crate::load::Unreadable;
use crate::patience::answered;
use crate::text::{escape, unescape};

/// What [`read`] needs beside its name and its `crashes`, of a run `run` with these [`JOINS`]. The fold itself only where an older version has left out what it says.
pub(crate) const COLUMNS: &str = "\
    run.flow, run.version, run.compensating_since is not null as undoing, \
    case when place.point is null then snapshot.point else place.point end as point, \
    case when place.point is null then snapshot.phase else place.phase end as phase, \
    case when place.point is null then snapshot.iterations else place.iterations end as iterations, \
    coalesce(code.fingerprint, snapshot.fingerprint) as fingerprint, run.fingerprint as made_by, \
    case when not snapshot.placed then snapshot.folded end as folded";

/// The last of its commits that says where it stands, the last that says which code has written that, and the fold in front of them.
pub(crate) const JOINS: &str = "\
    left join lateral (select * from {s}.snapshots own where own.run = run.run offset 0) snapshot on true \
    left join lateral ( \
        select commits.point, commits.phase, commits.iterations from {s}.commits \
        where commits.run = run.run and commits.seq > coalesce(snapshot.seq, 0) and commits.point is not null \
        order by commits.seq desc limit 1 \
    ) place on true \
    left join lateral ( \
        select commits.fingerprint from {s}.commits \
        where commits.run = run.run and commits.seq > coalesce(snapshot.seq, 0) and commits.fingerprint is not null \
        order by commits.seq desc limit 1 \
    ) code on true";

const STANDINGS: &str = "\
    select (array_agg(namespace))[1] as namespace, (array_agg(run_id))[1] as run_id, count(*) as runs, 0::int8 as crashes, flow, version, undoing, point, phase, \
        iterations, fingerprint, made_by, folded \
    from ( \
        select run.namespace, run.run_id, {columns} from {s}.runs run {joins} \
        where run.flow = $1 and run.status in ('running', 'waiting', 'compensating', 'blocked') \
    ) standing \
    group by flow, version, undoing, point, phase, iterations, fingerprint, made_by, folded";

/// A statement with the columns and the joins in place.
pub(crate) fn with_standing(template: &str) -> String {
    template.replace("{columns}", COLUMNS).replace("{joins}", JOINS)
}

/// Where a run stands.
pub(crate) fn read(row: &PgRow) -> Result<Standing, Unreadable> {
    let text = |column: &str| row.try_get::<String, _>(column).map(unescape);
    let (mut position, mut written_by) = (position(row)?, row.try_get::<Option<String>, _>("fingerprint")?);
    if let Some(folded) = row.try_get::<Option<String>, _>("folded")? {
        let folded: Folded = serde_json::from_str(&folded).map_err(RowError::from)?;
        position = position.or(folded.position);
        written_by = written_by.or(folded.fingerprint.map(prose::store::rows::print_fingerprint));
    }
    let written_by = written_by.map_or_else(|| row.try_get("made_by"), Ok)?;
    let version: i64 = row.try_get("version")?;
    Ok(Standing {
        key: RunKey { namespace: text("namespace")?, run_id: text("run_id")? },
        flow: text("flow")?,
        version: u32::try_from(version)
            .map_err(|_| RowError::Content(format!("`{version}` is no version of a flow")))?,
        written_by: parse_fingerprint(&written_by)?,
        position,
        undoing: row.try_get("undoing")?,
        crashes: u32::try_from(row.try_get::<i64, _>("crashes")?).unwrap_or(u32::MAX),
    })
}

fn position(row: &PgRow) -> Result<Option<Position>, Unreadable> {
    let columns = CommitRow {
        point: row.try_get::<Option<String>, _>("point")?.map(unescape),
        phase: row.try_get::<Option<String>, _>("phase")?.map(Into::into),
        iterations: row.try_get("iterations")?,
        ..CommitRow::default()
    };
    Ok(columns.into_commit(0)?.position)
}

impl Core {
    /// Where the unfinished runs of a flow stand, with how many stand so.
    pub(crate) async fn standings(&self, flow: &str) -> Result<Vec<(Standing, u64)>, StoreError> {
        let (sql, flow) = (self.schema.sql(&with_standing(STANDINGS)), escape(flow));
        let asking = answered(|| self.link.within(sqlx::query(sql.clone()).bind(&*flow).fetch_all(&self.pool)));
        let rows = asking.await.map_err(|error| self.unavailable(error))?.value;
        let mut standings: HashMap<Standing, (RunKey, u64)> = HashMap::new();
        for row in &rows {
            let standing = read(row).map_err(|error| self.unreadable(&RunKey::new(""), error))?;
            let runs: i64 = row.try_get("runs").map_err(|error| self.unavailable(error))?;
            // Rows of two kinds may say the same: one in the commits, one in the fold.
            let (one, same) = (standing.key.clone(), Standing { key: RunKey::new(""), ..standing });
            standings.entry(same).or_insert((one, 0)).1 += runs.unsigned_abs();
        }
        Ok(standings.into_iter().map(|(standing, (key, runs))| (Standing { key, ..standing }, runs)).collect())
    }
}
