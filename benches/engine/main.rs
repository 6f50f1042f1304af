//! What the engine's promises cost, on SQLite and, where one is reachable, on Postgres.
//!
//! ```sh
//! cargo bench --bench engine                     # all of it (half an hour)
//! cargo bench --bench engine -- takeover         # one part: takeover, drain, sleeping, due, lists, throughput; or several
//! cargo bench --bench engine -- lists small      # with a tenth of the runs
//! ```
//!
//! It prints a table, with the goals of docs/operating.md beside what was seen: times of this machine and moment. It fails only if something
//! does not happen at all. The Postgres is the one that the tests use; a schema of its own is dropped behind each part.

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

mod due;
mod flows;
mod lists;
mod place;
mod sleeping;
mod table;
mod takeover;
mod throughput;

use place::Place;

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

const PARTS: [&str; 6] = ["takeover", "drain", "sleeping", "due", "lists", "throughput"];

#[tokio::main]
async fn main() -> Result<()> {
    // Another process of this benchmark.
    if let Some((part, place)) = prose_store_tests::process::part() {
        return flows::work(&part, Place::parse(&place)?).await;
    }
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let small = args.iter().any(|arg| arg == "small");
    let asked: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "small").collect();
    if let Some(unknown) = asked.iter().find(|part| !PARTS.contains(part)) {
        return Err(format!("there is no part `{unknown}`; there are {PARTS:?}").into());
    }
    let parts = PARTS.iter().filter(|part| asked.is_empty() || asked.contains(part));
    let postgres = prose_test_servers::postgres().map(|server| server.url().to_owned());
    table::head(postgres.as_deref()).await?;
    for part in parts {
        measure(part, None, small).await?;
        if let Some(url) = &postgres {
            measure(part, Some(url), small).await?;
        }
    }
    Ok(())
}

/// One part, on SQLite or on the Postgres at this URL.
async fn measure(part: &str, postgres: Option<&str>, small: bool) -> Result<()> {
    let new = || Place::new(postgres);
    let of = |runs: u32| if small { runs / 10 } else { runs };
    match part {
        "takeover" => takeover::takeover(new).await,
        "drain" => takeover::drain(new).await,
        "sleeping" => sleeping::sleeping(new, of(100_000), of(1_000_000)).await,
        "due" => due::due(new, of(1_000)).await,
        "lists" => lists::lists(new, of(1_000_000)).await,
        _ => throughput::throughput(new, of(5_000)).await,
    }
}
