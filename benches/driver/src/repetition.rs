//! One repetition: a program that does a piece of work once.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::Result;
use crate::build::Tree;
use crate::plan::Case;
use crate::server::Server;
use crate::system::{Place, System};

/// Whoever is not done by then is written down as that.
const PATIENCE: Duration = Duration::from_secs(240);

/// How often it is looked whether a program has ended.
const PAUSE: Duration = Duration::from_millis(5);

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
        return execute(&mut command, None);
    }
    let Some(server) = server else { return Ok(Outcome::Unsupported("there is no Postgres".to_owned())) };
    let database = server.database()?;
    command.args(["--database-url", &database.url()]);
    if !matches!(case.row, 'a'..='d') {
        return execute(&mut command, None);
    }
    // What the set-up has written is not the work's.
    let mut before = None;
    let mut begins = || {
        before = Some(database.written()?);
        Ok(())
    };
    let mut outcome = execute(&mut command, Some(&mut begins))?;
    if let Outcome::Measured(measured) = &mut outcome {
        let before = before.ok_or_else(|| format!("{} does not say when its work begins", system.name))?;
        let (steps, written) = ((runs * case.steps) as f64, database.written_in_all()?);
        // The client itself writes nothing to a disk.
        measured.metrics.retain(|(name, _)| name != "bytes_per_step");
        measured.metrics.push(("bytes_per_step".to_owned(), (written.bytes - before.bytes) as f64 / steps));
        measured.metrics.push(("syncs_per_step".to_owned(), (written.syncs - before.syncs) as f64 / steps));
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

/// What is done when a program says that its work begins; it waits for that.
type Begins<'b> = &'b mut dyn FnMut() -> Result<()>;

fn execute(command: &mut Command, begins: Option<Begins<'_>>) -> Result<Outcome> {
    let began = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if begins.is_some() {
        command.stdin(Stdio::piped()).env("BENCH_MARKER", "1");
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ok(Outcome::Failed(format!("it does not start: {error}"))),
    };
    let (sender, marks) = mpsc::channel();
    let stdout = reader(child.stdout.take(), move |line| {
        if line.contains("\"begins\"") {
            let _it_was_killed_meanwhile = sender.send(());
        }
    });
    let stderr = reader(child.stderr.take(), |_| ());
    let ended = wait(&mut child, &marks, begins)?;
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
fn reader(pipe: Option<impl Read + Send + 'static>, mut see: impl FnMut(&str) + Send + 'static) -> Reader {
    std::thread::spawn(move || {
        let mut text = String::new();
        let Some(pipe) = pipe else { return text };
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
            let new = String::from_utf8_lossy(&line);
            see(&new);
            text += &new;
            line.clear();
        }
        text
    })
}

fn text(reader: Reader) -> String {
    reader.join().unwrap_or_default()
}

/// `None` if it had to be killed.
fn wait(child: &mut Child, marks: &Receiver<()>, mut begins: Option<Begins<'_>>) -> Result<Option<ExitStatus>> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        // A mark ends the pause.
        if marks.recv_timeout(PAUSE).is_ok() {
            begins.as_mut().map_or(Ok(()), |begins| begins())?;
            if let Some(stdin) = &mut child.stdin {
                let _it_may_have_ended = stdin.write_all(b"\n");
            }
        } else {
            // At once, where its output has ended before it has.
            std::thread::sleep(Duration::from_millis(1));
        }
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
        let outcome = execute(Command::new("sh").args(["-c", "echo first >&2; echo last >&2; exit 3"]), None).unwrap();
        assert!(matches!(outcome, Outcome::Failed(why) if why.contains("3") && why.contains("last")));
        assert!(matches!(execute(&mut Command::new("/no/such/program"), None).unwrap(), Outcome::Failed(_)));
    }

    #[test]
    fn a_program_waits_at_the_beginning_of_its_work_until_that_was_noted() {
        let folder = tempfile::tempdir().unwrap();
        let noted = folder.path().join("noted");
        let program =
            "echo '{\"begins\":true}'; read answer; test -f \"$0\" && echo '{\"metric\":\"p50_us\",\"value\":1}'";
        let mut note = || Ok(std::fs::write(&noted, "")?);
        let outcome = execute(Command::new("sh").args(["-c", program]).arg(&noted), Some(&mut note)).unwrap();
        assert!(matches!(outcome, Outcome::Measured(_)), "{outcome:?}");
    }
}
