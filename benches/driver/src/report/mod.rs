//! `RESULTS.md` and the plots, made of `results.json`.

mod bars;
mod charts;
mod lines;
mod paper;
mod tables;

use std::fmt::Write;

use crate::Result;
use crate::build::Tree;
use crate::goals::GOALS;
use crate::results::{Results, short};

/// Writes both.
pub(crate) fn write(tree: &Tree, results: &Results) -> Result<()> {
    let drawn = charts::draw(&tree.benches.join("plots"), results)?;
    let mut text = String::new();
    head(&mut text, results)?;
    goals(&mut text, results)?;
    for (row, title) in ROWS {
        tables::row(&mut text, results, row, title)?;
        for (_, file, title) in drawn.iter().filter(|(of, _, _)| *of == row) {
            writeln!(text, "\n![{title}](plots/{file})")?;
        }
    }
    settings(&mut text, results)?;
    Ok(std::fs::write(tree.benches.join("RESULTS.md"), text)?)
}

const ROWS: [(char, &str); 9] = [
    ('a', "ten trivial steps of 100-byte results"),
    ('b', "the order flow: validate, charge, persist in a transaction, mail, publish"),
    ('c', "ten read-then-write transactions on one counter row, 50 runs"),
    ('d', "a fan-out of 1,000"),
    ('e', "resuming a run with so many committed steps"),
    ('f', "an idle engine: from being given a run to its first step"),
    ('g', "memory for each sleeping run"),
    ('h', "without durability"),
    ('i', "building the order flow"),
];

fn head(text: &mut String, results: &Results) -> Result<()> {
    writeln!(text, "# Results\n")?;
    writeln!(
        text,
        "Written by `cargo run --release --manifest-path benches/Cargo.toml -- all`; the same figures are in `results.json`.\n"
    )?;
    for line in &results.circumstances.machine {
        writeln!(text, "- {line}")?;
    }
    let dates: Vec<_> = results.circumstances.dates.iter().map(|(row, date)| format!("{row}: {date}")).collect();
    writeln!(text, "- measured {}\n", dates.join("; "))?;
    writeln!(
        text,
        "The systems do the same work in turns (A B C A B C ..), each in an empty folder or database; a cell has the median, the least and the \
         greatest of up to five repetitions (one, where a system needs many seconds), and behind it how many times as much ours has in \
         the same place. Look at the ratios: the figures are of this machine and moment. Everything is durable, with a sync, unless a setting says \
         otherwise.\n"
    )?;
    Ok(())
}

fn goals(text: &mut String, results: &Results) -> Result<()> {
    writeln!(text, "## What it should show\n\n| ratio of medians | goal | seen | |\n|---|---|---|---|")?;
    for goal in GOALS {
        let seen = goal.seen(results);
        let verdict = match seen {
            None => "not measured".to_owned(),
            Some(_) if goal.bound.text() == "–" => String::new(),
            Some(seen) if goal.bound.holds(seen) => "reached".to_owned(),
            Some(_) if goal.why.is_empty() => "**not reached**".to_owned(),
            Some(_) => format!("**not reached**: {}", goal.why),
        };
        writeln!(
            text,
            "| {} | {} | {} | {verdict} |",
            goal.what,
            goal.bound.text(),
            seen.map_or("–".to_owned(), short)
        )?;
    }
    Ok(writeln!(text)?)
}

fn settings(text: &mut String, results: &Results) -> Result<()> {
    writeln!(text, "\n## Settings of the systems\n\n| system | as it was used |\n|---|---|")?;
    for (system, settings) in &results.circumstances.settings {
        let settings: Vec<_> = settings.iter().map(String::as_str).collect();
        writeln!(text, "| `{system}` | {} |", settings.join("; ").replace('|', "\\|"))?;
    }
    Ok(())
}
