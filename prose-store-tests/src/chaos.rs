//! Chaos: the engines of several processes execute runs while they are killed, stopped and restarted, and their server too. What does not
//! depend on the database: the ledger that bodies write outside of it, who kills whom, and what must be true at the end. Unix only.
//!
//! `PROSE_CHAOS_RUNS=5000 PROSE_CHAOS_SECONDS=180` makes the long form; ordinary tests have [`FEW_RUNS`] and [`FEW_SECONDS`].
#![allow(clippy::unwrap_used, reason = "for tests alone")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use prose::observe::{Observer, PointKind, RunInfo, StepInfo};
use prose::store::BoxFuture;
use prose::{Ctx, EventRecord, PublishError, Publisher};

use crate::deliveries::random;
use crate::process::{Other, Signal};

/// Runs of ordinary tests.
pub const FEW_RUNS: u64 = 200;

/// So long ordinary tests kill.
pub const FEW_SECONDS: u64 = 12;

/// The engines' lease: whoever is stopped for longer is taken for dead.
pub const LEASE: Duration = Duration::from_secs(2);

/// How many runs, and for how many seconds: `PROSE_CHAOS_RUNS`, `PROSE_CHAOS_SECONDS`.
///
/// # Panics
/// If one of the variables is no number.
pub fn extent() -> (u64, u64) {
    let number = |name, otherwise| std::env::var(name).map_or(otherwise, |text| text.parse().expect(name));
    (number("PROSE_CHAOS_RUNS", FEW_RUNS), number("PROSE_CHAOS_SECONDS", FEW_SECONDS))
}

/// Asks again and again until it goes well: the server may be away.
///
/// # Panics
/// If it does not for minutes.
pub async fn until_ok<T, E: std::fmt::Display, F: Future<Output = Result<T, E>>>(ask: impl Fn() -> F) -> T {
    let since = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(since.elapsed() < Duration::from_secs(600), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// How long a run sleeps: some so short that they stay in memory, some out of it.
pub fn nap(number: u64) -> Duration {
    Duration::from_millis([0, 40, 1_300, 2_500][usize::try_from(number % 4).unwrap()])
}

/// What the world outside of the database sees: each body that begins, each step that is committed, each event that is published. A file that
/// all processes append to, each line at once.
#[derive(Debug)]
pub struct Ledger(File);

impl Ledger {
    /// In this file.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn open(path: impl AsRef<Path>) -> Self {
        Self(OpenOptions::new().create(true).append(true).open(path).unwrap())
    }

    /// The body of a step begins.
    ///
    /// # Panics
    /// If it is called outside of a step.
    pub fn begins<D>(&self, ctx: &Ctx<D>) {
        self.write("begins", ctx.idempotency_key().unwrap());
    }

    fn write(&self, what: &str, key: &str) {
        let line = format!("{} {} {what} {key}\n", millis(), std::process::id());
        (&self.0).write_all(line.as_bytes()).unwrap();
    }
}

fn millis() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()
}

impl Observer for Ledger {
    fn on_step_complete(&self, run: &RunInfo, step: &StepInfo, _: Duration) {
        if step.kind == PointKind::Step {
            self.write("committed", &format!("{}:{}", run.run_id.as_deref().unwrap(), step.path()));
        }
    }
}

impl Publisher for Ledger {
    fn publish<'a>(&'a self, _: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>> {
        self.write("published", &event.id);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A process was stopped, by this, from then to then.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    pid: u32,
    from: u128,
    to: u128,
}

/// What was done to the processes.
#[derive(Clone, Debug, Default)]
pub struct Torment {
    /// By `kill -9`.
    pub killed: u32,
    /// Past their lease.
    pub stopped: Vec<Stop>,
    /// Told to end in good order, and replaced.
    pub drained: u32,
    /// Of the server.
    pub restarts: u32,
}

/// The processes under torment.
pub struct Engines<'a> {
    /// Starts one. It says "works", and ends when it is told "drain".
    pub start: &'a dyn Fn() -> Other,
    /// How many there are at once.
    pub number: usize,
    /// Restarts the server, if there is one.
    pub restart_server: Option<&'a dyn Fn()>,
    /// Whether a process that was just stopped may stay so: on SQLite not in a write transaction.
    pub may_stay_stopped: &'a dyn Fn() -> bool,
}

