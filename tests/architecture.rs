//! What ARCHITECTURE.md says of the tree, where it can be checked.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 7] = [
    "prose-events",
    "prose-macros",
    "prose-postgres",
    "prose-runtime",
    "prose-sqlite",
    "prose-store-tests",
    "prose-test-servers",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[test]
fn every_folder_of_the_tree_is_on_the_map_and_every_folder_of_the_map_is_in_the_tree() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let tree = map.split("```").nth(1).unwrap();
    let mapped: Vec<_> = tree.lines().filter_map(|line| line.split_once("/ ")).map(|(folder, _)| folder).collect();
    for folder in &mapped {
        assert!(root().join(folder).is_dir(), "{folder} is on the map, and not in the tree");
    }
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let hidden = name.starts_with('.') || name == "target";
        assert!(hidden || !root().join(&name).is_dir() || mapped.contains(&name.as_str()), "{name} is not on the map");
    }
}

#[test]
fn every_file_says_its_subject_in_its_first_line() {
    for path in CRATES.iter().flat_map(|name| rust_files(&root().join(name).join("src"))) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} begins without `//! <its subject>`", path.display());
    }
}

#[test]
fn in_the_macro_data_flows_one_way() {
    let stages = root().join("prose-macros/src");
    let forbidden = [
        ("parse", vec!["crate::check", "crate::lower", "crate::emit", "crate::model"]),
        ("lower", vec!["crate::check", "crate::emit"]),
        ("check", vec!["crate::emit", "quote!"]),
        ("emit", vec!["crate::check", "crate::errors", "crate::parse", "crate::lower"]),
    ];
    for (stage, words) in forbidden {
        for path in rust_files(&stages.join(stage)).into_iter().filter(|path| !path.ends_with("tests.rs")) {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for word in &words {
                assert!(!code.contains(word), "{} mentions `{word}`, which comes later, or earlier", path.display());
            }
        }
    }
}

#[test]
fn what_is_pure_in_the_runtime_does_no_io() {
    for file in [
        "machine/journal.rs",
        "machine/retry.rs",
        "store/fold.rs",
        "store/commit.rs",
        "store/rows/commit.rs",
        "store/rows/ending.rs",
        "store/rows/log.rs",
        "store/rows/run.rs",
        "codec/mod.rs",
        "codec/encoder.rs",
        "codec/read/mod.rs",
        "codec/read/rest.rs",
        "codec/read/key.rs",
        "codec/read/variant.rs",
        "codec/strict.rs",
    ] {
        let text = fs::read_to_string(root().join("prose-runtime/src").join(file)).unwrap();
        for word in ["async ", ".await", "tokio", "SystemTime::now", "std::fs"] {
            assert!(!text.contains(word), "{file} mentions `{word}`");
        }
    }
}
