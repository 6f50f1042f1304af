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
    /// How long a repetition of [`Amount::AWhile`] should take.
    pub(crate) seconds: f64,
    /// What each sync takes longer.
    pub(crate) slower: Duration,
    /// How often each system does it.
    pub(crate) samples: usize,
    /// Behind so much time a system is not asked for further samples.
    pub(crate) enough: Duration,
    systems: &'static [&'static str],
    /// Who does not do it, and why: for the table.
    pub(crate) left_out: &'static [(&'static str, &'static str)],
}

/// Cases that are measured in turns: a round of all of them, then the next. What is compared with one another is in one.
pub(crate) type Turns = Vec<Case>;

/// How many runs a repetition has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    Runs(usize),
    /// As many as take most of a second: a trial tells. Not fewer than run at once.
    AWhile,
}

/// Every system.
const ALL: &[&str] = &[];

const REPETITIONS: usize = 5;

/// All rows together are to take half an hour.
const A_WHILE: f64 = 0.7;

const ENOUGH: Duration = Duration::from_secs(10);

const fn case(row: char, work: &'static str, concurrency: usize, steps: usize, amount: Amount) -> Case {
    Case {
        row,
        work,
        concurrency,
        steps,
        amount,
        seconds: A_WHILE,
        slower: Duration::ZERO,
        samples: REPETITIONS,
        enough: ENOUGH,
        systems: ALL,
        left_out: &[],
    }
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

    /// All samples are taken, however long they take.
    const fn all_samples(mut self) -> Self {
        self.enough = Duration::MAX;
        self
    }

    const fn without(mut self, left_out: &'static [(&'static str, &'static str)]) -> Self {
        self.left_out = left_out;
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
/// Who gets 2,048 runs done within minutes where a sync takes 2 ms.
const BEARABLE_SLOW: &[&str] = &["prose-sqlite", "durare-sqlite", "cano", "hand-grouped", "sqlite-insert", "raw-log"];
const NOT_BEARABLE_SLOW: &[(&str, &str)] = &[
    ("duroxide", "2,048 runs would take it about five minutes; see 100 at once"),
    ("hand-naive", "it has a sync for each step, at 100 at once as here"),
];
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
const NOT_BEARABLE: &[(&str, &str)] = &[(
    "duroxide",
    "its run would take about an hour to get there: at each of its turns the whole history is read again, so ten times the steps take a hundred times as long",
)];
const BEARABLE_PEERS: &[&str] = &["durare-sqlite", "cano", "durare-postgres", "dbos"];
const OURS_LASTING: &[&str] = &["prose-sqlite", "prose-postgres"];
const INDEXED: &[&str] = &["sqlite-insert", "postgres-insert", "postgres-unnest"];

const SLOWER: Duration = Duration::from_millis(2);

/// How often a process resumes its run in row e: each is a sample.
const RESUMED: Amount = Amount::Runs(3);

/// Everything but the builds of row i.
pub(crate) fn all() -> Vec<Turns> {
    let mut all = Vec::new();
    for at_once in [1, 256, 2_048] {
        let steps = case('a', "steps", at_once, 10, Amount::AWhile);
        all.push(vec![steps.clone(), Case { work: "indexed", ..steps.by(INDEXED) }]);
    }
    // No goal looks at these speeds.
    all.push(vec![case('a', "steps", 16, 10, Amount::AWhile).times(3)]);
    all.push(vec![case('a', "steps", 100, 10, Amount::AWhile).by(ON_FILES).times(3)]);
    let slower = |at_once| case('a', "syncs 2 ms slower", at_once, 10, Amount::AWhile).slower(SLOWER).times(3);
    all.push(vec![slower(1).by(ON_FILES)]);
    all.push(vec![slower(100).by(ON_FILES)]);
    all.push(vec![slower(2_048).by(BEARABLE_SLOW).without(NOT_BEARABLE_SLOW)]);
    for at_once in [1, 16] {
        all.push(vec![case('b', "order flow", at_once, 5, Amount::AWhile).by(LASTING)]);
    }
    for at_once in [1, 50] {
        all.push(vec![case('c', "transactions", at_once, 10, Amount::Runs(50)).by(TRANSACTIONS)]);
    }
    all.push(vec![case('d', "fan-out", 1, 1_000, Amount::AWhile).by(FAN_OUT)]);
    let resume = |committed| case('e', "resume", 1, committed, RESUMED).times(3);
    all.push(vec![
        resume(100).by(LASTING),
        resume(1_000).by(LASTING),
        resume(10_000).by(BEARABLE).without(NOT_BEARABLE),
        resume(100_000).by(OURS_LASTING).all_samples(),
        resume(100_000).by(BEARABLE_PEERS).without(NOT_BEARABLE),
    ]);
    all.push(vec![case('f', "start", 1, 1, Amount::Runs(200)).by(ENGINES)]);
    all.push(vec![case('g', "sleeping", 64, 1, Amount::Runs(100_000)).by(OURS_LASTING).times(1)]);
    // Others for as long as it is bearable.
    all.push(vec![case('g', "sleeping, fewer", 64, 1, Amount::Runs(2_000)).by(LASTING).times(1)]);
    for work in ["ten steps", "loop"] {
        all.push(vec![case('h', work, 1, 10, Amount::Runs(20_000)).by(&["prose-memory", "hand-naive"])]);
    }
    all
}

/// Row i, which is not done by the programs but to them.
pub(crate) fn order_builds() -> Case {
    case('i', "order flow", 1, 5, Amount::Runs(1)).times(1)
}

/// Our rows and the floors, as far as their ratios are watched.
pub(crate) fn quick() -> Vec<Turns> {
    let files = &["prose-sqlite", "sqlite-insert"];
    let cases = [
        case('a', "steps", 1, 10, Amount::AWhile).by(&[
            "prose-sqlite",
            "sqlite-insert",
            "prose-postgres",
            "postgres-insert",
        ]),
        case('a', "steps", 256, 10, Amount::AWhile).by(&[
            "prose-sqlite",
            "sqlite-insert",
            "prose-postgres",
            "postgres-unnest",
        ]),
        case('a', "steps", 100, 10, Amount::AWhile).by(&["prose-sqlite"]),
        case('a', "steps", 2_048, 10, Amount::AWhile).by(files),
        case('c', "transactions", 1, 10, Amount::Runs(30)).by(&[
            "prose-sqlite",
            "sqlite-insert",
            "prose-postgres",
            "postgres-insert",
        ]),
        case('d', "fan-out", 1, 1_000, Amount::AWhile).by(&[
            "prose-sqlite",
            "sqlite-insert",
            "prose-postgres",
            "postgres-unnest",
        ]),
        case('h', "loop", 1, 10, Amount::Runs(20_000)).by(&["prose-memory", "hand-naive"]),
    ];
    // Compared with one another, so in turns.
    let resume =
        [100, 10_000].map(|committed| case('e', "resume", 1, committed, Amount::Runs(25)).by(&["prose-sqlite"]));
    let resume = resume.map(|case| case.times(3)).into();
    let mut all: Vec<Turns> = cases.into_iter().map(|case| vec![case.times(3)]).chain([resume]).collect();
    // It is to end within two minutes, on a slow disk too, and to have time to look twice.
    for case in all.iter_mut().flatten() {
        (case.seconds, case.enough) = (A_WHILE / 2.0, ENOUGH / 2);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::work_of;

    #[test]
    fn no_figure_is_measured_twice() {
        let mut seen = Vec::new();
        for case in all().iter().flatten().chain([&order_builds()]) {
            let systems = case.systems().map(|it| it.name).chain(case.left_out.iter().map(|it| it.0));
            for key in systems.map(|system| (case.row, work_of(case), case.concurrency, system)) {
                // Who is left out is told in each case of the same work.
                let is_told = case.left_out.iter().any(|it| it.0 == key.3);
                assert!(is_told || !seen.contains(&key), "{key:?}");
                seen.push(key);
            }
        }
    }
}
