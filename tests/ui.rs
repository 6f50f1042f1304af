//! What the macro says: one file a rule, in folders named for the rules of `check/` and `parse/`, each with the messages it must give. `TRYBUILD=overwrite` writes them anew.
#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

use std::path::PathBuf;
use std::process::Command;

/// A message of rustc's that shows lines of the standard library where it has its source: with the component rust-src, and without it.
const BY_SOURCE: [(&str, bool); 2] = [("each_with_source", true), ("each_without_source", false)];

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

fn has_rust_src() -> bool {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).args(["--print", "sysroot"]).output().unwrap();
    let sysroot = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    sysroot.join("lib/rustlib/src/rust/library").is_dir()
}
