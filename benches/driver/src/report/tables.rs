//! A row's tables: one for each work and metric, the systems below one another, what runs at once side by side.

use std::fmt::Write;

use super::Row;
use crate::Result;
use crate::results::{Figure, Results, short};
use crate::system::{SYSTEMS, System};

pub(super) fn row(text: &mut String, results: &Results, of: &Row) -> Result<()> {
    let row = of.letter;
    writeln!(text, "\n## {row}: {}", of.title)?;
    if !of.note.is_empty() {
        writeln!(text, "\n{}", of.note)?;
    }
    let figures: Vec<&Figure> = results.figures.iter().filter(|it| it.row == row).collect();
    for work in distinct(figures.iter().map(|it| it.work.as_str())) {
        let of_work: Vec<&Figure> = figures.iter().copied().filter(|it| it.work == work).collect();
        for metric in METRICS.iter().filter(|(name, _)| of_work.iter().any(|it| it.metric == *name)) {
            let of_metric: Vec<&Figure> = of_work.iter().copied().filter(|it| it.metric == metric.0).collect();
            table(text, work, metric.1, &of_metric)?;
        }
    }
    missing(text, results, row)
}

const METRICS: [(&str, &str); 16] = [
    ("steps_per_s", "steps/s"),
    ("commits_per_s", "commits/s"),
    ("p50_us", "p50, µs"),
    ("p99_us", "p99, µs"),
    ("cpu_us_per_step", "processor time of the process for each step, µs"),
    ("bytes_per_step", "bytes written for each step: by the process; on Postgres, to the server's log"),
    ("syncs_per_step", "syncs for each step"),
    ("resume_ms", "ms until its next step begins, from a store that is open"),
    ("open_ms", "ms to open the store"),
    ("bytes_per_run", "bytes for each run"),
    ("ns_per_step", "ns for each step"),
    ("allocations_per_step", "allocations for each step"),
    ("clean_build_cpu_s", "clean release build, seconds of processor time"),
    ("rebuild_cpu_ms", "release build after a change of the flow, ms of processor time"),
    ("binary_bytes", "bytes of the program"),
    ("dependencies", "crates that it depends on"),
];

fn table(text: &mut String, work: &str, metric: &str, figures: &[&Figure]) -> Result<()> {
    let mut columns: Vec<usize> = figures.iter().map(|it| it.concurrency).collect();
    columns.sort_unstable();
    columns.dedup();
    let heads: Vec<_> = columns
        .iter()
        .map(|at_once| if columns.len() > 1 { format!("{at_once} at once") } else { metric.to_owned() })
        .collect();
    writeln!(text, "\n**{work}**, {metric}\n\n| | {} |\n|---|{}", heads.join(" | "), "---|".repeat(columns.len()))?;
    for system in SYSTEMS.iter().filter(|system| figures.iter().any(|it| it.system == system.name)) {
        let cells: Vec<_> = columns.iter().map(|at_once| cell(figures, system, *at_once)).collect();
        writeln!(text, "| `{}` | {} |", system.name, cells.join(" | "))?;
    }
    Ok(())
}

fn cell(figures: &[&Figure], system: &System, at_once: usize) -> String {
    let of = |name: &str| figures.iter().find(|it| it.system == name && it.concurrency == at_once);
    let Some(seen) = of(system.name) else { return "–".to_owned() };
    let range =
        if seen.min == seen.max { String::new() } else { format!(" ({}–{})", short(seen.min), short(seen.max)) };
    let ours = of(system.ours()).filter(|ours| ours.system != system.name && seen.median > 0.0);
    let ratio = ours.map(|ours| format!(" · {} ×", short(ours.median / seen.median))).unwrap_or_default();
    format!("{}{range}{ratio}", short(seen.median))
}

/// What failed, and what cannot be said: a line for each system and reason, with what it is of, if the system has other figures in the row.
fn missing(text: &mut String, results: &Results, row: char) -> Result<()> {
    let missing: Vec<_> = results.circumstances.missing.iter().filter(|it| it.row == row).collect();
    let mut lines = Vec::new();
    for it in &missing {
        let alike = missing.iter().filter(|other| (&other.system, &other.why) == (&it.system, &it.why));
        let works: Vec<_> = alike.map(|it| format!("{}, {} at once", it.work, it.concurrency)).collect();
        let has_others = results.figures.iter().any(|figure| figure.row == row && figure.system == it.system);
        let of = if has_others { format!(" ({})", works.join("; ")) } else { String::new() };
        let what = if it.failed { "failed" } else { "left out" };
        lines.push(format!("- `{}` {what}{of}: {}", it.system, it.why.replace('\n', " ")));
    }
    if !lines.is_empty() {
        writeln!(text, "\n{}", distinct(lines.iter().map(String::as_str)).join("\n"))?;
    }
    Ok(())
}

/// In the order in which they come.
fn distinct<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let mut seen = Vec::new();
    texts.for_each(|text| {
        if !seen.contains(&text) {
            seen.push(text)
        }
    });
    seen
}
