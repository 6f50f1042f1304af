//! What the project means to reach, as ratios of medians of one run, and whether it has.

use crate::results::Results;
use crate::system::{Kind, Place, SYSTEMS};

/// A ratio with its bound.
pub(crate) struct Goal {
    pub(crate) what: &'static str,
    pub(crate) bound: Bound,
    seen: fn(&Results) -> Option<f64>,
    /// Where it is not reached: what profiling has found.
    pub(crate) why: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
    /// Shown, without a bound.
    Shown,
}

impl Goal {
    /// The ratio, if both sides were measured.
    pub(crate) fn seen(&self, results: &Results) -> Option<f64> {
        (self.seen)(results).filter(|ratio| ratio.is_finite())
    }
}

impl Bound {
    pub(crate) fn holds(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(bound) => ratio >= bound,
            Self::AtMost(bound) => ratio <= bound,
            Self::Shown => true,
        }
    }

    pub(crate) fn text(self) -> String {
        match self {
            Self::AtLeast(bound) => format!("≥ {bound}"),
            Self::AtMost(bound) => format!("≤ {bound}"),
            Self::Shown => "–".to_owned(),
        }
    }
}

const fn goal(what: &'static str, bound: Bound, seen: fn(&Results) -> Option<f64>, why: &'static str) -> Goal {
    Goal { what, bound, seen, why }
}

use Bound::{AtLeast, AtMost, Shown};

