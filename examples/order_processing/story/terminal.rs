//! How the story looks: headings, notes and JSON, with colours where the reader is a person.

use std::io::IsTerminal;

use serde::Serialize;

use crate::failure::Failure;
use crate::shop::output;

/// The few styles that the story has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Colour {
    Bold,
    Dim,
    Green,
    Red,
}

/// Colours a text, unless stdout is a file or a pipe, or `NO_COLOR` is set.
pub(super) fn paint(colour: Colour, text: &str) -> String {
    let code = match colour {
        Colour::Bold => 1,
        Colour::Dim => 2,
        Colour::Green => 32,
        Colour::Red => 31,
    };
    let plain = !std::io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some();
    if plain { text.to_owned() } else { format!("\x1b[{code}m{text}\x1b[0m") }
}

pub(super) fn line(text: &str) -> Result<(), Failure> {
    Ok(output::line(text)?)
}

pub(super) fn title(text: &str) -> Result<(), Failure> {
    line(&format!("\n{}\n", paint(Colour::Bold, text)))
}

pub(super) fn heading(number: &str, text: &str) -> Result<(), Failure> {
    line(&format!("\n{}\n", paint(Colour::Bold, &format!("── {number}. {text} "))))
}

pub(super) fn say(text: &str) -> Result<(), Failure> {
    line(&format!("  {text}"))
}

/// A line that went as it should, or did not.
pub(super) fn note(good: bool, text: &str) -> Result<(), Failure> {
    let mark = if good { paint(Colour::Green, "✓") } else { paint(Colour::Red, "✗") };
    line(&format!("\n  {mark} {text}"))
}

/// What a child process tells of its progress.
pub(super) fn progress(text: &str) -> Result<(), Failure> {
    line(&format!("  {}", paint(Colour::Dim, &format!("│ {text}"))))
}

pub(super) fn json_block(value: &impl Serialize) -> Result<(), Failure> {
    block(&serde_json::to_string_pretty(value).map_err(std::io::Error::from)?)
}

/// Text that somebody else has laid out.
pub(super) fn block(text: &str) -> Result<(), Failure> {
    text.lines().try_for_each(|text| line(&format!("    {text}")))
}
