//! What the three servers have in common, and where they differ.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

/// One kind of server. Commands run in `folder`, which is the server's own.
pub(crate) trait Kind: Sync + 'static {
    /// Its name, for people.
    fn name(&self) -> &'static str;
    /// The variable that gives the URL of a running one.
    fn variable(&self) -> &'static str;
    /// The URL of one at this port of this machine; `standard` if it is the system's, not a private one.
    fn url(&self, port: u16, standard: bool) -> String;
    /// Its standard port.
    fn port(&self) -> u16;
    /// Whether one that takes clients is at this port.
    fn answers(&self, port: u16) -> bool;
    /// The command that runs it in the foreground, or why there is none. Makes its data if there is none yet.
    fn command(&self, folder: &Path, port: u16) -> Result<Command, String>;
    /// The signal at which it ends in good order, without waiting for its clients.
    fn stop_signal(&self) -> Signal;
    /// The signal at which it ends at once, with all its processes, as in a crash.
    fn kill_signal(&self) -> Signal {
        Signal::KILL
    }
}
