//! The binaries of examples, for tests that run them as real processes.

use std::path::PathBuf;
use std::process::Command;

/// An example's binary. Built here, because `cargo test --test {name}` alone would leave an old one, or none.
pub(crate) fn built(name: &str) -> PathBuf {
    // This test is `{target}/{profile}/deps/{test}-{hash}`.
    let this = std::env::current_exe().unwrap();
    let profile = this.parent().unwrap().parent().unwrap();
    let profile_name = profile.file_name().unwrap().to_str().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo tells a test, some build scripts take for a change: each test would build half of the dependencies anew.
    for (variable, _) in std::env::vars_os() {
        let told =
            variable.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
        if told {
            cargo.env_remove(variable);
        }
    }
    let status = cargo
        .args(["build", "--quiet", "--example", name, "--profile"])
        .arg(if profile_name == "debug" { "dev" } else { profile_name })
        .arg("--target-dir")
        .arg(profile.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "the example {name} does not build");
    profile.join("examples").join(name)
}
