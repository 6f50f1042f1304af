//! The quick form: our ratios to the floors, against those in `baseline.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::Result;
use crate::build::Tree;
use crate::machine;
use crate::plan::{self, Case, Turns};
use crate::results::{Results, middle, short, work_of};
use crate::server::Server;
use crate::session::Session;
use crate::system::{Place, named};

/// A ratio may be so much worse than the baseline's.
const TOLERANCE: f64 = 0.25;

/// The same on a kind of processor that has no baseline: what a floor costs beside ours depends on it, so all that can be told is what has gone badly wrong.
const TOLERANCE_ELSEWHERE: f64 = 1.0;

/// What seems to be worse is measured so many times more, and the best counts: a busy machine makes ratios worse rather than better.
const AGAIN: usize = 2;

/// Behind so much time nothing is measured again: it is to end within two minutes.
const PATIENCE: Duration = Duration::from_secs(100);

/// A baseline is the median of so many passes.
const TAKEN: usize = 3;

const BASELINE: &str = "baseline.json";

/// What is measured: a row, its work, how many at once, the system.
struct Side(char, &'static str, usize, &'static str);

/// A ratio that is watched.
struct Watched {
    name: &'static str,
    metric: &'static str,
    ours: Side,
    /// None of what is a ratio by itself.
    floor: Option<Side>,
}

const fn watched(name: &'static str, metric: &'static str, ours: Side, floor: Side) -> Watched {
    Watched { name, metric, ours, floor: Some(floor) }
}

const fn alone(name: &'static str, metric: &'static str, ours: Side) -> Watched {
    Watched { name, metric, ours, floor: None }
}

const COMMITS: &str = "commits_per_s";
const P50: &str = "p50_us";
const STEPS: &str = "steps";
const TRANSACTIONS: &str = "transactions";
const FAN_OUT: &str = "fan-out";
const PER_S: &str = "steps_per_s";
const SYNCS: &str = "syncs_per_step";

const WATCHED: [Watched; 13] = [
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
        "SQLite, a fan-out of 1,000 ÷ grouped inserts",
        PER_S,
        Side('d', FAN_OUT, 1, "prose-sqlite"),
        Side('d', FAN_OUT, 1, "sqlite-insert"),
    ),
    watched(
        "Postgres, a fan-out of 1,000 ÷ unnest",
        PER_S,
        Side('d', FAN_OUT, 1, "prose-postgres"),
        Side('d', FAN_OUT, 1, "postgres-unnest"),
    ),
    alone("SQLite, 1 at once: syncs for each step", SYNCS, Side('a', STEPS, 1, "prose-sqlite")),
    alone("SQLite, 100 at once: syncs for each step", SYNCS, Side('a', STEPS, 100, "prose-sqlite")),
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

    fn sides(&self) -> impl Iterator<Item = &Side> {
        std::iter::once(&self.ours).chain(&self.floor)
    }

    fn ratio(&self, results: &Results) -> Option<f64> {
        let of = |side: &Side| results.median(side.0, side.1, side.2, side.3, self.metric);
        match &self.floor {
            Some(floor) => Some(of(&self.ours)? / of(floor)?),
            None => of(&self.ours),
        }
    }

    fn needs(&self, case: &Case) -> bool {
        self.sides().any(|side| (side.0, side.1, side.2) == (case.row, work_of(case).as_str(), case.concurrency))
    }

    fn needs_postgres(&self) -> bool {
        self.sides().any(|side| named(side.3).is_some_and(|system| system.place == Place::Postgres))
    }

    /// How much worse than before it is; 0.25 is a quarter.
    fn worse(&self, before: f64, now: f64) -> f64 {
        if self.more_is_better() { before / now - 1.0 } else { now / before - 1.0 }
    }

    fn better(&self, one: f64, other: f64) -> f64 {
        if self.more_is_better() { one.max(other) } else { one.min(other) }
    }

    fn worst(&self, one: f64, other: f64) -> f64 {
        if self.more_is_better() { one.min(other) } else { one.max(other) }
    }
}

type Ratios = BTreeMap<String, f64>;

/// What is compared with: `baseline.json` has the ratios of each kind of processor on which it was taken.
#[derive(Debug, PartialEq)]
struct Baseline {
    ratios: Ratios,
    tolerance: f64,
}

impl Baseline {
    /// That of this kind of processor, else the least demanding of each ratio.
    fn of(processor: &str, all: &BTreeMap<String, Ratios>) -> Self {
        if let Some(ratios) = all.get(processor) {
            return Self { ratios: ratios.clone(), tolerance: TOLERANCE };
        }
        let mut ratios = Ratios::new();
        for watched in &WATCHED {
            let known = all.values().filter_map(|ratios| ratios.get(watched.name).copied());
            if let Some(least) = known.reduce(|one, other| watched.worst(one, other)) {
                ratios.insert(watched.name.to_owned(), least);
            }
        }
        Self { ratios, tolerance: TOLERANCE_ELSEWHERE }
    }
}

