//! Who is alive: each opened store is an instance, with a locked file that the operating system unlocks when the process
//! dies, however it dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// This store among those that have opened the file.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) folder: Folder,
    /// Locked for as long as the instance lives.
    lock: Mutex<Option<File>>,
}

/// Where the lock files of all instances of one database lie: `<database>-instances/`.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Instance {
    /// Makes an instance known to other processes as alive.
    pub(crate) fn start(database: &Path) -> io::Result<Self> {
        let folder = Folder::beside(database)?;
        std::fs::create_dir_all(&folder.0)?;
        let id = uuid::Uuid::new_v4().simple().to_string();
        // Locked first and named then: nobody ever sees an unlocked file of a living instance.
        let unnamed = folder.0.join(format!("{id}.new"));
        let lock = OpenOptions::new().write(true).create_new(true).open(&unnamed)?;
        lock.try_lock().map_err(io::Error::from)?;
        std::fs::rename(&unnamed, folder.file(&id))?;
        Ok(Self { id, folder, lock: Mutex::new(Some(lock)) })
    }

    /// Makes the instance known as dead; what it held is free.
    pub(crate) fn end(&self) {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        if lock.is_some() {
            // A file that stays behind is unlocked, and removed by the next instance that starts.
            let _left_behind = std::fs::remove_file(self.folder.file(&self.id));
        }
    }
}

impl Folder {
    /// Beside the file itself, by whatever name it was opened: all who have it open must look in one place. It exists.
    fn beside(database: &Path) -> io::Result<Self> {
        let mut name = std::fs::canonicalize(database)?.into_os_string();
        name.push("-instances");
        Ok(Self(PathBuf::from(name)))
    }

    fn file(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}.lock"))
    }

    /// Whether the process of the instance exists. It may be stopped: that is what the lease is for.
    pub(crate) fn is_alive(&self, id: &str) -> bool {
        match File::open(self.file(id)) {
            Ok(file) => is_locked(&file),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// Removes the files of dead instances.
    pub(crate) fn sweep(&self) {
        let Ok(entries) = std::fs::read_dir(&self.0) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            let dead = path.extension().is_some_and(|extension| extension == "lock")
                && File::open(&path).is_ok_and(|file| !is_locked(&file));
            if dead {
                let _somebody_else_was_faster = std::fs::remove_file(&path);
            }
        }
    }
}

/// Shared, so that two who look at once do not take each other for the owner.
fn is_locked(file: &File) -> bool {
    match file.try_lock_shared() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => true,
        // Where locks do not work, the lease has to do.
        Err(TryLockError::Error(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_alive_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        std::fs::write(&database, "").unwrap();
        let one = Instance::start(&database).unwrap();
        let other = Instance::start(&database).unwrap();
        assert!(one.folder.is_alive(&one.id) && one.folder.is_alive(&other.id));
        assert!(!one.folder.is_alive("unknown"));
        one.end();
        assert!(!other.folder.is_alive(&one.id));
        other.folder.sweep();
        assert!(other.folder.is_alive(&other.id));
    }

    #[test]
    fn a_file_that_nobody_locks_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        std::fs::write(&database, "").unwrap();
        let one = Instance::start(&database).unwrap();
        let stale = one.folder.file("stale");
        std::fs::write(&stale, "").unwrap();
        assert!(!one.folder.is_alive("stale"));
        one.folder.sweep();
        assert!(!stale.exists() && one.folder.is_alive(&one.id));
    }
}
