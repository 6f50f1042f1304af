//! A server of the test's own, which it may stop, kill and start again.

use std::fmt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

use crate::guard::{GROUP_FILE, Guard};
use crate::kind::Kind;
use crate::probe;

/// How long a server may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// A server in a temporary folder, at a port of its own. Dropping it kills it and removes its data.
///
/// ```
/// # fn main() {
/// let Some(server) = prose_test_servers::private_nats() else { return };
/// server.kill();
/// server.start(); // same URL, same data
/// # }
/// ```
pub struct PrivateServer {
    kind: &'static dyn Kind,
    port: u16,
    url: String,
    process: Mutex<Option<Child>>,
    guard: Guard,
    folder: TempDir,
}

impl PrivateServer {
    /// Starts one, or says why there is none.
    pub(crate) fn new(kind: &'static dyn Kind) -> Result<Self, String> {
        let prefix = format!("prose-{}-", kind.name().to_lowercase());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir().map_err(|error| error.to_string())?;
        let port = probe::free_port().map_err(|error| format!("there is no free port: {error}"))?;
        // What is not installed is told before anything is started.
        kind.command(folder.path(), port)?;
        let guard = Guard::start(folder.path()).map_err(|error| format!("`sh` does not start: {error}"))?;
        let server = Self { kind, port, url: kind.url(port, false), process: Mutex::new(None), guard, folder };
        server.try_start()?;
        Ok(server)
    }

    /// Where it is; the same after each start.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder with all that it writes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether it takes clients.
    pub fn answers(&self) -> bool {
        self.kind.answers(self.port)
    }

    /// Starts it again with its data, and returns when it takes clients. Nothing if it runs.
    ///
    /// # Panics
    /// If it does not start; with what it has said.
    pub fn start(&self) {
        if let Err(error) = self.try_start() {
            panic!("{} at {}: {error}", self.kind.name(), self.url);
        }
    }

    /// Ends it in good order, clients or not, and returns when it has ended. Nothing if it does not run.
    ///
    /// # Panics
    /// If it has not ended after a minute.
    pub fn stop(&self) {
        self.end(self.kind.stop_signal());
    }

    /// Ends it at once, as a crash would, and returns when it has ended. Nothing if it does not run.
    ///
    /// # Panics
    /// If it has not ended after a minute.
    pub fn kill(&self) {
        self.end(self.kind.kill_signal());
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_start(&self) -> Result<(), String> {
        let mut process = self.process();
        if process.is_some() {
            return Ok(());
        }
        let deadline = Instant::now() + PATIENCE;
        // It may end at once when what was killed before still holds its data or port: then it is tried again.
        while Instant::now() < deadline {
            let mut child = self.spawn()?;
            if self.came_up(&mut child, deadline) {
                *process = Some(child);
                return Ok(());
            }
            self.end_group(&mut child);
            std::thread::sleep(10 * PAUSE);
        }
        Err(format!("it does not start: {}", self.last_words()))
    }

    fn spawn(&self) -> Result<Child, String> {
        let failed = |error: std::io::Error| format!("it does not start: {error}");
        let log = std::fs::File::options().create(true).append(true).open(self.log()).map_err(failed)?;
        let mut command = self.kind.command(self.folder(), self.port)?;
        command.current_dir(self.folder()).process_group(0).stdin(Stdio::null());
        command.stdout(log.try_clone().map_err(failed)?).stderr(log);
        let child = command.spawn().map_err(failed)?;
        std::fs::write(self.folder().join(GROUP_FILE), child.id().to_string()).map_err(failed)?;
        Ok(child)
    }

    fn came_up(&self, child: &mut Child, deadline: Instant) -> bool {
        while Instant::now() < deadline && matches!(child.try_wait(), Ok(None)) {
            if self.answers() {
                return true;
            }
            std::thread::sleep(PAUSE);
        }
        false
    }

    fn end(&self, signal: Signal) {
        let Some(mut child) = self.process().take() else { return };
        let _ = kill_process(Pid::from_child(&child), signal);
        let deadline = Instant::now() + PATIENCE;
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                self.end_group(&mut child);
                panic!("{} at {} does not end: {}", self.kind.name(), self.url, self.last_words());
            }
            std::thread::sleep(PAUSE);
        }
        self.end_group(&mut child);
    }

    /// Ends what else was started with it.
    fn end_group(&self, child: &mut Child) {
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
        let _ = child.wait();
        let _ = std::fs::remove_file(self.folder().join(GROUP_FILE));
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder().join("output.log")
    }

    fn last_words(&self) -> String {
        let log = std::fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.process().take() {
            let _ = kill_process(Pid::from_child(&child), self.kind.kill_signal());
            let deadline = Instant::now() + Duration::from_secs(5);
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(PAUSE);
            }
            self.end_group(&mut child);
        }
        self.guard.dismiss();
    }
}

impl fmt::Debug for PrivateServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateServer")
            .field("url", &self.url)
            .field("folder", &self.folder.path())
            .finish_non_exhaustive()
    }
}
