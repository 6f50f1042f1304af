//! Other processes, for tests of what the conformance suite cannot see: an owner of a run that is killed, or stopped. Each is the
//! test binary once more, playing a part. Unix only.
//!
//! ```
//! use prose_store_tests::process::{Other, part, say};
//!
//! // Both functions are tests, `#[test]`; this one plays a part in another process, and does nothing in the one that runs the tests.
//! fn child() {
//!     let Some((part, file)) = part() else { return };
//!     match part.as_str() {
//!         "holds a run" => say("held"), // in the store in `file`
//!         other => panic!("nobody knows how to play `{other}`"),
//!     }
//! }
//!
//! fn the_run_of_a_killed_owner_is_free() {
//!     let mut other = Other::plays("holds a run", "runs.db");
//!     other.expect("held");
//!     other.kill();
//! }
//! ```
#![allow(clippy::unwrap_used, reason = "for tests alone")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, kill_process};

pub use rustix::process::Signal;

const PART: &str = "PROSE_TEST_PART";
const PLACE: &str = "PROSE_TEST_PLACE";

/// What stands in front of each line that a part says, because the test harness says something as well.
const SAYS: &str = "\u{25b6} ";

/// Another process that plays a part; killed when it is dropped.
#[derive(Debug)]
pub struct Other {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
    listens: ChildStdin,
}

/// The part that this process is to play, and where: the file, the schema. `None` in the process that runs the tests. The test that plays
/// the parts must be called `child`.
pub fn part() -> Option<(String, String)> {
    Some((std::env::var(PART).ok()?, std::env::var(PLACE).ok()?))
}

/// Says a line to the process that runs the tests.
///
/// # Panics
/// If that one has ended.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{SAYS}{line}").and_then(|()| out.flush()).unwrap();
}

/// Waits for a line from the process that runs the tests.
///
/// # Panics
/// If what it says is no text.
pub fn listen() -> String {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    line.trim().to_owned()
}

impl Other {
    /// Starts one.
    ///
    /// # Panics
    /// If it does not start.
    pub fn plays(part: &str, place: impl AsRef<OsStr>) -> Self {
        Self::plays_in(Command::new(std::env::current_exe().unwrap()), part, place)
    }

    /// The same by a command that ends with the path of this test binary.
    ///
    /// # Panics
    /// If it does not start.
    pub fn plays_in(mut command: Command, part: &str, place: impl AsRef<OsStr>) -> Self {
        let mut child = command
            .args(["child", "--exact", "--nocapture"])
            .envs([(PART, part.as_ref()), (PLACE, place.as_ref())])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        let listens = child.stdin.take().unwrap();
        Self { child, says, listens }
    }

    /// The next line that it says; `None` when it has ended.
    pub fn heard(&mut self) -> Option<String> {
        self.says.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix(SAYS).map(str::to_owned))
    }

    /// The next line must be this one.
    ///
    /// # Panics
    /// If it is another one.
    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        assert_eq!(self.heard().as_deref(), Some(line));
    }

    /// Says a line to it.
    ///
    /// # Panics
    /// If it has ended.
    pub fn tell(&mut self, line: &str) {
        writeln!(self.listens, "{line}").unwrap();
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// If it has ended.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// `kill -9`; all that it has said before comes back.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.heard()).collect()
    }

    /// Waits for its end, which must be a good one; all that it has said comes back.
    ///
    /// # Panics
    /// If it was another one.
    pub fn ends(mut self) -> Vec<String> {
        let said = std::iter::from_fn(|| self.heard()).collect();
        assert!(self.child.wait().unwrap().success(), "{said:?}");
        said
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}
