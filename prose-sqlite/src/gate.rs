//! One fair queue for each file in this process: the store's writer and the transactions of flows stand in it together.
//!
//! SQLite lets one connection write at a time, and tells the others to poll: beside a busy writer most of them would time
//! out. Across processes SQLite's own lock has to do.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Held by whoever writes to the file.
pub(crate) type Gate = Arc<tokio::sync::Mutex<()>>;

type Gates = HashMap<FileId, Weak<tokio::sync::Mutex<()>>>;

static GATES: Mutex<Option<Gates>> = Mutex::new(None);

/// The same file is the same gate, by whatever path it was opened. The file must exist.
pub(crate) fn of_file(path: &Path) -> std::io::Result<Gate> {
    let id = FileId::of(path)?;
    let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
    let gates = gates.get_or_insert_with(HashMap::new);
    gates.retain(|_, gate| gate.strong_count() > 0);
    if let Some(gate) = gates.get(&id).and_then(Weak::upgrade) {
        return Ok(gate);
    }
    let gate = Gate::default();
    gates.insert(id, Arc::downgrade(&gate));
    Ok(gate)
}

#[derive(PartialEq, Eq, Hash)]
enum FileId {
    #[cfg(unix)]
    Inode(u64, u64),
    #[cfg_attr(unix, allow(dead_code, reason = "paths tell files apart where inodes cannot"))]
    Path(PathBuf),
}

impl FileId {
    #[cfg(unix)]
    fn of(path: &Path) -> std::io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        // `metadata` does not open the file: closing it would drop SQLite's locks.
        let metadata = std::fs::metadata(path)?;
        Ok(Self::Inode(metadata.dev(), metadata.ino()))
    }

    #[cfg(not(unix))]
    fn of(path: &Path) -> std::io::Result<Self> {
        std::fs::canonicalize(path).map(Self::Path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_gate_by_any_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        std::fs::write(&file, "").unwrap();
        let gate = of_file(&file).unwrap();
        assert!(Arc::ptr_eq(&gate, &of_file(&folder.path().join("./a.db")).unwrap()));
        std::fs::hard_link(&file, folder.path().join("b.db")).unwrap();
        #[cfg(unix)]
        assert!(Arc::ptr_eq(&gate, &of_file(&folder.path().join("b.db")).unwrap()));
        std::fs::write(folder.path().join("c.db"), "").unwrap();
        assert!(!Arc::ptr_eq(&gate, &of_file(&folder.path().join("c.db")).unwrap()));
    }
}
