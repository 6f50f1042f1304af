//! A small crate with flows, for rust-analyzer to open and for rustdoc to document.

use std::fs;
use std::path::{Path, PathBuf};

/// Writes the project into an empty folder. It has the dependencies of this one, in the same versions.
pub(crate) fn write(folder: &Path, lib: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let runtime = root.join("prose-runtime");
    let manifest = format!(
        "[package]\nname = \"typing\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         prose-runtime = {{ path = {runtime:?} }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\nthiserror = \"2\"\n\n[workspace]\n",
    );
    fs::create_dir(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    fs::copy(root.join("rust-toolchain.toml"), folder.join("rust-toolchain.toml")).unwrap();
    fs::write(folder.join("src/lib.rs"), lib).unwrap();
}

/// Where the project is built: its macros are built once, not for each run.
pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor")
}
