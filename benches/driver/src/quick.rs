//! The quick form: our ratios to the floors, against those in `baseline.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::Result;
use crate::build::Tree;
use crate::plan::{self, Case, Turns};
use crate::results::{Results, short, work_of};
use crate::server::Server;
use crate::session::Session;

/// A ratio may be so much worse than the baseline's.
const TOLERANCE: f64 = 0.25;

/// What seems to be worse is measured so many times more, and the best counts: a busy machine makes ratios worse rather than better.
const AGAIN: usize = 2;

/// A baseline is the worst of so many: what it is compared with is the best of several.
const TAKEN: usize = 3;

const BASELINE: &str = "baseline.json";

/// One side of a ratio.
struct Side(char, &'static str, usize, &'static str);

/// A ratio that is watched.
struct Watched {
    name: &'static str,
    metric: &'static str,
    ours: Side,
    floor: Side,
}

const fn watched(name: &'static str, metric: &'static str, ours: Side, floor: Side) -> Watched {
    Watched { name, metric, ours, floor }
}

const COMMITS: &str = "commits_per_s";
const P50: &str = "p50_us";
const STEPS: &str = "steps";
const TRANSACTIONS: &str = "transactions";

const WATCHED: [Watched; 9] = [
    watched(
        "SQLite, 1 at once ÷ bare inserts",
        COMMITS,
        Side('a', STEPS, 1, "prose-sqlite"),
        Side('a', STEPS, 1, "sqlite-insert"),
    ),
    watched(
        "SQLite, 256 at once ÷ grouped inserts",
        COMMITS,
        Side('a', STEPS, 256, "prose-sqlite"),
        Side('a', STEPS, 256, "sqlite-insert"),
    ),
    watched(
        "SQLite, 2,048 at once ÷ grouped inserts",
        COMMITS,
        Side('a', STEPS, 2_048, "prose-sqlite"),
        Side('a', STEPS, 2_048, "sqlite-insert"),
    ),
    watched(
        "Postgres, 1 at once: p50 ÷ a bare insert",
        P50,
        Side('a', STEPS, 1, "prose-postgres"),
        Side('a', STEPS, 1, "postgres-insert"),
    ),
    watched(
        "Postgres, 256 at once ÷ unnest",
        COMMITS,
        Side('a', STEPS, 256, "prose-postgres"),
        Side('a', STEPS, 256, "postgres-unnest"),
    ),
    watched(
        "SQLite transactions: p50 ÷ by hand",
        P50,
        Side('c', TRANSACTIONS, 1, "prose-sqlite"),
        Side('c', TRANSACTIONS, 1, "sqlite-insert"),
    ),
    watched(
        "Postgres transactions: p50 ÷ by hand",
        P50,
        Side('c', TRANSACTIONS, 1, "prose-postgres"),
        Side('c', TRANSACTIONS, 1, "postgres-insert"),
    ),
    watched(
        "SQLite: resuming behind 10,000 ÷ behind 100",
        "resume_ms",
        Side('e', "10000 committed steps", 1, "prose-sqlite"),
        Side('e', "100 committed steps", 1, "prose-sqlite"),
    ),
    watched(
        "without a store: a step ÷ the async fn",
        "ns_per_step",
        Side('h', "loop", 1, "prose-memory"),
        Side('h', "loop", 1, "hand-naive"),
    ),
];

impl Watched {
    fn more_is_better(&self) -> bool {
        self.metric.ends_with("_per_s")
    }

    fn ratio(&self, results: &Results) -> Option<f64> {
        let of = |side: &Side| results.median(side.0, side.1, side.2, side.3, self.metric);
        Some(of(&self.ours)? / of(&self.floor)?)
    }

    fn needs(&self, case: &Case) -> bool {
        let is = |side: &Side| (side.0, side.1, side.2) == (case.row, work_of(case).as_str(), case.concurrency);
        is(&self.ours) || is(&self.floor)
    }

    /// How much worse than before it is; 0.25 is a quarter.
    fn worse(&self, before: f64, now: f64) -> f64 {
        if self.more_is_better() { before / now - 1.0 } else { now / before - 1.0 }
    }

    fn better(&self, one: f64, other: f64) -> f64 {
        if self.more_is_better() { one.max(other) } else { one.min(other) }
    }
}

type Ratios = BTreeMap<String, f64>;