impl Engines<'_> {
    /// Kills, stops or restarts one of them every second, and the server five times in all; ends with all of them working. Takes so many
    /// seconds, and somewhat more; call it where that blocks nobody.
    ///
    /// # Panics
    /// If a process does not do what it is told.
    pub fn torment(&self, seconds: u64) -> (Torment, Vec<Other>) {
        let mut torment = Torment::default();
        let (seed, began) = (crate::deliveries::seed(), Instant::now());
        let mut engines: Vec<Other> = (0..self.number).map(|_| (self.start)()).collect();
        for second in 0..seconds {
            let chosen = random(seed, 2 * second);
            let victim = engines.swap_remove(usize::try_from(chosen % self.number as u64).unwrap());
            let next = match random(seed, 2 * second + 1) % 5 {
                0 | 1 => self.stop(victim, &mut torment),
                2 => self.drain(victim, &mut torment),
                _ => {
                    victim.kill();
                    torment.killed += 1;
                    (self.start)()
                }
            };
            engines.push(next);
            if second % seconds.div_ceil(5) == seconds.div_ceil(10)
                && let Some(restart) = self.restart_server
            {
                restart();
                torment.restarts += 1;
            }
            let next = Duration::from_secs(second + 1);
            std::thread::sleep(next.saturating_sub(began.elapsed()).max(Duration::from_millis(50)));
        }
        (torment, engines)
    }

    /// Stops one past its lease; it goes on then.
    fn stop(&self, victim: Other, torment: &mut Torment) -> Other {
        let from = millis();
        victim.signal(Signal::STOP);
        if (self.may_stay_stopped)() {
            std::thread::sleep(LEASE + LEASE / 2);
            torment.stopped.push(Stop { pid: victim.pid(), from, to: millis() });
        }
        victim.signal(Signal::CONT);
        victim
    }

    fn drain(&self, mut victim: Other, torment: &mut Torment) -> Other {
        victim.tell("drain");
        victim.ends();
        torment.drained += 1;
        (self.start)()
    }
}

/// What the ledger shows.
#[derive(Debug, Default)]
pub struct Seen {
    /// How often the body of each step has begun.
    pub begun: BTreeMap<String, u32>,
    /// The ids of the events that were published.
    pub published: HashSet<String>,
    /// Bodies that began in a process that had been stopped while another one committed their step: between the commit at the entrance of
    /// a step and its first statement no fence can stand.
    pub begun_by_the_stopped: u32,
}

/// Reads the ledger.
///
/// # Panics
/// If the body of a step began that was committed before.
pub fn read(ledger: &Path, stops: &[Stop]) -> Seen {
    let (mut seen, mut committed) = (Seen::default(), HashMap::new());
    for line in std::fs::read_to_string(ledger).unwrap().lines() {
        let [at, pid, what, key] = line.splitn(4, ' ').collect::<Vec<_>>().try_into().unwrap();
        let (at, pid): (u128, u32) = (at.parse().unwrap(), pid.parse().unwrap());
        match what {
            "begins" => {
                *seen.begun.entry(key.to_owned()).or_default() += 1;
                if let Some((committed_at, by)) = committed.get(key) {
                    let slept = stops.iter().any(|stop| stop.pid == pid && stop.covers(*committed_at));
                    assert!(slept && *by != pid, "`{key}` was committed by {by} at {committed_at}: {line}");
                    seen.begun_by_the_stopped += 1;
                }
            }
            "committed" => {
                committed.entry(key.to_owned()).or_insert((at, pid));
            }
            _ => {
                seen.published.insert(key.to_owned());
            }
        }
    }
    seen
}

impl fmt::Display for Torment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { killed, stopped, drained, restarts } = self;
        write!(f, "{killed} kills, {} stops, {drained} drains, {restarts} restarts of the server", stopped.len())
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bodies, steps) = (self.begun.values().sum::<u32>(), self.begun.len());
        write!(f, "{bodies} bodies for {steps} steps, {} of them begun by the stopped", self.begun_by_the_stopped)
    }
}

impl Stop {
    fn covers(&self, at: u128) -> bool {
        // What was committed while it slept is told in the ledger a moment later.
        (self.from..=self.to + 1_000).contains(&at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(lines: &[&str]) -> tempfile_path::Temp {
        tempfile_path::Temp::with(&lines.join("\n"))
    }

    /// A file that is removed when it is dropped.
    mod tempfile_path {
        use std::path::PathBuf;

        pub(super) struct Temp(pub(super) PathBuf);

        impl Temp {
            pub(super) fn with(text: &str) -> Self {
                static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
                let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let path = std::env::temp_dir().join(format!("prose-ledger-{}-{next}", std::process::id()));
                std::fs::write(&path, text).unwrap();
                Self(path)
            }
        }

        impl Drop for Temp {
            fn drop(&mut self) {
                let _removed = std::fs::remove_file(&self.0);
            }
        }
    }

    #[test]
    fn a_body_may_begin_again_until_its_step_is_committed() {
        let file = ledger(&["1 7 begins r:a", "2 8 begins r:a", "3 8 committed r:a", "4 8 published r:e"]);
        let seen = read(&file.0, &[]);
        assert_eq!((seen.begun["r:a"], seen.published.contains("r:e")), (2, true));
    }

    #[test]
    #[should_panic(expected = "was committed by 8")]
    fn a_body_that_begins_behind_its_commit_is_found() {
        let file = ledger(&["2 8 begins r:a", "3 8 committed r:a", "4 7 begins r:a"]);
        read(&file.0, &[]);
    }

    #[test]
    fn a_process_that_was_stopped_meanwhile_could_not_know() {
        let file = ledger(&["2 8 begins r:a", "3 8 committed r:a", "4 7 begins r:a"]);
        assert_eq!(read(&file.0, &[Stop { pid: 7, from: 2, to: 4 }]).begun_by_the_stopped, 1);
    }
}
