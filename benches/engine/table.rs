//! The table, and the machine that it is of.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row};

use super::Result;
use super::place::Place;

/// The machine, the versions, and the table's head.
pub(crate) async fn head(postgres: Option<&str>) -> Result<()> {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let (cores, load) = (std::thread::available_parallelism()?, std::fs::read_to_string("/proc/loadavg"));
    let load = load.as_deref().unwrap_or_default().split(' ').next().unwrap_or_default();
    println!("{cores} cores ({}), {}, load {load}", model.map_or("", |(_, name)| name), std::env::consts::OS);
    let mut sqlite = SqliteConnection::connect("sqlite::memory:").await?;
    let version: String = sqlx::query("select sqlite_version()").fetch_one(&mut sqlite).await?.try_get(0)?;
    println!("SQLite {version}; {}\n", postgres_version(postgres).await?);
    println!("| store | what | seen | goal |\n|---|---|---|---|");
    Ok(())
}

async fn postgres_version(url: Option<&str>) -> Result<String> {
    let Some(url) = url else { return Ok("no Postgres is reachable, so it is left out".to_owned()) };
    let mut connection = PgConnection::connect(url).await?;
    let version: String = sqlx::query("show server_version").fetch_one(&mut connection).await?.try_get(0)?;
    Ok(format!("Postgres {version}"))
}

/// A line of the table.
pub(crate) fn row(place: &Place, what: &str, seen: impl std::fmt::Display, goal: &str) {
    println!("| {} | {what} | {seen} | {goal} |", place.kind());
}

/// Some of many measurements, by their place in order: 0 is the least, 100 the greatest.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Their median and the greatest.
pub(crate) fn median_and_max(times: &mut [Duration]) -> String {
    format!("median {:.1?}, max {:.1?}", percentile(times, 50), percentile(times, 100))
}

/// What most took, and nearly all.
pub(crate) fn p50_and_p99(times: &mut [Duration]) -> String {
    format!("p50 {:.2?}, p99 {:.2?}", percentile(times, 50), percentile(times, 99))
}
