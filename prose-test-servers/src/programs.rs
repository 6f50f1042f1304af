//! Where the installed programs are.

use std::path::{Path, PathBuf};

/// The program of this name: on the `PATH`, else in one of `folders`, which may have one `*` for a folder's name.
pub(crate) fn find(name: &str, folders: &[&str]) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(name));
    let elsewhere = folders.iter().flat_map(|folder| expand(folder)).map(|folder| folder.join(name));
    on_path.chain(elsewhere).find(|program| program.is_file()).ok_or_else(|| format!("`{name}` is not installed"))
}

fn expand(folder: &str) -> Vec<PathBuf> {
    let Some((above, below)) = folder.split_once("/*/") else { return vec![PathBuf::from(folder)] };
    let Ok(entries) = Path::new(above).read_dir() else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path().join(below)).collect();
    // The highest version first, as far as names tell.
    found.sort();
    found.reverse();
    found
}