pub(crate) const GOALS: &[Goal] = &[
    goal(
        "SQLite, 2,048 at once: commits/s ÷ grouped bare inserts (no index)",
        AtLeast(0.7),
        |it| commits(it, "steps", 2_048, "prose-sqlite", "steps", "sqlite-insert"),
        "the processor, not the disk: a commit of ours takes ten times as much of it as an insert, on both sides of the queue (a task woken, its values encoded, some fifteen allocations that another thread frees; a row of the log and of its unique index); the profile is flat (JOURNAL 9, 13, 14)",
    ),
    goal(
        ".. ÷ grouped inserts with the unique (run, seq) that a log needs",
        Shown,
        |it| commits(it, "steps", 2_048, "prose-sqlite", "indexed", "sqlite-insert"),
        "",
    ),
    goal(".. ÷ the raw log", Shown, |it| commits(it, "steps", 2_048, "prose-sqlite", "steps", "raw-log"), ""),
    goal(
        "SQLite, 2,048 at once: steps/s ÷ the fastest peer on SQLite",
        AtLeast(20.0),
        |it| steps(it, "steps", 2_048, "prose-sqlite", Place::Files),
        "the processor, not the disk: a commit of ours takes ten times as much of it as an insert, on both sides of the queue (a task woken, its values encoded, some fifteen allocations that another thread frees; a row of the log and of its unique index); the profile is flat (JOURNAL 9, 13, 14)",
    ),
    goal(
        "SQLite, one at a time: commits/s ÷ bare autocommit inserts on the caller's thread (no index)",
        AtLeast(0.85),
        |it| commits(it, "steps", 1, "prose-sqlite", "steps", "sqlite-insert"),
        "creating and ending a run, which ten steps share, and three times the bytes for each commit: a page of the log, one of its unique index, ten more for each run (JOURNAL 2)",
    ),
    goal(
        ".. ÷ inserts with the unique (run, seq)",
        Shown,
        |it| commits(it, "steps", 1, "prose-sqlite", "indexed", "sqlite-insert"),
        "",
    ),
    goal(
        "SQLite, one at a time: steps/s ÷ the fastest peer",
        AtLeast(1.0),
        |it| steps(it, "steps", 1, "prose-sqlite", Place::Files),
        "",
    ),
    goal(
        "SQLite: syncs for each step, one at a time",
        AtMost(1.2),
        |it| it.median('a', "steps", 1, "prose-sqlite", "syncs_per_step"),
        "",
    ),
    goal(
        "SQLite: syncs for each step, 100 at once",
        AtMost(0.05),
        |it| it.median('a', "steps", 100, "prose-sqlite", "syncs_per_step"),
        "",
    ),
    goal(
        "SQLite, syncs 2 ms slower, 2,048 at once: commits/s ÷ grouped bare inserts",
        AtLeast(0.7),
        |it| commits(it, SLOW, 2_048, "prose-sqlite", SLOW, "sqlite-insert"),
        "behind the sync the processor is the limit again, as without the delay",
    ),
    goal(
        "SQLite, syncs 2 ms slower, 2,048 at once: steps/s ÷ the fastest peer on SQLite",
        AtLeast(20.0),
        |it| steps(it, SLOW, 2_048, "prose-sqlite", Place::Files),
        "",
    ),
    goal(
        "SQLite, syncs 2 ms slower, one at a time: commits/s ÷ bare inserts",
        AtLeast(0.85),
        |it| commits(it, SLOW, 1, "prose-sqlite", SLOW, "sqlite-insert"),
        "1.1 syncs for each step, and the checkpoints of three times the bytes",
    ),
    goal(
        "SQLite, syncs 2 ms slower, one at a time: steps/s ÷ the fastest peer",
        AtLeast(1.0),
        |it| steps(it, SLOW, 1, "prose-sqlite", Place::Files),
        "",
    ),
    goal(
        "SQLite, syncs 2 ms slower: syncs for each step, one at a time",
        AtMost(1.2),
        |it| it.median('a', SLOW, 1, "prose-sqlite", "syncs_per_step"),
        "",
    ),
    goal(
        "SQLite, syncs 2 ms slower: syncs for each step, 100 at once",
        AtMost(0.05),
        |it| it.median('a', SLOW, 100, "prose-sqlite", "syncs_per_step"),
        "",
    ),
    goal(
        "Postgres, one at a time: p50 of a step ÷ a bare insert with commit",
        AtMost(1.25),
        |it| {
            ratio(it.median('a', "steps", 1, "prose-postgres", P50), it.median('a', "steps", 1, "postgres-insert", P50))
        },
        "the queue in front of the server, which is what groups commits: a hand-written one (`postgres-unnest`) takes nearly as long one at a time, for its two hand-overs between tasks; and the statement looks at the run's lease and at the commit before it, which keeps out whoever lost the run (JOURNAL 6, 7, 17)",
    ),
    goal(
        "Postgres, one at a time: p50 of a step ÷ the fastest peer's",
        AtMost(0.5),
        |it| {
            ratio(it.median('a', "steps", 1, "prose-postgres", P50), fastest(it, 'a', "steps", 1, Place::Postgres, P50))
        },
        "as above",
    ),
    goal(
        "Postgres, 256 at once: commits/s ÷ a batched `unnest` insert",
        AtLeast(0.7),
        |it| commits(it, "steps", 256, "prose-postgres", "steps", "postgres-unnest"),
        "the processor: 15 to 20 µs of ours and 26 of the server's for each step, creating and ending the run included, beside 1 or 2 for a row of `unnest` (JOURNAL 8, 17)",
    ),
    goal(
        "Postgres, 256 at once: steps/s ÷ the fastest peer",
        AtLeast(3.0),
        |it| steps(it, "steps", 256, "prose-postgres", Place::Postgres),
        "",
    ),
    goal(
        "SQLite, transactions: p50 ÷ the bare begin, read, write, insert, commit",
        AtMost(1.2),
        |it| ratio(transaction(it, "prose-sqlite"), transaction(it, "sqlite-insert")),
        "one commit for each since JOURNAL 10; what is left is that each statement is handed to the driver's thread and back, where the bare one runs on the caller's",
    ),
    goal(
        "SQLite, transactions, one run at a time: p50 ÷ the fastest peer's",
        AtMost(1.0),
        |it| transactions(it, 1, "prose-sqlite", Place::Files, P50),
        "as above",
    ),
    goal(
        "SQLite, transactions, one run at a time: transactions/s ÷ the fastest peer's",
        AtLeast(1.0),
        |it| transactions(it, 1, "prose-sqlite", Place::Files, PER_S),
        "as above",
    ),
    goal(
        "SQLite, transactions, 50 at once: transactions/s ÷ the fastest peer's",
        AtLeast(1.0),
        |it| transactions(it, 50, "prose-sqlite", Place::Files, PER_S),
        "",
    ),
    goal(
        "SQLite, transactions, 50 at once: p50 ÷ the fastest peer's",
        AtMost(1.0),
        |it| transactions(it, 50, "prose-sqlite", Place::Files, P50),
        "one at a time may write, and the fifty wait in the order in which they came, each for all of the others; the peer's nap and try again, so that one goes on while others starve: its p99 is several times ours",
    ),
    goal(
        "Postgres, transactions: p50 ÷ the bare begin, read, write, insert, commit",
        AtMost(1.2),
        |it| ratio(transaction(it, "prose-postgres"), transaction(it, "postgres-insert")),
        "the settings with which a transaction begins, the lock on the run's row that keeps others from claiming it, and the hand-overs to the tasks that go on if the caller does not (JOURNAL 12)",
    ),
    goal(
        "Postgres, transactions, one run at a time: p50 ÷ the fastest peer's",
        AtMost(1.0),
        |it| transactions(it, 1, "prose-postgres", Place::Postgres, P50),
        "as above",
    ),
    goal(
        "Postgres, transactions, one run at a time: transactions/s ÷ the fastest peer's",
        AtLeast(1.0),
        |it| transactions(it, 1, "prose-postgres", Place::Postgres, PER_S),
        "as above, and creating and ending a run, which ten transactions share",
    ),
    goal(
        "Postgres, transactions, 50 at once: transactions/s ÷ the fastest peer's",
        AtLeast(1.0),
        |it| transactions(it, 50, "prose-postgres", Place::Postgres, PER_S),
        "all wait for the one row: what counts is for how long a transaction holds it, the statement of its record (JOURNAL 12) included",
    ),
    goal(
        "Postgres, transactions, 50 at once: p50 ÷ the fastest peer's",
        AtMost(1.0),
        |it| transactions(it, 50, "prose-postgres", Place::Postgres, P50),
        "as above",
    ),
    goal(
        "SQLite: resuming behind 100,000 steps ÷ behind 100",
        AtMost(1.5),
        |it| ratio(resumed(it, "prose-sqlite", 100_000), resumed(it, "prose-sqlite", 100)),
        "",
    ),
    goal(
        "Postgres: resuming behind 100,000 steps ÷ behind 100",
        AtMost(1.5),
        |it| ratio(resumed(it, "prose-postgres", 100_000), resumed(it, "prose-postgres", 100)),
        "",
    ),
    goal(
        "SQLite: bytes of memory for each of 100,000 sleeping runs",
        AtMost(100.0),
        |it| it.median('g', "sleeping", 64, "prose-sqlite", "bytes_per_run"),
        "",
    ),
    goal(
        "Postgres: bytes of memory for each of 100,000 sleeping runs",
        AtMost(100.0),
        |it| it.median('g', "sleeping", 64, "prose-postgres", "bytes_per_run"),
        "",
    ),
    goal(
        "without a store: ns for each step over the async fn, in a loop",
        AtMost(30.0),
        |it| over(it, "loop", "ns_per_step"),
        "the machine's own steps (entrance, start, end; JOURNAL 11)",
    ),
    goal(
        "without a store: ns for each step over the async fn, calls of ten steps",
        AtMost(30.0),
        |it| over(it, "ten steps", "ns_per_step"),
        "the call, not its steps: nine allocations, and a random correlation id, which asks the system (JOURNAL 11)",
    ),
    goal(
        "without a store: allocations for each step, in a loop",
        AtMost(0.01),
        |it| over(it, "loop", "allocations_per_step"),
        "",
    ),
    goal(
        "without a store: allocations for each step, calls of ten steps",
        AtMost(0.01),
        |it| over(it, "ten steps", "allocations_per_step"),
        "the call's, not its steps': nine, whatever it has of those (JOURNAL 11)",
    ),
];

