//! One repetition: a program that does a piece of work once.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::Result;
use crate::build::Tree;
use crate::plan::Case;
use crate::server::Server;
use crate::system::{Place, System};

/// Whoever is not done by then is written down as that.
const PATIENCE: Duration = Duration::from_secs(150);

/// What came of it.
#[derive(Debug)]
pub(crate) enum Outcome {
    Measured(Measured),
    /// The row cannot be said in the system; why.
    Unsupported(String),
    /// What the program has said last.
    Failed(String),
}

#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// Several of one name are several samples.
    pub(crate) metrics: Vec<(String, f64)>,
    pub(crate) settings: Vec<String>,
    pub(crate) took: Duration,
}

/// A line of a program.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Metric { metric: String, value: f64 },
    Setting { setting: String },
    Unsupported { unsupported: String },
}

/// Has the program do it, in an empty folder, or an empty database.
pub(crate) fn run(tree: &Tree, server: Option<&Server>, case: &Case, system: &System, runs: usize) -> Result<Outcome> {
    let dir = tempfile::Builder::new().prefix("prose-bench-").tempdir()?;
    let (work, count) = (dir.path().join("work"), dir.path().join("syncs"));
    std::fs::create_dir(&work)?;
    std::fs::write(&count, [0; 8])?;
    let mut command = command(tree, case, system, runs, &work);
    command.env("LD_PRELOAD", tree.slow_sync()).env("SYNC_DELAY_US", case.slower.as_micros().to_string());
    if system.place != Place::Postgres {
        command.env("SYNC_COUNT_FILE", &count);
        return execute(&mut command);
    }
    let Some(server) = server else { return Ok(Outcome::Unsupported("there is no Postgres".to_owned())) };
    let database = server.database()?;
    let mut outcome = execute(command.args(["--database-url", &database.url()]))?;
    if let Outcome::Measured(measured) = &mut outcome
        && matches!(case.row, 'a'..='d')
    {
        let (steps, written) = ((runs * case.steps) as f64, database.written()?);
        // The client itself writes nothing to a disk.
        measured.metrics.retain(|(name, _)| name != "bytes_per_step");
        measured.metrics.push(("bytes_per_step".to_owned(), written.bytes as f64 / steps));
        measured.metrics.push(("syncs_per_step".to_owned(), written.syncs as f64 / steps));
    }
    Ok(outcome)
}

fn command(tree: &Tree, case: &Case, system: &System, runs: usize, work: &Path) -> Command {
    let mut command = Command::new(tree.program(system.program_of(case.row)));
    command.args(["--system", system.name, "--row", &case.row.to_string(), "--work", case.program_work()]);
    command.args(["--concurrency", &case.concurrency.to_string(), "--runs", &runs.to_string()]);
    command.args(["--steps", &case.steps.to_string(), "--dir"]).arg(work);
    command
}

fn execute(command: &mut Command) -> Result<Outcome> {
    let began = Instant::now();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return Ok(Outcome::Failed(format!("it does not start: {error}"))),
    };
    let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let ended = wait(&mut child)?;
    let took = began.elapsed();
    let (stdout, stderr) = (text(stdout), text(stderr));
    match ended {
        Some(status) if status.success() => Ok(read(&stdout, took)),
        Some(status) => Ok(Outcome::Failed(format!("{status}: {}", last_lines(&stderr)))),
        None => Ok(Outcome::Failed(format!("it has not ended within {} s", PATIENCE.as_secs()))),
    }
}

type Reader = std::thread::JoinHandle<String>;

/// Both pipes are read while the program runs: a full one would stop it.
fn reader(pipe: Option<impl Read + Send + 'static>) -> Reader {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _what_came_until_then = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn text(reader: Reader) -> String {
    reader.join().unwrap_or_default()
}

/// `None` if it had to be killed.
fn wait(child: &mut Child) -> Result<Option<std::process::ExitStatus>> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

fn read(stdout: &str, took: Duration) -> Outcome {
    let mut measured = Measured { took, ..Measured::default() };
    // Libraries may print lines of their own.
    for line in stdout.lines().filter_map(|line| serde_json::from_str(line).ok()) {
        match line {
            Line::Metric { metric, value } => measured.metrics.push((metric, value)),
            Line::Setting { setting } => measured.settings.push(setting),
            Line::Unsupported { unsupported } => return Outcome::Unsupported(unsupported),
        }
    }
    if measured.metrics.is_empty() {
        Outcome::Failed("it has measured nothing".to_owned())
    } else {
        Outcome::Measured(measured)
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_program_are_read_and_those_of_its_libraries_left_out() {
        let text = "hello\n{\"metric\":\"p50_us\",\"value\":3}\n{\"setting\":\"pool=1\"}\n{\"metric\":\"p50_us\",\"value\":4.5}\n";
        let Outcome::Measured(measured) = read(text, Duration::ZERO) else { panic!("it has measured") };
        assert_eq!(measured.metrics, [("p50_us".to_owned(), 3.0), ("p50_us".to_owned(), 4.5)]);
        assert_eq!(measured.settings, ["pool=1"]);
        assert!(
            matches!(read("{\"unsupported\":\"no timers\"}", Duration::ZERO), Outcome::Unsupported(why) if why == "no timers")
        );
        assert!(matches!(read("", Duration::ZERO), Outcome::Failed(_)));
    }

    #[test]
    fn a_program_that_fails_is_told_with_its_last_words() {
        let outcome = execute(Command::new("sh").args(["-c", "echo first >&2; echo last >&2; exit 3"])).unwrap();
        assert!(matches!(outcome, Outcome::Failed(why) if why.contains("3") && why.contains("last")));
        assert!(matches!(execute(&mut Command::new("/no/such/program")).unwrap(), Outcome::Failed(_)));
    }
}
