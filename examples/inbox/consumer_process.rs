//! The consumer's process, as the other one sees it: started, heard, killed, ended.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::Failure;
use crate::stream::Stream;

/// Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct ConsumerProcess {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
}

/// What consumers have said of the deliveries whose transactions they have committed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deliveries {
    pub(crate) first: u64,
    pub(crate) repeated: u64,
}

impl Deliveries {
    pub(crate) fn all(self) -> u64 {
        self.first + self.repeated
    }
}

impl ConsumerProcess {
    /// Starts this very program again, as the consumer; it may stand still behind so many deliveries.
    pub(crate) fn start(folder: &Path, stream: &Stream, stop_behind: Option<u64>) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["consume", "--stream", stream.name(), "--folder"]).arg(folder);
        if let Some(deliveries) = stop_behind {
            command.args(["--stop-behind", &deliveries.to_string()]);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().ok_or("the consumer has no stdout")?;
        Ok(Self { child, says: BufReader::new(stdout).lines() })
    }

    /// Adds the next thing that it says; `false` when it has ended.
    pub(crate) async fn hear(&mut self, deliveries: &mut Deliveries) -> Result<bool, Failure> {
        match self.says.next_line().await?.as_deref() {
            Some("first") => deliveries.first += 1,
            Some("repeated") => deliveries.repeated += 1,
            Some(other) => return Err(format!("the consumer has said {other:?}").into()),
            None => return Ok(false),
        }
        Ok(true)
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }

    /// Tells it to end, by the end of its stdin.
    pub(crate) fn tell_to_end(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Waits for its end, which must be a good one.
    pub(crate) async fn ended(mut self) -> Result<(), Failure> {
        let status = self.child.wait().await?;
        if status.success() { Ok(()) } else { Err(format!("the consumer has ended with {status}").into()) }
    }
}
