//! Row i: what it takes to build the order flow, with ours and with the peers.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::Result;
use crate::build::{Tree, run};
use crate::plan;
use crate::repetition::{Measured, Outcome};
use crate::results::Results;
use crate::system::named;

/// A program that has the order flow and nothing else: an example of a package, by one name in all of them.
struct Order {
    system: &'static str,
    package: &'static str,
    /// What cargo is told, so that nothing is built that the order flow does not need.
    features: &'static [&'static str],
}

const fn order(system: &'static str, package: &'static str, features: &'static [&'static str]) -> Order {
    Order { system, package, features }
}

/// A peer's package is the benchmark's program too, by default.
const ALONE: &[&str] = &["--no-default-features"];
const ON_SQLITE: &[&str] = &["--no-default-features", "--features", "sqlite"];

const ORDERS: [Order; 6] = [
    order("prose-sqlite", "order/sqlite", &[]),
    order("prose-postgres", "order/postgres", &[]),
    order("durare-sqlite", "peers/durare", ON_SQLITE),
    order("duroxide", "peers/duroxide", ALONE),
    order("cano", "peers/cano", ALONE),
    order("dbos", "peers/dbos", ALONE),
];

const EXAMPLE: &str = "order_flow";

/// Builds each in an empty folder, in release mode, and once more behind a change.
pub(crate) fn measure(tree: &Tree, only: &[String], results: &mut Results) -> Result<()> {
    let case = plan::order_builds();
    for order in ORDERS.iter().filter(|order| only.is_empty() || only.iter().any(|name| name == order.system)) {
        let Some(system) = named(order.system) else { continue };
        results.forget(&case, system);
        println!("building the order flow of {} ..", order.system);
        match build(tree, order) {
            Ok(measured) => results.add(&case, system, &[measured]),
            Err(error) => results.note(&case, system, Outcome::Failed(error.to_string())),
        }
    }
    results.print(&case);
    Ok(())
}

fn build(tree: &Tree, order: &Order) -> Result<Measured> {
    let package = tree.benches.join(order.package);
    let manifest = package.join("Cargo.toml");
    let target = tempfile::Builder::new().prefix("prose-bench-build-").tempdir()?;
    let mut build = tree.cargo("build", &manifest, target.path());
    build.args(["--example", EXAMPLE]).args(order.features);
    // What was not downloaded yet is no part of building.
    run(tree.cargo_plain("fetch", &manifest).arg("--locked"))?;
    let clean = spent_by(&mut build)?;
    touch(&package)?;
    let again = spent_by(&mut build)?;
    let size = target.path().join("release/examples").join(EXAMPLE).metadata()?.len();
    let metric = |name: &str, value| (name.to_owned(), value);
    let metrics = vec![
        metric("clean_build_cpu_s", clean),
        metric("rebuild_cpu_ms", again * 1e3),
        metric("binary_bytes", size as f64),
        metric("dependencies", dependencies(tree, &manifest, order.features)? as f64),
    ];
    Ok(Measured { metrics, ..Measured::default() })
}

/// Changes the time of its source, so that it is compiled again.
fn touch(package: &Path) -> Result<()> {
    let source = package.join("examples").join(EXAMPLE).with_extension("rs");
    Ok(File::options().append(true).open(source)?.set_modified(SystemTime::now())?)
}

/// The processor time of a command and all that it starts: on a shared machine the clock also counts what others do.
fn spent_by(command: &mut Command) -> Result<f64> {
    let before = spent_by_children()?;
    run(command)?;
    Ok(spent_by_children()? - before)
}

/// In seconds, of all that have ended.
fn spent_by_children() -> Result<f64> {
    // Behind the name, which stands in parentheses and may have spaces: state is the third field, cutime and cstime are the 16th and 17th.
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |it| it.1).split_whitespace().collect();
    let ticks = |place: usize| fields.get(place - 3).and_then(|field| field.parse::<f64>().ok()).ok_or("no such field");
    Ok((ticks(16)? + ticks(17)?) / rustix::param::clock_ticks_per_second() as f64)
}

/// Crates other than the program's own, those that only build others included.
fn dependencies(tree: &Tree, manifest: &Path, features: &[&str]) -> Result<usize> {
    let mut cargo = tree.cargo_plain("tree", manifest);
    cargo.args(["--locked", "--edges", "normal,build", "--prefix", "none", "--no-dedupe"]).args(features);
    let output = cargo.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let crates: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_suffix(" (*)").or(Some(line))).collect();
    // The program itself, and what the benchmark shares among all of them.
    Ok(crates.iter().filter(|it| !it.is_empty() && !it.contains("/benches/")).count())
}
