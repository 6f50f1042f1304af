//! `postgres`, on a cluster that `initdb` makes.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::kind::Kind;
use crate::{probe, programs};

/// Where distributions keep the programs that are not on the `PATH`.
const FOLDERS: &[&str] = &["/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql/bin"];

pub(crate) struct Postgres {
    /// Whether what it acknowledges is on the disk.
    pub(crate) syncs: bool,
}

impl Kind for Postgres {
    fn name(&self) -> &'static str {
        "Postgres"
    }

    fn variable(&self) -> &'static str {
        "PROSE_TEST_POSTGRES"
    }

    fn url(&self, port: u16, standard: bool) -> String {
        let database = if standard { "test" } else { "postgres" };
        format!("postgres://postgres@127.0.0.1:{port}/{database}")
    }

    fn port(&self) -> u16 {
        5432
    }

    fn answers(&self, port: u16) -> bool {
        // A start-up message, answered by a request for authentication; by an error while the server starts or recovers.
        let parameters = b"user\0postgres\0database\0postgres\0\0";
        let mut hello = (parameters.len() as u32 + 8).to_be_bytes().to_vec();
        hello.extend(196_608_u32.to_be_bytes());
        hello.extend(parameters);
        probe::greets(port, &hello, b"R")
    }

    fn command(&self, folder: &Path, port: u16) -> Result<Command, String> {
        let data = folder.join("data");
        let user = other_user()?;
        if !data.join("PG_VERSION").is_file() {
            make_cluster(folder, &data, user)?;
        }
        let mut command = Command::new(programs::find("postgres", FOLDERS)?);
        command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        if !self.syncs {
            // What a killed process has written is safe with the operating system: no need to sync in tests.
            command.args(["-c", "fsync=off"]);
        }
        run_as(&mut command, user);
        Ok(command)
    }

    fn stop_signal(&self) -> Signal {
        Signal::INT
    }

    fn kill_signal(&self) -> Signal {
        // To its main process alone, SIGKILL would leave those of the sessions, which keep the data from being opened again.
        Signal::QUIT
    }
}

fn make_cluster(folder: &Path, data: &Path, user: Option<(u32, u32)>) -> Result<(), String> {
    let mut command = Command::new(programs::find("initdb", FOLDERS)?);
    command.arg("-D").arg(data).args(["-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
    if let Some((uid, gid)) = user {
        chown(folder, Some(uid), Some(gid)).map_err(|error| format!("chown {}: {error}", folder.display()))?;
    }
    run_as(&mut command, user);
    let output = command.current_dir(folder).output().map_err(|error| format!("initdb does not start: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("initdb: {}", String::from_utf8_lossy(&output.stderr))) }
}

fn run_as(command: &mut Command, user: Option<(u32, u32)>) {
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
}

/// Postgres refuses to run as root: as whom it runs then. `None` if we are somebody else anyway.
fn other_user() -> Result<Option<(u32, u32)>, String> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let found = ["postgres", "nobody"].iter().find_map(|name| Some((id("-u", name)?, id("-g", name)?)));
    found.map(Some).ok_or_else(|| "it does not run as root, and there is no user `postgres` or `nobody`".to_owned())
}

fn id(which: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
