//! Other processes: this test binary once more, playing a part.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

const PART: &str = "PROSE_TEST_PART";
const FILE: &str = "PROSE_TEST_FILE";

/// What stands in front of each line that a part says, because the test harness says something as well.
const SAYS: &str = "\u{25b6} ";

/// Another process that plays a part; killed when it is dropped.
pub(crate) struct Other {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
    listens: ChildStdin,
}

/// The part that this process is to play, and the file; `None` in the process that runs the tests. The test that plays
/// the parts must be called `child`.
pub(crate) fn part() -> Option<(String, String)> {
    Some((std::env::var(PART).ok()?, std::env::var(FILE).ok()?))
}

/// Says a line to the process that runs the tests.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{SAYS}{line}").and_then(|()| out.flush()).unwrap();
}

/// Waits for a line from the process that runs the tests.
pub(crate) fn listen() -> String {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    line.trim().to_owned()
}

impl Other {
    pub(crate) fn plays(part: &str, file: &Path) -> Self {
        Self::plays_in(Command::new(std::env::current_exe().unwrap()), part, file)
    }

    /// `command` ends with the path of this test binary.
    pub(crate) fn plays_in(mut command: Command, part: &str, file: &Path) -> Self {
        let mut child = command
            .args(["child", "--exact", "--nocapture"])
            .envs([(PART, part.as_ref()), (FILE, file.as_os_str())])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        let listens = child.stdin.take().unwrap();
        Self { child, says, listens }
    }

    /// The next line that it says; `None` when it has ended.
    pub(crate) fn heard(&mut self) -> Option<String> {
        self.says.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix(SAYS).map(str::to_owned))
    }

    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.heard().as_deref(), Some(line));
    }

    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.listens, "{line}").unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// `kill -9`; all that it has said before comes back.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.heard()).collect()
    }

    /// Waits for its end, which must be a good one; all that it has said comes back.
    pub(crate) fn ends(mut self) -> Vec<String> {
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