const P50: &str = "p50_us";
const PER_S: &str = "steps_per_s";
const TRANSACTIONS: &str = "transactions";
pub(crate) const SLOW: &str = "syncs 2 ms slower";

fn ratio(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    Some(one? / other?)
}

fn commits(it: &Results, work: &str, at_once: usize, one: &str, other_work: &str, other: &str) -> Option<f64> {
    let of = |work, system| it.median('a', work, at_once, system, "commits_per_s");
    ratio(of(work, one), of(other_work, other))
}

fn steps(it: &Results, work: &str, at_once: usize, ours: &str, place: Place) -> Option<f64> {
    let ours = it.median('a', work, at_once, ours, PER_S);
    ratio(ours, fastest(it, 'a', work, at_once, place, PER_S))
}

fn transaction(it: &Results, system: &str) -> Option<f64> {
    it.median('c', TRANSACTIONS, 1, system, P50)
}

/// Ours beside the fastest peer.
fn transactions(it: &Results, at_once: usize, ours: &str, place: Place, metric: &str) -> Option<f64> {
    let ours = it.median('c', TRANSACTIONS, at_once, ours, metric);
    ratio(ours, fastest(it, 'c', TRANSACTIONS, at_once, place, metric))
}

fn resumed(it: &Results, system: &str, steps: usize) -> Option<f64> {
    it.median('e', &format!("{steps} committed steps"), 1, system, "resume_ms")
}

