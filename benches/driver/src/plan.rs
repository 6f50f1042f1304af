//! What is measured: the pieces of work, and by which systems each is done.

use std::time::Duration;

use crate::system::{SYSTEMS, System};

/// One piece of work, done by several systems in turns.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) row: char,
    pub(crate) work: &'static str,
    pub(crate) concurrency: usize,
    pub(crate) steps: usize,
    pub(crate) amount: Amount,
    /// What each sync takes longer.
    pub(crate) slower: Duration,
    /// How often each system does it.
    pub(crate) samples: usize,
    systems: &'static [&'static str],
}

/// How many runs a repetition has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    Runs(usize),
    /// As many as take a second: a trial tells. Not fewer than run at once.
    ASecond,
}

/// Every system.
const ALL: &[&str] = &[];

const REPETITIONS: usize = 5;

const fn case(row: char, work: &'static str, concurrency: usize, steps: usize, amount: Amount) -> Case {
    Case { row, work, concurrency, steps, amount, slower: Duration::ZERO, samples: REPETITIONS, systems: ALL }
}

impl Case {
    const fn by(mut self, systems: &'static [&'static str]) -> Self {
        self.systems = systems;
        self
    }

    const fn times(mut self, samples: usize) -> Self {
        self.samples = samples;
        self
    }

    const fn slower(mut self, by: Duration) -> Self {
        self.slower = by;
        self
    }

    /// Who does it.
    pub(crate) fn systems(&self) -> impl Iterator<Item = &'static System> {
        SYSTEMS.iter().filter(|system| self.systems.is_empty() || self.systems.contains(&system.name))
    }

    /// What the program is told: variants of the circumstances are the driver's own.
    pub(crate) fn program_work(&self) -> &'static str {
        if self.slower.is_zero() { self.work } else { "steps" }
    }
}

/// Who keeps runs.
const ENGINES: &[&str] =
    &["prose-memory", "prose-sqlite", "durare-sqlite", "duroxide", "cano", "prose-postgres", "durare-postgres", "dbos"];
const ON_FILES: &[&str] =
    &["prose-sqlite", "durare-sqlite", "duroxide", "cano", "hand-naive", "hand-grouped", "sqlite-insert", "raw-log"];
/// Who waits for a sync together: the others would take many minutes for 2,048 runs.
const GROUPING: &[&str] = &["prose-sqlite", "hand-grouped", "sqlite-insert", "raw-log"];
const TRANSACTIONS: &[&str] = &[
    "prose-sqlite",
    "durare-sqlite",
    "duroxide",
    "cano",
    "sqlite-insert",
    "prose-postgres",
    "durare-postgres",
    "dbos",
    "postgres-insert",
];
const FAN_OUT: &[&str] = &[
    "prose-memory",
    "prose-sqlite",
    "durare-sqlite",
    "duroxide",
    "cano",
    "sqlite-insert",
    "prose-postgres",
    "durare-postgres",
    "dbos",
    "postgres-unnest",
];
const LASTING: &[&str] =
    &["prose-sqlite", "durare-sqlite", "duroxide", "cano", "prose-postgres", "durare-postgres", "dbos"];
/// Whose run gets to its 10,000th step within minutes.
const BEARABLE: &[&str] = &["prose-sqlite", "durare-sqlite", "cano", "prose-postgres", "durare-postgres", "dbos"];
const INDEXED: &[&str] = &["sqlite-insert", "postgres-insert", "postgres-unnest"];

const SLOWER: Duration = Duration::from_millis(2);

/// Everything but the builds of row i.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for at_once in [1, 16, 256, 2_048] {
        cases.push(case('a', "steps", at_once, 10, Amount::ASecond));
        cases.push(case('a', "indexed", at_once, 10, Amount::ASecond).by(INDEXED));
    }
    cases.push(case('a', "steps", 100, 10, Amount::ASecond).by(ON_FILES));
    for (at_once, systems) in [(1, ON_FILES), (100, ON_FILES), (2_048, GROUPING)] {
        cases.push(case('a', "syncs 2 ms slower", at_once, 10, Amount::ASecond).by(systems).slower(SLOWER).times(3));
    }
    for at_once in [1, 16] {
        cases.push(case('b', "order flow", at_once, 5, Amount::ASecond).by(LASTING));
    }
    for at_once in [1, 50] {
        cases.push(case('c', "transactions", at_once, 10, Amount::Runs(50)).by(TRANSACTIONS));
    }
    cases.push(case('d', "fan-out", 1, 1_000, Amount::ASecond).by(FAN_OUT));
    for (committed, systems) in [(100, LASTING), (1_000, LASTING), (10_000, BEARABLE)] {
        cases.push(case('e', "resume", 1, committed, Amount::Runs(9)).by(systems).times(1));
    }
    cases.push(case('e', "resume", 1, 100_000, Amount::Runs(9)).by(&["prose-sqlite", "prose-postgres"]).times(1));
    cases.push(case('f', "start", 1, 1, Amount::Runs(200)).by(ENGINES));
    cases.push(case('g', "sleeping", 64, 1, Amount::Runs(100_000)).by(&["prose-sqlite", "prose-postgres"]).times(1));
    // Others for as long as it is bearable.
    cases.push(case('g', "sleeping, fewer", 64, 1, Amount::Runs(2_000)).by(LASTING).times(1));
    for work in ["ten steps", "loop"] {
        cases.push(case('h', work, 1, 10, Amount::Runs(20_000)).by(&["prose-memory", "hand-naive"]));
    }
    cases
}

/// Row i, which is not done by the programs but to them.
pub(crate) fn order_builds() -> Case {
    case('i', "order flow", 1, 5, Amount::Runs(1)).times(1)
}

/// Our rows and the floors, as far as their ratios are watched.
pub(crate) fn quick() -> Vec<Case> {
    let files = &["prose-sqlite", "sqlite-insert"];
    let cases = [
        case('a', "steps", 1, 10, Amount::ASecond).by(&[
            "prose-sqlite",
            "sqlite-insert",
            "prose-postgres",
            "postgres-insert",
        ]),
        case('a', "steps", 256, 10, Amount::ASecond).by(&[
            "prose-sqlite",
            "sqlite-insert",
            "prose-postgres",
            "postgres-unnest",
        ]),
        case('a', "steps", 2_048, 10, Amount::ASecond).by(files),
        case('c', "transactions", 1, 10, Amount::Runs(50)).by(&[
            "prose-sqlite",
            "sqlite-insert",
            "prose-postgres",
            "postgres-insert",
        ]),
        case('e', "resume", 1, 100, Amount::Runs(9)).by(&["prose-sqlite"]),
        case('e', "resume", 1, 10_000, Amount::Runs(9)).by(&["prose-sqlite"]),
        case('h', "loop", 1, 10, Amount::Runs(20_000)).by(&["prose-memory", "hand-naive"]),
    ];
    cases.map(|case| case.times(3)).into()
}
