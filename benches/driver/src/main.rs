//! The benchmark: builds the systems, has them do the same work in turns, and writes down what was seen.
//!
//! ```sh
//! cargo run --release --manifest-path benches/Cargo.toml -- all               # everything: about 25 minutes
//! cargo run --release --manifest-path benches/Cargo.toml -- a                 # one row, a to i; or several
//! cargo run --release --manifest-path benches/Cargo.toml -- a --system prose-sqlite --system cano --concurrency 1
//! cargo run --release --manifest-path benches/Cargo.toml -- quick             # our ratios against `baseline.json`
//! cargo run --release --manifest-path benches/Cargo.toml -- quick --write     # .. which become the new baseline
//! cargo run --release --manifest-path benches/Cargo.toml -- report            # RESULTS.md and the plots, from results.json
//! ```
//!
//! It needs SQLite's C compiler, and starts a Postgres of its own where one is installed (or uses the one at `PROSE_BENCH_POSTGRES`, which
//! should be nobody else's); where there is none, a line says that those systems are left out.

mod build;
mod goals;
mod machine;
mod order_builds;
mod plan;
mod quick;
mod repetition;
mod report;
mod results;
mod server;
mod session;
mod system;

use std::collections::HashSet;
use std::process::ExitCode;

use clap::Parser;

use build::Tree;
use plan::Case;
use results::Results;
use server::Server;
use session::Session;
use system::{Kind, Program, SYSTEMS};

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// What the benchmark is to do.
#[derive(Debug, Parser)]
struct Cli {
    /// `all`, `quick`, `report`, or the letters of rows.
    #[arg(required = true)]
    what: Vec<String>,
    /// Only this system; may be given several times.
    #[arg(long)]
    system: Vec<String>,
    /// Only with so many runs at once.
    #[arg(long)]
    concurrency: Option<usize>,
    /// With `quick`: what is seen becomes the baseline.
    #[arg(long)]
    write: bool,
}

fn main() -> ExitCode {
    match execute(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: &Cli) -> Result<ExitCode> {
    let tree = Tree::find()?;
    if let Some(unknown) = cli.system.iter().find(|name| system::named(name).is_none()) {
        return Err(
            format!("there is no system `{unknown}`; there are {}", SYSTEMS.map(|it| it.name).join(", ")).into()
        );
    }
    match cli.what.join(" ").as_str() {
        "quick" => quick::run(&tree, cli.write),
        "report" => {
            report::write(&tree, &Results::load(&tree.benches)?)?;
            Ok(ExitCode::SUCCESS)
        }
        "all" => measure(&tree, cli, &('a'..='i').collect()),
        _ => measure(&tree, cli, &rows(&cli.what)?),
    }
}

fn rows(words: &[String]) -> Result<HashSet<char>> {
    let row = |word: &String| match word.chars().next() {
        Some(row @ 'a'..='i') if word.len() == 1 => Ok(row),
        _ => Err(format!("`{word}` is neither `all`, `quick` nor `report`, nor a row: a, b, .. i").into()),
    };
    words.iter().map(row).collect()
}

/// Measures these rows, keeps what was seen of others, and writes the report.
fn measure(tree: &Tree, cli: &Cli, rows: &HashSet<char>) -> Result<ExitCode> {
    let is_asked = |case: &Case| rows.contains(&case.row) && cli.concurrency.is_none_or(|it| it == case.concurrency);
    let cases: Vec<Case> = plan::all().into_iter().filter(is_asked).collect();
    let mut results = Results::load(&tree.benches)?;
    if rows.contains(&'i') {
        order_builds::measure(tree, &cli.system, &mut results)?;
    }
    build(tree, cli, &cases)?;
    let server = Server::start();
    results.circumstances.machine = machine::describe(server.as_ref())?;
    let session = Session { tree, server: server.as_ref(), only: &cli.system };
    for case in &cases {
        session.measure(case, &mut results)?;
        results.circumstances.dates.insert(case.row, machine::today());
        results.save(&tree.benches)?;
    }
    results.save(&tree.benches)?;
    report::write(tree, &results)?;
    println!("\nwritten: benches/RESULTS.md, benches/results.json, benches/plots/");
    Ok(ExitCode::SUCCESS)
}

/// Builds what the cases need. A peer that cannot be built is told, and its figures are missing.
fn build(tree: &Tree, cli: &Cli, cases: &[Case]) -> Result<()> {
    println!("building ..");
    tree.build_own()?;
    let systems = cases.iter().flat_map(Case::systems).filter(|it| it.kind == Kind::Peer);
    let asked = systems.filter(|it| cli.system.is_empty() || cli.system.iter().any(|name| name == it.name));
    let peers: HashSet<Program> = asked.map(|it| it.program).collect();
    for peer in peers {
        if let Program::Peer(name) = peer
            && let Err(error) = tree.build_peer(name)
        {
            eprintln!("{name} is left out: {error}");
        }
    }
    Ok(())
}