/// Measures and compares; with `write`, what is seen becomes the baseline.
pub(crate) fn run(tree: &Tree, write: bool) -> Result<ExitCode> {
    tree.build_own()?;
    let server = Server::start();
    let session = Session { tree, server: server.as_ref(), only: &[] };
    let baseline: PathBuf = tree.benches.join(BASELINE);
    if write {
        let taken = worst_of_several(&session)?;
        std::fs::write(&baseline, serde_json::to_string_pretty(&taken)? + "\n")?;
        println!("\nwritten: {}", baseline.display());
        return Ok(ExitCode::SUCCESS);
    }
    let mut seen = Ratios::new();
    measure(&session, &plan::quick(), &mut seen)?;
    let before: Ratios = serde_json::from_str(&std::fs::read_to_string(&baseline)?)?;
    for _ in 0..AGAIN {
        let worse = regressed(&before, &seen);
        let needed = |turns: &Turns| turns.iter().any(|case| worse.iter().any(|it| it.needs(case)));
        measure(&session, &plan::quick().into_iter().filter(needed).collect::<Vec<_>>(), &mut seen)?;
    }
    Ok(compare(&before, &seen))
}

fn worst_of_several(session: &Session<'_>) -> Result<Ratios> {
    let mut taken = Ratios::new();
    for _ in 0..TAKEN {
        let mut seen = Ratios::new();
        measure(session, &plan::quick(), &mut seen)?;
        for watched in &WATCHED {
            if let Some(now) = seen.get(watched.name) {
                let worse = |one: f64| if watched.worse(one, *now) > 0.0 { *now } else { one };
                taken.entry(watched.name.to_owned()).and_modify(|one| *one = worse(*one)).or_insert(*now);
            }
        }
    }
    Ok(taken)
}

/// Measures the cases, and keeps the better of each ratio.
fn measure(session: &Session<'_>, all: &[Turns], seen: &mut Ratios) -> Result<()> {
    let mut results = Results::default();
    for turns in all {
        session.measure(turns, &mut results)?;
    }
    for watched in &WATCHED {
        if let Some(now) = watched.ratio(&results) {
            seen.entry(watched.name.to_owned()).and_modify(|best| *best = watched.better(*best, now)).or_insert(now);
        }
    }
    Ok(())
}

fn regressed(before: &Ratios, seen: &Ratios) -> Vec<&'static Watched> {
    let is_worse = |it: &&Watched| match (before.get(it.name), seen.get(it.name)) {
        (Some(before), Some(now)) => it.worse(*before, *now) > TOLERANCE,
        _ => false,
    };
    WATCHED.iter().filter(is_worse).collect()
}

fn compare(before: &Ratios, seen: &Ratios) -> ExitCode {
    println!("\n{:48} {:>9} {:>9}", "ratio", "baseline", "now");
    for watched in &WATCHED {
        let text = |ratios: &Ratios| ratios.get(watched.name).map_or("–".to_owned(), |ratio| short(*ratio));
        println!("{:48} {:>9} {:>9}", watched.name, text(before), text(seen));
    }
    let worse = regressed(before, seen);
    for watched in &worse {
        let by = watched.worse(before[watched.name], seen[watched.name]) * 100.0;
        eprintln!("{} is {by:.0} % worse than the baseline (more than {:.0} % fails)", watched.name, TOLERANCE * 100.0);
    }
    // What was to be measured and was not, a Postgres that is missing, is told by whoever missed it.
    if worse.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratios(commits: f64, nanos: f64) -> Ratios {
        [(WATCHED[0].name.to_owned(), commits), (WATCHED[8].name.to_owned(), nanos)].into()
    }

    #[test]
    fn worse_is_less_of_a_rate_and_more_of_a_time() {
        let names = |now| regressed(&ratios(0.8, 2.0), &now).iter().map(|it| it.name).collect::<Vec<_>>();
        assert!(names(ratios(0.65, 2.4)).is_empty());
        assert_eq!(names(ratios(0.6, 2.4)), [WATCHED[0].name]);
        assert_eq!(names(ratios(9.0, 2.6)), [WATCHED[8].name]);
    }

    #[test]
    fn each_ratio_is_measured_by_a_case_of_the_quick_plan() {
        for watched in &WATCHED {
            let sides = [&watched.ours, &watched.floor];
            assert!(
                sides.iter().all(|side| plan::quick().iter().flatten().any(|case| {
                    (side.0, side.1, side.2) == (case.row, work_of(case).as_str(), case.concurrency)
                        && case.systems().any(|system| system.name == side.3)
                })),
                "{}",
                watched.name
            );
        }
    }
}