fn over(it: &Results, work: &str, metric: &str) -> Option<f64> {
    let of = |system| it.median('h', work, 1, system, metric);
    Some(of("prose-memory")? - of("hand-naive")?)
}

/// The best peer's: the most a second, or the least of what is a time.
fn fastest(it: &Results, row: char, work: &str, at_once: usize, place: Place, metric: &str) -> Option<f64> {
    let peers = SYSTEMS.iter().filter(|system| system.kind == Kind::Peer && system.place == place);
    let seen = peers.filter_map(|system| it.median(row, work, at_once, system.name, metric));
    seen.reduce(if metric.ends_with("_per_s") { f64::max } else { f64::min })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_results_json_says_is_not_reached_has_its_reason() {
        let benches = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let results = Results::load(benches).unwrap();
        let missed = GOALS.iter().filter(|goal| goal.seen(&results).is_some_and(|seen| !goal.bound.holds(seen)));
        let silent: Vec<_> = missed.filter(|goal| goal.why.is_empty()).map(|goal| goal.what).collect();
        assert!(silent.is_empty(), "{silent:?}");
    }

    #[test]
    fn ours_is_beside_the_fastest_of_the_peers_in_the_same_place() {
        let figures = [("prose-sqlite", 40.0), ("durare-sqlite", 10.0), ("cano", 20.0), ("dbos", 80.0)];
        let per_s = |(system, median): (&str, f64)| crate::results::Figure {
            row: 'c',
            work: TRANSACTIONS.to_owned(),
            concurrency: 50,
            system: system.to_owned(),
            metric: PER_S.to_owned(),
            median,
            min: median,
            max: median,
            unit: String::new(),
        };
        let results = Results { figures: figures.map(per_s).into(), ..Results::default() };
        assert_eq!(transactions(&results, 50, "prose-sqlite", Place::Files, PER_S), Some(2.0));
        assert_eq!(transactions(&results, 50, "prose-sqlite", Place::Files, P50), None);
    }
}
