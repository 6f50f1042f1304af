//! `RESULTS.md` and the plots, made of `results.json`.

mod bars;
mod charts;
mod lines;
mod paper;
mod tables;

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::Result;
use crate::build::Tree;
use crate::goals::GOALS;
use crate::results::{Results, Taken, short};

/// Writes both.
pub(crate) fn write(tree: &Tree, results: &Results) -> Result<()> {
    let drawn = charts::draw(&tree.benches.join("plots"), results)?;
    let mut text = String::new();
    head(&mut text, results)?;
    goals(&mut text, results)?;
    for row in &ROWS {
        tables::row(&mut text, results, row)?;
        for (_, file, title) in drawn.iter().filter(|(of, _, _)| *of == row.letter) {
            writeln!(text, "\n![{title}](plots/{file})")?;
        }
    }
    settings(&mut text, results)?;
    Ok(std::fs::write(tree.benches.join("RESULTS.md"), text)?)
}

const ROWS: [Row; 9] = [
    row('a', "ten trivial steps of 100-byte results", ""),
    row('b', "the order flow: validate, charge, persist in a transaction, mail, publish", ""),
    row('c', "ten read-then-write transactions on one counter row, 50 runs", ""),
    row('d', "a fan-out of 1,000", ""),
    row(
        'e',
        "resuming a run with so many committed steps",
        "From a store, or its connections, that are open already. Three rounds of three resumptions each; one round, where it takes a system long to get there.",
    ),
    row('f', "an idle engine: from being given a run to its first step", ""),
    row(
        'g',
        "memory for each sleeping run",
        "What the process has grown by, behind a quarter as many that were put to sleep first. Of the fewer, a megabyte that has nothing to do \
         with them is 500 bytes for each.",
    ),
    row(
        'h',
        "without durability",
        "`prose-memory` has no store here, not even its store in memory: the flow is called as it is. `hand-naive` is the plain async fn that \
         does the same.",
    ),
    row('i', "building the order flow", ""),
];

struct Row {
    letter: char,
    title: &'static str,
    note: &'static str,
}

const fn row(letter: char, title: &'static str, note: &'static str) -> Row {
    Row { letter, title, note }
}

fn head(text: &mut String, results: &Results) -> Result<()> {
    writeln!(text, "# Results\n")?;
    writeln!(
        text,
        "Written by `cargo run --release --manifest-path benches/Cargo.toml -- all`; the same figures are in `results.json`.\n"
    )?;
    taken(text, results)?;
    writeln!(
        text,
        "The systems do the same work in turns (A B C A B C ..), each in an empty folder or database; a cell has the median, the least and the \
         greatest of up to five repetitions (one, where a system needs many seconds), and behind it how many times as much ours has in \
         the same place. Look at the ratios: the figures are of this machine and moment. Everything is durable, with a sync, unless a setting says \
         otherwise.\n"
    )?;
    Ok(())
}

/// Where and when: what was measured in the same circumstances is told together.
fn taken(text: &mut String, results: &Results) -> Result<()> {
    let mut groups: Vec<(&Taken, Vec<String>)> = Vec::new();
    for (row, times) in &results.circumstances.rows {
        for taken in times {
            let only = if taken.only.is_empty() { String::new() } else { format!(" (only {})", taken.only) };
            let when = format!("{row}{only}: {}", taken.date);
            match groups.iter_mut().find(|(group, _)| (&group.on, &group.load) == (&taken.on, &taken.load)) {
                Some((_, all)) => all.push(when),
                None => groups.push((taken, vec![when])),
            }
        }
    }
    for (group, when) in groups {
        group.on.iter().try_for_each(|line| writeln!(text, "- {line}"))?;
        writeln!(text, "- load when it began: {}", group.load)?;
        writeln!(text, "- measured {}\n", when.join("; "))?;
    }
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
    writeln!(
        text,
        "\n## Settings of the systems\n\nIn front of a setting: the rows in which the system had it, where these were not all.\n"
    )?;
    writeln!(text, "| system | as it was used |\n|---|---|")?;
    for (system, settings) in &results.circumstances.settings {
        let all: BTreeSet<&char> = settings.values().flatten().collect();
        let told = |(setting, rows): (&String, &BTreeSet<char>)| {
            if rows.iter().eq(all.iter().copied()) {
                return setting.clone();
            }
            let rows: Vec<_> = rows.iter().map(char::to_string).collect();
            format!("{}: {setting}", rows.join(", "))
        };
        let settings: Vec<_> = settings.iter().map(told).collect();
        writeln!(text, "| `{system}` | {} |", settings.join("; ").replace('|', "\\|"))?;
    }
    Ok(())
}
