//! Which versions were measured: this project's commit, and what the lock files say of the peers and the databases.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::build::Tree;

/// What is told of each program beside its own engine: what writes to the disk, and what speaks to it.
const BENEATH: [&str; 5] = ["redb", "rusqlite", "sqlx", "tokio-postgres", LIBSQLITE];

const LIBSQLITE: &str = "libsqlite3-sys";

/// The peers: their folders have the names of their crates.
const PEERS: [&str; 4] = ["cano", "dbos", "durare", "duroxide"];

/// A line for this project, and one for each peer.
pub(crate) fn lines(tree: &Tree) -> Result<Vec<String>> {
    let own = std::fs::read_to_string(tree.benches.join("Cargo.lock"))?;
    let mut lines = vec![format!("prose at commit {}, and the floors: {}", commit(&tree.benches), beneath(&own))];
    for peer in PEERS {
        let lock = std::fs::read_to_string(tree.benches.join("peers").join(peer).join("Cargo.lock"))?;
        lines.push(format!("{peer} {}: {}", locked(&lock, peer).join(", "), beneath(&lock)));
    }
    Ok(lines)
}

fn beneath(lock: &str) -> String {
    let named = |name: &&str| {
        let versions = locked(lock, name);
        let told = versions.iter().map(|version| match sqlite(version).filter(|_| *name == LIBSQLITE) {
            Some(sqlite) => format!("SQLite {sqlite} ({LIBSQLITE} {version})"),
            None => format!("{name} {version}"),
        });
        told.collect::<Vec<_>>()
    };
    BENEATH.iter().flat_map(named).collect::<Vec<_>>().join(", ")
}

/// The versions of a crate in a lock file.
fn locked<'l>(lock: &'l str, name: &str) -> Vec<&'l str> {
    let wanted = format!("name = \"{name}\"");
    let value = |line: &'l str| line.strip_prefix("version = \"")?.strip_suffix('"');
    let mut lines = lock.lines();
    let mut versions = Vec::new();
    while lines.any(|line| line == wanted) {
        versions.extend(lines.next().and_then(value));
    }
    versions
}

/// The SQLite that comes with a version of `libsqlite3-sys`, as its header says; if cargo keeps that where it usually does.
fn sqlite(version: &str) -> Option<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
    let registries = std::fs::read_dir(home.join("registry/src")).ok()?.filter_map(std::result::Result::ok);
    let headers = registries.map(|it| it.path().join(format!("{LIBSQLITE}-{version}/sqlite3/sqlite3.h")));
    let text = headers.filter_map(|path| std::fs::read_to_string(path).ok()).next()?;
    let line = text.lines().find_map(|line| line.strip_prefix("#define SQLITE_VERSION "))?;
    Some(line.trim().trim_matches('"').to_owned())
}

/// What of this repository was measured; what the benchmark writes itself does not count as a change.
fn commit(benches: &Path) -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(benches).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "?".to_owned() };
    match git(&[
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        ":/",
        ":(top,glob,exclude)benches/*.*",
        ":(top,exclude)benches/plots",
    ]) {
        Some(changes) if changes.is_empty() => commit,
        _ => format!("{commit} with changes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_tells_each_version_of_a_crate() {
        let lock = "[[package]]\nname = \"sqlx\"\nversion = \"0.8.6\"\n\n[[package]]\nname = \"sqlx-core\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"sqlx\"\nversion = \"0.9.0\"\ndependencies = [\n \"sqlx-core\",\n]\n";
        assert_eq!(locked(lock, "sqlx"), ["0.8.6", "0.9.0"]);
        assert!(locked(lock, "redb").is_empty());
    }

    #[test]
    fn each_peer_is_in_its_own_lock_file() {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("peers");
        for peer in PEERS {
            let lock = std::fs::read_to_string(peers.join(peer).join("Cargo.lock")).unwrap();
            assert_eq!(locked(&lock, peer).len(), 1, "{peer}");
        }
    }
}
