//! Where runs stand, as far as code can tell whether it can go on with them: read without their state.

use std::collections::HashMap;

use prose::store::queue::Standing;
use prose::store::rows::{CommitRow, RowError, parse_fingerprint};
use prose::store::{Position, RunKey};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::from_str;

use crate::job::Found;
use crate::load::Unreadable;

/// A run that could be claimed, and where it stands.
pub(crate) struct Stand {
    pub(crate) found: Found,
    pub(crate) standing: Standing,
}

const RUN: &str = "\
    select *, compensating_since is not null undone, cancel_asked_at is not null cancel_asked from prose_runs where run = ?1";

/// The newest first.
const COMMITS: &str = "\
    select point, phase, iterations, fingerprint from prose_commits where run = ?1 order by seq desc";

const SNAPSHOT: &str = "\
    select folded -> '$.position', folded -> '$.fingerprint' from prose_snapshots where run = ?1";

pub(crate) const UNFINISHED: &str = "\
    select run from prose_runs where flow = ?1 and status in ('running', 'waiting', 'compensating', 'blocked')";

/// Where a run stands.
pub(crate) fn of(sql: &Connection, run: i64) -> Result<Stand, Unreadable> {
    let read = |row: &Row<'_>| {
        let key = RunKey { namespace: row.get("namespace")?, run_id: row.get("run_id")? };
        Ok((key, row.get("version")?, row.get::<_, String>("fingerprint")?, Found::read(row)?))
    };
    let (key, version, creator, found) = sql.prepare_cached(RUN)?.query_row([run], read)?;
    let place = place(sql, run, found.epoch)?;
    let standing = Standing {
        key,
        flow: found.flow.clone(),
        version,
        written_by: place.fingerprint.map_or_else(|| parse_fingerprint(&creator), Ok)?,
        position: place.position,
        undoing: found.undone,
        crashes: found.crashes,
    };
    Ok(Stand { found, standing })
}

/// What is written last of each.
#[derive(Default)]
struct Place {
    position: Option<Position>,
    fingerprint: Option<u64>,
}

fn place(sql: &Connection, run: i64, epoch: u64) -> Result<Place, Unreadable> {
    let mut place = Place::default();
    let mut log_is_missing = epoch > 0;
    let mut query = sql.prepare_cached(COMMITS)?;
    let mut rows = query.query([run])?;
    while let Some(row) = rows.next()? {
        log_is_missing = false;
        let commit = read(row)?.into_commit(0)?;
        place.position = place.position.or(commit.position);
        place.fingerprint = place.fingerprint.or(commit.fingerprint);
        if place.position.is_some() && place.fingerprint.is_some() {
            return Ok(place);
        }
    }
    if log_is_missing {
        return Err(RowError::Content("its log is missing".to_owned()).into());
    }
    behind(sql, run, place)
}

fn read(row: &Row<'_>) -> rusqlite::Result<CommitRow> {
    Ok(CommitRow {
        point: row.get("point")?,
        phase: row.get::<_, Option<String>>("phase")?.map(Into::into),
        iterations: row.get("iterations")?,
        fingerprint: row.get("fingerprint")?,
        ..CommitRow::default()
    })
}

/// The rest, from the snapshot. The JSON is taken as text: SQLite's integers have a sign.
fn behind(sql: &Connection, run: i64, place: Place) -> Result<Place, Unreadable> {
    let texts: Option<(Option<String>, Option<String>)> =
        sql.prepare_cached(SNAPSHOT)?.query_row([run], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((position, fingerprint)) = texts else { return Ok(place) };
    let position = position.map(|text| from_str::<Option<Position>>(&text)).transpose().map_err(RowError::from)?;
    let fingerprint = fingerprint.map(|text| from_str::<Option<u64>>(&text)).transpose().map_err(RowError::from)?;
    Ok(Place {
        position: place.position.or(position.flatten()),
        fingerprint: place.fingerprint.or(fingerprint.flatten()),
    })
}

/// Where the unfinished runs of a flow stand, and how many stand so. What cannot be read is counted by whoever tries to execute it.
pub(crate) fn all(sql: &Connection, flow: &str) -> rusqlite::Result<Vec<(Standing, u64)>> {
    let mut standings: HashMap<Standing, (RunKey, u64)> = HashMap::new();
    let mut query = sql.prepare_cached(UNFINISHED)?;
    let mut rows = query.query([flow])?;
    while let Some(row) = rows.next()? {
        let standing = match of(sql, row.get("run")?) {
            Ok(stand) => stand.standing,
            Err(Unreadable::Sqlite(error)) if !is_of_row(&error) => return Err(error),
            Err(_) => continue,
        };
        let one = standing.key.clone();
        standings.entry(Standing { key: RunKey::new(""), crashes: 0, ..standing }).or_insert((one, 0)).1 += 1;
    }
    Ok(standings.into_iter().map(|(standing, (key, runs))| (Standing { key, ..standing }, runs)).collect())
}

/// Whether a column does not hold what was written there: that is the run's fault, everything else the file's.
pub(crate) fn is_of_row(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    matches!(error, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..))
}
