//! Real processes that are killed and stopped.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use common::Schema;
use prose::store::{Claim, ClaimRequest, Commit, Lease, RunKey};
use prose::{Store, StoreError};
use prose_postgres::PostgresStore;
use rustix::process::{Pid, Signal, kill_process};

const URL: &str = "PROSE_TEST_URL";
const SCHEMA: &str = "PROSE_TEST_SCHEMA";
const LEASE: Duration = Duration::from_millis(1_500);

/// In front of each line of ours: the test harness says something as well.
const SAYS: &str = "\u{25b6} ";

/// Plays the other process: commits for ever, says each commit that was acknowledged, and how it ended. Does nothing in the process
/// that runs the tests.
#[test]
fn child() {
    let (Ok(url), Ok(schema)) = (std::env::var(URL), std::env::var(SCHEMA)) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = PostgresStore::builder(url).schema(schema).lease(LEASE).max_connections(4).connect().await.unwrap();
        let (lease, mut seq) = take(&store).await;
        loop {
            seq += 1;
            match store.commit(&lease, Commit::empty(seq)).await {
                Ok(()) => say(&seq.to_string()),
                Err(StoreError::Fenced(_)) => return say("fenced"),
                Err(error) => panic!("{error}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{SAYS}{line}").and_then(|()| out.flush()).unwrap();
}

struct Other {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn starts(schema: &Schema) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture"])
            .envs([(URL, &schema.url), (SCHEMA, &schema.name)])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, says }
    }

    /// The next line; `None` when it has ended.
    fn heard(&mut self) -> Option<String> {
        self.says.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix(SAYS).map(str::to_owned))
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// `kill -9`; the last that was acknowledged to it.
    fn kill(mut self) -> u64 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.heard()).last().map_or(0, |seq| seq.parse().unwrap())
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}

fn request() -> ClaimRequest {
    ClaimRequest { key: RunKey::new("shared"), flow: "process-order".to_owned(), restart_failed: true }
}

/// The run, once it is free, and its last seq.
async fn take(store: &PostgresStore) -> (Lease, u64) {
    loop {
        match store.claim(&request()).await.unwrap() {
            Claim::Missing => {
                return (store.create(&common::new_run("shared", "{}"), Commit::empty(1)).await.unwrap(), 1);
            }
            Claim::Claimed(run) => return (run.lease, run.state.folded.seq),
            Claim::Held { epoch } => store.changed(&RunKey::new("shared"), epoch).await,
            other => panic!("{other:?}"),
        }
    }
}

/// With a lease of half a minute, which nobody waits for.
#[tokio::test(flavor = "multi_thread")]
async fn runs_of_a_killed_process_are_free_at_once_with_all_that_was_acknowledged() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    for round in 0..4 {
        let mut other = Other::starts(&schema);
        let mut acknowledged = 0;
        for _ in 0..(3 + round * 11) {
            acknowledged = other.heard().unwrap().parse().unwrap();
        }
        acknowledged = acknowledged.max(other.kill());
        let free = tokio::time::timeout(Duration::from_secs(20), take(&store)).await;
        let (lease, seq) = free.expect("the server has noticed the end of the process");
        assert!(seq > acknowledged, "commit {acknowledged} was acknowledged, and the claim stands at {seq}");
        store.release(&lease);
        // The next process must find it free, not this one's.
        while !matches!(schema.store().await.claim(&request()).await.unwrap(), Claim::Claimed(_)) {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_process_loses_its_run_after_the_lease_and_is_fenced_when_it_wakes() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let mut other = Other::starts(&schema);
    other.heard().unwrap();
    other.signal(Signal::STOP);
    let taken = tokio::time::timeout(Duration::from_secs(60), take(&store)).await;
    let (lease, mut seq) = taken.expect("the lease is over");
    other.signal(Signal::CONT);
    while let Some(line) = other.heard() {
        if line == "fenced" {
            seq += 1;
            store.commit(&lease, Commit::empty(seq)).await.unwrap();
            return;
        }
        // What it had sent, or had heard of, before it was stopped.
        assert!(line.parse::<u64>().unwrap() < seq, "commit {line} was written past the fence");
    }
    panic!("the process that was stopped has not been fenced");
}
