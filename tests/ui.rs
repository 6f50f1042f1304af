//! What the macro says: one file a rule, in folders named for the rules of `check/` and `parse/`, each with the messages it must give. `TRYBUILD=overwrite` writes them anew.
#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

use std::path::PathBuf;
use std::process::Command;

/// Messages of rustc's that show lines of the standard library where it has its source: with the component rust-src, and without it.
const BY_SOURCE: [(&str, bool); 4] = [
    ("each_with_source", true),
    ("each_without_source", false),
    ("types_with_source", true),
    ("types_without_source", false),
];

#[test]
fn every_rule_is_told_in_its_own_words() {
    let cases = trybuild::TestCases::new();
    let mut folders: Vec<PathBuf> = std::fs::read_dir("tests/ui").unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        if BY_SOURCE.iter().any(|(name, with_source)| folder.ends_with(name) && *with_source != has_rust_src()) {
            continue; // it has its twin
        }
        cases.compile_fail(folder.join("*.rs").to_str().unwrap());
    }
}

/// Messages that name the generated `drive`, each with the reason why.
const NAMING_DRIVE: [(&str, &str); 2] = [
    ("outside/await_in_a_macro.stderr", "whether a future can be sent, rustc tells of the fn that returns it"),
    ("types/not_send.stderr", "the same"),
];

#[test]
fn no_message_names_the_generated_fn() {
    let naming = |(_, text): &(String, String)| text.contains("drive");
    let named: Vec<String> = messages().into_iter().filter(naming).map(|(name, _)| name).collect();
    let excepted: Vec<&str> = NAMING_DRIVE.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, excepted);
}

/// Helps that write into the attribute.
const WRITING_THERE: [(&str, &str); 1] = [("migrations/function.stderr", "the user has written the migrations there")];

#[test]
fn no_help_writes_into_the_attribute() {
    let writing = |(_, text): &(String, String)| helps(text).iter().any(|line| line.contains("#[flow"));
    let named: Vec<String> = messages().into_iter().filter(writing).map(|(name, _)| name).collect();
    let excepted: Vec<&str> = WRITING_THERE.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, excepted);
}

#[test]
fn what_a_help_writes_is_found() {
    let told =
        "error: wrong\n |\n3 | #[flow]\n | ^\nhelp: add it\n |\n3 | #[flow], _ => todo!()\n | ++\n\nnote: `#[flow]`\n";
    assert_eq!(helps(told), ["3 | #[flow], _ => todo!()"]);
}

/// All `.stderr`, by folder and name.
fn messages() -> Vec<(String, String)> {
    let entries = |folder: &PathBuf| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let folders: Vec<PathBuf> = entries(&PathBuf::from("tests/ui")).collect();
    let files = folders.iter().flat_map(entries).filter(|path| path.extension().is_some_and(|it| it == "stderr"));
    let name = |path: &PathBuf| path.strip_prefix("tests/ui").unwrap().to_str().unwrap().to_owned();
    let mut messages: Vec<_> = files.map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect();
    messages.sort();
    messages
}

/// The lines of code, each with its number, that rustc shows with a `help`: as they would be.
fn helps(text: &str) -> Vec<&str> {
    let mut in_help = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let is_code = line.trim_start().starts_with(|first: char| first.is_ascii_digit());
        match line.split([':', '[']).next() {
            Some("help") => in_help = true,
            Some("note" | "error" | "warning" | "") => in_help = false,
            _ if in_help && is_code => lines.push(line),
            _ => {}
        }
    }
    lines
}

fn has_rust_src() -> bool {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).args(["--print", "sysroot"]).output().unwrap();
    let sysroot = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    sysroot.join("lib/rustlib/src/rust/library").is_dir()
}
