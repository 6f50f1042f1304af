//! stdout, by hand: it carries results only, and a reader that has gone away is an error, not a panic.

use std::io::{self, Write};

/// Writes one line and hands it over at once.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}
