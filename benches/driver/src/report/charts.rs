//! Which charts there are.

use std::path::Path;

use super::lines::Series;
use super::{bars, lines};
use crate::Result;
use crate::goals::SLOW;
use crate::results::{Figure, Results};
use crate::system::{Place, SYSTEMS, System};

/// A chart that was drawn: its row, its file, its title.
pub(super) type Drawn = (char, String, String);

/// A chart of one figure of each system.
struct Bars {
    file: &'static str,
    title: &'static str,
    row: char,
    work: &'static str,
    concurrency: usize,
    metric: &'static str,
}

const fn chart(
    file: &'static str,
    title: &'static str,
    row: char,
    work: &'static str,
    concurrency: usize,
    metric: &'static str,
) -> Bars {
    Bars { file, title, row, work, concurrency, metric }
}

const BARS: [Bars; 10] = [
    chart("step_alone.svg", "A step, one run at a time: p50 in µs", 'a', "steps", 1, "p50_us"),
    chart("order_flow.svg", "The order flow, 16 at once: steps a second", 'b', "order flow", 16, "steps_per_s"),
    chart(
        "transactions.svg",
        "Read-then-write transactions, one run at a time: p50 in µs",
        'c',
        "transactions",
        1,
        "p50_us",
    ),
    chart(
        "transactions_50.svg",
        "Read-then-write transactions on one row, 50 at once: a second",
        'c',
        "transactions",
        50,
        "steps_per_s",
    ),
    chart("fan_out.svg", "A fan-out of 1,000: steps a second", 'd', "fan-out", 1, "steps_per_s"),
    chart("start.svg", "From submit to the first step: p50 in µs", 'f', "start", 1, "p50_us"),
    chart("sleeping.svg", "Memory for each of 100,000 sleeping runs: bytes", 'g', "sleeping", 64, "bytes_per_run"),
    chart("without_store.svg", "Without a store, in a loop: ns for each step", 'h', "loop", 1, "ns_per_step"),
    chart(
        "build.svg",
        "A clean release build of the order flow: seconds of processor time",
        'i',
        "order flow",
        1,
        "clean_build_cpu_s",
    ),
    chart("dependencies.svg", "Crates that the order flow depends on", 'i', "order flow", 1, "dependencies"),
];

/// Draws all of which there is something, and returns what was drawn.
pub(super) fn draw(folder: &Path, results: &Results) -> Result<Vec<Drawn>> {
    std::fs::create_dir_all(folder)?;
    let mut drawn = Vec::new();
    let by_concurrency = [
        ("steps_sqlite.svg", "Steps a second on SQLite, and files", "steps", Place::Files),
        ("steps_postgres.svg", "Steps a second on Postgres", "steps", Place::Postgres),
        ("steps_slow_syncs.svg", "Steps a second where a sync takes 2 ms longer", SLOW, Place::Files),
    ];
    for (file, title, work, place) in by_concurrency {
        let series = at_once(results, work, place);
        if !series.is_empty() {
            lines::draw(&folder.join(file), title, ("runs at once", "steps/s"), &series)?;
            drawn.push(('a', file.to_owned(), title.to_owned()));
        }
    }
    let (file, title) = ("resume.svg", "Resuming a run: ms until its next step begins");
    let series = resumed(results);
    if !series.is_empty() {
        lines::draw(&folder.join(file), title, ("committed steps", "ms"), &series)?;
        drawn.push(('e', file.to_owned(), title.to_owned()));
    }
    for chart in &BARS {
        let bars = figures(results, chart);
        if !bars.is_empty() {
            bars::draw(&folder.join(chart.file), chart.title, &bars)?;
            drawn.push((chart.row, chart.file.to_owned(), chart.title.to_owned()));
        }
    }
    Ok(drawn)
}

fn at_once(results: &Results, work: &str, place: Place) -> Vec<Series> {
    lines_of(results, place_is(place), |it| {
        let is = it.row == 'a' && it.work == work && it.metric == "steps_per_s";
        is.then_some((it.concurrency as f64, it.median))
    })
}

fn resumed(results: &Results) -> Vec<Series> {
    lines_of(
        results,
        |_| true,
        |it| {
            let steps = it.work.strip_suffix(" committed steps").filter(|_| it.metric == "resume_ms")?;
            Some((steps.parse().ok()?, it.median))
        },
    )
}

fn place_is(place: Place) -> impl Fn(&System) -> bool {
    move |system| system.place == place
}

fn lines_of(
    results: &Results,
    is_asked: impl Fn(&System) -> bool,
    point: impl Fn(&Figure) -> Option<(f64, f64)>,
) -> Vec<Series> {
    let line = |system: &'static System| {
        let of = results.figures.iter().filter(|it| it.system == system.name);
        let mut points: Vec<_> = of.filter_map(&point).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        (system, points)
    };
    SYSTEMS.iter().filter(|system| is_asked(system)).map(line).filter(|(_, points)| !points.is_empty()).collect()
}

fn figures<'r>(results: &'r Results, chart: &Bars) -> Vec<(&'static System, &'r Figure)> {
    let of = |system: &System| {
        results.figures.iter().find(|it| {
            let is = it.row == chart.row && it.work == chart.work && it.metric == chart.metric;
            is && it.concurrency == chart.concurrency && it.system == system.name
        })
    };
    SYSTEMS.iter().filter_map(|system| Some((system, of(system)?))).collect()
}
