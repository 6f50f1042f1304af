//! What the macro says: one file a rule, in folders named for the rules of `check/` and `parse/`, each with the messages it must give. `TRYBUILD=overwrite` writes them anew.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that skips says so")]

use std::path::PathBuf;
use std::process::Command;

/// rustc shows lines of the standard library in this one's message, where it has its source.
const WITHOUT_SOURCE: &str = "each_without_source";

#[test]
fn every_rule_is_told_in_its_own_words() {
    let cases = trybuild::TestCases::new();
    let mut folders: Vec<PathBuf> = std::fs::read_dir("tests/ui").unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        if folder.ends_with(WITHOUT_SOURCE) && has_rust_src() {
            eprintln!("skipped: {}: this toolchain has the component rust-src", folder.display());
            continue;
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
