//! Where the story plays: a directory, the stand-ins, and real processes that are called on them.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use prose_sqlite::SqliteDatabase;
use serde_json::Value;
use tempfile::TempDir;

use super::terminal;
use crate::failure::Failure;
use crate::orders;
use crate::shop::stand_ins::StandIns;
use crate::shop::stand_ins::memory::World;

/// Stays for the whole story; the processes on it come and go.
#[derive(Debug)]
pub(super) struct Stage {
    run_id: &'static str,
    db: PathBuf,
    memory: PathBuf,
    // The stand-ins end before their directory goes.
    stand_ins: StandIns,
    _dir: TempDir,
}

/// A call of `run` that is over.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) code: Option<i32>,
    pub(super) signal: Option<i32>,
    pub(super) stdout: String,
    /// stdout as JSON; null where it is none.
    pub(super) result: Value,
}

impl Stage {
    pub(super) fn set(run_id: &'static str) -> Result<Self, Failure> {
        let dir = tempfile::Builder::new().prefix("order_processing-").tempdir()?;
        let memory = dir.path().join("world.jsonl");
        Ok(Self { run_id, db: dir.path().join("orders.db"), stand_ins: StandIns::start(&memory)?, memory, _dir: dir })
    }

    pub(super) fn db(&self) -> &Path {
        &self.db
    }

    /// Calls `run` as a process of its own, and shows what it tells.
    pub(super) fn call(&self, options: &[&str]) -> Result<Called, Failure> {
        let shown = format!("$ order_processing run --db orders.db --run-id {} {}", self.run_id, options.join(" "));
        terminal::say(shown.trim_end())?;
        let mut process = self.command(options)?.spawn()?;
        if let Some(stderr) = process.stderr.take() {
            BufReader::new(stderr).lines().try_for_each(|line| terminal::progress(&line?))?;
        }
        let mut stdout = String::new();
        if let Some(mut pipe) = process.stdout.take() {
            pipe.read_to_string(&mut stdout)?;
        }
        Ok(Called::new(process.wait()?, stdout))
    }

    fn command(&self, options: &[&str]) -> Result<Command, Failure> {
        let there = &self.stand_ins.addresses;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["run", "--run-id", self.run_id, "--db"])
            .arg(&self.db)
            .args(options)
            .env("STRIPE_API_BASE", &there.stripe_api_base)
            .env("STRIPE_SECRET_KEY", "sk_test_story")
            .env("SMTP_URL", &there.smtp_url)
            .env("EVENTS_URL", &there.events_url)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }

    pub(super) fn world(&self) -> Result<World, Failure> {
        Ok(World::read(&self.memory)?)
    }

    /// How often the outside world was asked for anything.
    pub(super) fn requests(&self) -> Result<usize, Failure> {
        let world = self.world()?;
        Ok(world.payments.len() + world.mails.len() + world.events.len())
    }

    pub(super) async fn order_ids(&self) -> Result<Vec<String>, Failure> {
        let db = SqliteDatabase::open(&self.db).await?;
        Ok(orders::ids(&db).await?)
    }
}

impl Called {
    fn new(status: ExitStatus, stdout: String) -> Self {
        let result = serde_json::from_str(&stdout).unwrap_or(Value::Null);
        Self { code: status.code(), signal: status.signal(), stdout, result }
    }

    /// How it ended, in words.
    pub(super) fn end(&self) -> String {
        match (self.code, self.signal) {
            (_, Some(9)) => "killed by SIGKILL".to_owned(),
            (_, Some(signal)) => format!("killed by signal {signal}"),
            (code, None) => format!("exit status {}", code.unwrap_or_default()),
        }
    }
}
