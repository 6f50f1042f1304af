//! The benchmark: builds the systems, has them do the same work in turns, and writes down what was seen.
//!
//! ```sh
//! cargo run --release --manifest-path benches/Cargo.toml -- all               # everything: about 35 minutes
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
mod versions;

use std::collections::HashSet;
use std::process::ExitCode;

use clap::Parser;

use build::Tree;
use plan::{Case, Turns};
use results::{Results, Taken};
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
        "all" => {
            // Of all of it, nothing that was seen before stays.
            let before = if cli.only().is_empty() { Results::default() } else { Results::load(&tree.benches)? };
            measure(&tree, cli, &('a'..='i').collect(), before)
        }
        _ => measure(&tree, cli, &rows(&cli.what)?, Results::load(&tree.benches)?),
    }
}

fn rows(words: &[String]) -> Result<HashSet<char>> {
    let row = |word: &String| match word.chars().next() {
        Some(row @ 'a'..='i') if word.len() == 1 => Ok(row),
        _ => Err(format!("`{word}` is neither `all`, `quick` nor `report`, nor a row: a, b, .. i").into()),
    };
    words.iter().map(row).collect()
}

/// Measures these rows, keeps what the results have of others, and writes the report.
fn measure(tree: &Tree, cli: &Cli, rows: &HashSet<char>, mut results: Results) -> Result<ExitCode> {
    machine::refuse_memory()?;
    let is_asked = |case: &Case| rows.contains(&case.row) && cli.concurrency.is_none_or(|it| it == case.concurrency);
    let asked = plan::all().into_iter().map(|turns| turns.into_iter().filter(is_asked).collect::<Turns>());
    let all: Vec<Turns> = asked.filter(|turns| !turns.is_empty()).collect();
    // Some of what runs at once says nothing of the rest.
    for row in rows.iter().filter(|_| cli.concurrency.is_none()) {
        results.forget_row(*row, &cli.system);
    }
    let load = machine::load();
    let server = Server::start();
    let on = machine::describe(tree, server.as_ref())?;
    let taken = || Taken { only: cli.only(), date: machine::today(), load: load.clone(), on: on.clone() };
    if rows.contains(&'i') {
        order_builds::measure(tree, &cli.system, &mut results)?;
        results.was_taken('i', taken());
    }
    build(tree, cli, &all)?;
    let session = Session { tree, server: server.as_ref(), only: &cli.system };
    for turns in &all {
        session.measure(turns, &mut results)?;
        turns.iter().for_each(|case| results.was_taken(case.row, taken()));
        results.save(&tree.benches)?;
    }
    results.save(&tree.benches)?;
    report::write(tree, &results)?;
    println!("\nwritten: benches/RESULTS.md, benches/results.json, benches/plots/");
    Ok(ExitCode::SUCCESS)
}

impl Cli {
    /// What of its rows is asked for; nothing: all of them.
    fn only(&self) -> String {
        let at_once = self.concurrency.map(|it| format!("{it} at once"));
        self.system.iter().cloned().chain(at_once).collect::<Vec<_>>().join(", ")
    }
}

/// Builds what the cases need. A peer that cannot be built is told, and its figures are missing.
fn build(tree: &Tree, cli: &Cli, all: &[Turns]) -> Result<()> {
    println!("building ..");
    tree.build_own()?;
    let systems = all.iter().flatten().flat_map(Case::systems).filter(|it| it.kind == Kind::Peer);
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