/// What a pass has seen.
#[derive(Default)]
struct Seen {
    ratios: Ratios,
    /// Programs that have failed, be it once of several times.
    failures: Vec<String>,
}

/// Measures and compares; with `write`, what is seen becomes the baseline.
pub(crate) fn run(tree: &Tree, write: bool) -> Result<ExitCode> {
    if let Err(warning) = machine::refuse_memory() {
        eprintln!("{warning}");
    }
    tree.build_own()?;
    let server = Server::start();
    let session = Session { tree, server: server.as_ref(), only: &[] };
    let path: PathBuf = tree.benches.join(BASELINE);
    let mut known: BTreeMap<String, Ratios> = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
    let processor = machine::processor();
    if write {
        let Some(taken) = median_of_several(&session)? else { return Ok(ExitCode::FAILURE) };
        known.insert(processor, taken);
        std::fs::write(&path, serde_json::to_string_pretty(&known)? + "\n")?;
        println!("\nwritten: {}", path.display());
        return Ok(ExitCode::SUCCESS);
    }
    let before = Baseline::of(&processor, &known);
    if before.tolerance > TOLERANCE {
        println!(
            "there is no baseline of {processor}: twice as bad as those of other processors fails (`quick --write` makes one)"
        );
    }
    let began = Instant::now();
    let mut seen = Seen::default();
    for turns in plan::quick() {
        measure(&session, &turns, &mut seen)?;
    }
    for _ in 0..AGAIN {
        let worse = regressed(&before, &seen.ratios);
        let needed = |turns: &Turns| turns.iter().any(|case| worse.iter().any(|it| it.needs(case)));
        for turns in plan::quick().into_iter().filter(needed) {
            if began.elapsed() < PATIENCE {
                measure(&session, &turns, &mut seen)?;
            }
        }
    }
    // With PROSE_TEST_REQUIRE_SERVERS=1 a Postgres has to be there.
    let required = std::env::var("PROSE_TEST_REQUIRE_SERVERS").is_ok_and(|it| it == "1");
    let verdict = Verdict::of(&before, &seen, server.is_some() || required);
    println!("\n{:48} {:>9} {:>9}", "ratio", "baseline", "now");
    for watched in &WATCHED {
        let text = |ratios: &Ratios| ratios.get(watched.name).map_or("–".to_owned(), |ratio| short(*ratio));
        println!("{:48} {:>9} {:>9}", watched.name, text(&before.ratios), text(&seen.ratios));
    }
    println!("measured for {:.0} s", began.elapsed().as_secs_f64());
    verdict.reasons.iter().for_each(|reason| eprintln!("{reason}"));
    Ok(if verdict.reasons.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `None` where something is missing: a baseline without it would let it be missing ever after.
fn median_of_several(session: &Session<'_>) -> Result<Option<Ratios>> {
    let mut taken: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for _ in 0..TAKEN {
        let mut seen = Seen::default();
        for turns in plan::quick() {
            measure(session, &turns, &mut seen)?;
        }
        for watched in &WATCHED {
            let Some(now) = seen.ratios.get(watched.name) else {
                eprintln!("{} was not seen; the baseline stays as it is", watched.name);
                return Ok(None);
            };
            taken.entry(watched.name).or_default().push(*now);
        }
    }
    let median = |(name, mut ratios): (&str, Vec<f64>)| {
        ratios.sort_by(f64::total_cmp);
        (name.to_owned(), middle(&ratios))
    };
    Ok(Some(taken.into_iter().map(median).collect()))
}

/// Measures the cases, and keeps the better of each ratio.
fn measure(session: &Session<'_>, turns: &Turns, seen: &mut Seen) -> Result<()> {
    let mut results = Results::default();
    session.measure(turns, &mut results)?;
    let failed = results.circumstances.missing.iter().filter(|it| it.failed);
    seen.failures.extend(failed.map(|it| format!("{} has failed in row {}: {}", it.system, it.row, it.why)));
    for watched in &WATCHED {
        if let Some(now) = watched.ratio(&results) {
            let better = |best: &mut f64| *best = watched.better(*best, now);
            seen.ratios.entry(watched.name.to_owned()).and_modify(better).or_insert(now);
        }
    }
    Ok(())
}

fn regressed(before: &Baseline, seen: &Ratios) -> Vec<&'static Watched> {
    let is_worse = |it: &&Watched| match (before.ratios.get(it.name), seen.get(it.name)) {
        (Some(then), Some(now)) => it.worse(*then, *now) > before.tolerance,
        _ => false,
    };
    WATCHED.iter().filter(is_worse).collect()
}

/// Why it fails; nothing, if it does not.
struct Verdict {
    reasons: Vec<String>,
}

impl Verdict {
    /// `postgres`: its ratios have to be there.
    fn of(before: &Baseline, seen: &Seen, postgres: bool) -> Self {
        let most = before.tolerance * 100.0;
        let worse = regressed(before, &seen.ratios).into_iter().map(|it| {
            let by = it.worse(before.ratios[it.name], seen.ratios[it.name]) * 100.0;
            format!("{} is {by:.0} % worse than the baseline (more than {most:.0} % fails)", it.name)
        });
        let needed = WATCHED.iter().filter(|it| postgres || !it.needs_postgres());
        let unseen = needed.clone().filter(|it| !seen.ratios.get(it.name).is_some_and(|ratio| ratio.is_finite()));
        let unseen = unseen.map(|it| format!("{} was not seen", it.name));
        let unknown = needed.filter(|it| !before.ratios.contains_key(it.name));
        let unknown = unknown.map(|it| format!("{} has no baseline (`quick --write` makes one)", it.name));
        Self { reasons: worse.chain(unseen).chain(unknown).chain(seen.failures.iter().cloned()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMITS_RATIO: &str = "SQLite, 1 at once ÷ bare inserts";
    const NANOS_RATIO: &str = "without a store: a step ÷ the async fn";

    /// All as in the baseline, but for two.
    fn ratios(commits: f64, nanos: f64) -> Ratios {
        let all = WATCHED.iter().map(|it| (it.name.to_owned(), 1.0));
        all.chain([(COMMITS_RATIO.to_owned(), commits), (NANOS_RATIO.to_owned(), nanos)]).collect()
    }

    fn before() -> Baseline {
        Baseline { ratios: ratios(0.8, 2.0), tolerance: TOLERANCE }
    }

    fn reasons(seen: &Seen, postgres: bool) -> Vec<String> {
        Verdict::of(&before(), seen, postgres).reasons
    }

    #[test]
    fn another_processor_is_held_to_the_least_of_what_is_known_and_to_twice_that() {
        let all = BTreeMap::from([("one".to_owned(), ratios(0.8, 2.0)), ("two".to_owned(), ratios(0.5, 1.0))]);
        assert_eq!(Baseline::of("two", &all), Baseline { ratios: ratios(0.5, 1.0), tolerance: TOLERANCE });
        let elsewhere = Baseline::of("three", &all);
        assert_eq!(elsewhere, Baseline { ratios: ratios(0.5, 2.0), tolerance: TOLERANCE_ELSEWHERE });
        assert!(regressed(&elsewhere, &ratios(0.26, 3.9)).is_empty());
        assert_eq!(regressed(&elsewhere, &ratios(0.24, 4.1)).len(), 2);
    }

    #[test]
    fn worse_is_less_of_a_rate_and_more_of_a_time() {
        let names = |now| regressed(&before(), &now).iter().map(|it| it.name).collect::<Vec<_>>();
        assert!(names(ratios(0.65, 2.4)).is_empty());
        assert_eq!(names(ratios(0.6, 2.4)), [COMMITS_RATIO]);
        assert_eq!(names(ratios(9.0, 2.6)), [NANOS_RATIO]);
    }

    #[test]
    fn a_ratio_that_is_not_seen_fails() {
        let mut seen = Seen { ratios: ratios(0.8, 2.0), ..Seen::default() };
        assert!(reasons(&seen, true).is_empty());
        seen.ratios.remove(COMMITS_RATIO);
        assert_eq!(reasons(&seen, false), [format!("{COMMITS_RATIO} was not seen")]);
        seen.ratios.insert(COMMITS_RATIO.to_owned(), f64::NAN);
        assert_eq!(reasons(&seen, false), [format!("{COMMITS_RATIO} was not seen")]);
    }

    #[test]
    fn those_of_a_postgres_that_is_not_there_may_be_missing_unless_it_has_to_be_there() {
        let mut seen = Seen { ratios: ratios(0.8, 2.0), ..Seen::default() };
        let of_postgres = WATCHED.iter().filter(|it| it.needs_postgres()).map(|it| it.name);
        seen.ratios.retain(|name, _| of_postgres.clone().all(|it| it != name));
        assert!(reasons(&seen, false).is_empty());
        assert_eq!(reasons(&seen, true).len(), of_postgres.count());
    }

    #[test]
    fn a_program_that_fails_once_fails_all() {
        let seen = Seen { ratios: ratios(0.8, 2.0), failures: vec!["prose-sqlite has failed".to_owned()] };
        assert_eq!(reasons(&seen, true), ["prose-sqlite has failed"]);
    }

    #[test]
    fn the_baseline_has_each_ratio_that_is_watched_and_no_other() {
        let known: BTreeMap<String, Ratios> = serde_json::from_str(include_str!("../../baseline.json")).unwrap();
        let mut watched: Vec<_> = WATCHED.iter().map(|it| it.name).collect();
        watched.sort_unstable();
        assert!(
            !known.is_empty() && known.values().all(|ratios| ratios.keys().eq(&watched)),
            "`quick --write` makes one"
        );
    }

    #[test]
    fn each_ratio_is_measured_by_a_case_of_the_quick_plan() {
        for watched in &WATCHED {
            assert!(
                watched.sides().all(|side| plan::quick().iter().flatten().any(|case| {
                    (side.0, side.1, side.2) == (case.row, work_of(case).as_str(), case.concurrency)
                        && case.systems().any(|system| system.name == side.3)
                })),
                "{}",
                watched.name
            );
        }
    }
}
