//! What is compared with what was promised, and the table that shows it.

use serde_json::Value;

use super::terminal::{self, Colour, paint};
use crate::failure::Failure;

/// Collects comparisons, so that all of them are shown before the first wrong one ends the program.
#[derive(Debug, Default)]
pub(super) struct Checks {
    rows: Vec<Row>,
}

#[derive(Debug)]
enum Row {
    Group(&'static str),
    Check { what: &'static str, expected: String, seen: String },
}

impl Row {
    fn is_wrong(&self) -> bool {
        matches!(self, Self::Check { expected, seen, .. } if expected != seen)
    }
}

impl Checks {
    /// Begins a group of comparisons.
    pub(super) fn group(&mut self, name: &'static str) {
        self.rows.push(Row::Group(name));
    }

    /// Compares what was promised with what was seen.
    pub(super) fn equal(&mut self, what: &'static str, expected: &Value, seen: &Value) {
        self.rows.push(Row::Check { what, expected: plain(expected), seen: plain(seen) });
    }

    /// The table. What was expected is shown where something else was seen.
    pub(super) fn print(&self) -> Result<(), Failure> {
        let width = self.rows.iter().map(Row::width).max().unwrap_or(0);
        for (index, row) in self.rows.iter().enumerate() {
            if index > 0 && matches!(row, Row::Group(_)) {
                terminal::line("")?;
            }
            terminal::line(&row.text(width))?;
        }
        Ok(())
    }

    /// How many are not as promised.
    pub(super) fn wrong(&self) -> usize {
        self.rows.iter().filter(|row| row.is_wrong()).count()
    }
}

/// JSON as a person would write it in a table.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    }
}

impl Row {
    fn width(&self) -> usize {
        match self {
            Self::Group(_) => 0,
            Self::Check { what, .. } => what.chars().count(),
        }
    }

    fn text(&self, width: usize) -> String {
        match self {
            Self::Group(name) => format!("  {}", paint(Colour::Bold, name)),
            Self::Check { what, expected, seen } if expected == seen => {
                format!("  {} {what:width$}  {seen}", paint(Colour::Green, "✓"))
            }
            Self::Check { what, expected, seen } => {
                let seen = paint(Colour::Red, seen);
                format!("  {} {what:width$}  {seen}  (promised: {expected})", paint(Colour::Red, "✗"))
            }
        }
    }
}
