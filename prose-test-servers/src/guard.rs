//! Ends a private server when its test process ends, however that ends.
//!
//! A static is never dropped, and nothing is when a process is killed. So beside each private server a shell waits for the end
//! of its standard input, which the operating system closes with the test process; then it ends the server and removes its folder.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The file in the server's folder that holds its process group, as long as it runs.
pub(crate) const GROUP_FILE: &str = "group";

/// Postgres takes the first signal, with all its processes; the second is for who does not.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
if group=$(cat "$0/group" 2>/dev/null); then
    kill -QUIT "$group" 2>/dev/null; sleep 0.3; kill -s KILL -- "-$group" 2>/dev/null
fi
rm -rf "$0"; sleep 0.3; rm -rf "$0"
"#;

/// Waits beside the server. Dropping it changes nothing while the test process lives: see [`dismiss`](Self::dismiss).
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    /// Begins to wait.
    pub(crate) fn start(folder: &Path) -> std::io::Result<Self> {
        use std::os::unix::process::CommandExt;
        // A group of its own: Ctrl-C in the terminal ends the tests, and must not end what cleans up behind them.
        let mut command = Command::new("sh");
        command.arg("-c").arg(SCRIPT).arg(folder).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(Self)
    }

    /// Lets it do its work now, and returns when all is gone.
    pub(crate) fn dismiss(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
