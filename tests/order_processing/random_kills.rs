//! SIGKILL from outside, at 200 random moments of a run.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::harness::Shop;

const MOMENTS: u64 = 200;
const AT_ONCE: u64 = 4;

#[test]
fn a_kill_at_200_random_moments_changes_nothing_that_anybody_sees() {
    let seed = seed();
    println!("seed {seed}; to repeat it, set PROSE_SEED={seed}");
    let shop = Shop::open();
    let usual = usual_times(&shop);
    let next = AtomicU64::new(0);
    let survived = Mutex::new(BTreeMap::<String, u32>::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(n) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < MOMENTS) {
                    let run_id = format!("kill_{n}");
                    kill(&shop, &run_id, n, usual, fraction(seed, n));
                    *survived.lock().unwrap().entry(left_behind(&shop, &run_id)).or_default() += 1;
                    shop.finish(&run_id);
                }
            });
        }
    });
    println!("{usual:?}; the kills by what they left behind: {:#?}", survived.into_inner().unwrap());
}

/// How long things take here. Only spreads the moments: any of them must be survived, so nothing depends on it.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// From the start of the process to the start of the flow.
    start: Duration,
    /// From there to the end of the process.
    flow: Duration,
}

/// Measured with as many at once as there will be.
fn usual_times(shop: &Shop) -> Times {
    let measure = |run_id: String| {
        let begin = Instant::now();
        let mut process = Running::start(shop, &run_id);
        process.wait_for_the_flow();
        let start = begin.elapsed();
        assert!(process.child.wait().unwrap().success());
        Times { start, flow: begin.elapsed() - start }
    };
    let measured: Vec<Times> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|n| scope.spawn(move || measure(format!("measure_{n}")))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mean = |of: fn(&Times) -> Duration| measured.iter().map(of).sum::<Duration>() / measured.len() as u32;
    Times { start: mean(|times| times.start), flow: mean(|times| times.flow) }
}

/// One kill in eight comes at any moment of the process, its start and its end included; the others while the flow runs.
fn kill(shop: &Shop, run_id: &str, n: u64, usual: Times, fraction: f64) {
    let mut process = Running::start(shop, run_id);
    if n.is_multiple_of(8) {
        std::thread::sleep((usual.start + usual.flow).mul_f64(1.2 * fraction));
    } else {
        process.wait_for_the_flow();
        std::thread::sleep(usual.flow.mul_f64(fraction));
    }
    process.child.kill().unwrap();
    process.child.wait().unwrap();
}

/// A run whose progress is heard. Its stderr stays open as long as it lives.
struct Running {
    child: Child,
    progress: BufReader<ChildStderr>,
}

impl Running {
    fn start(shop: &Shop, run_id: &str) -> Self {
        let mut child = shop.command(run_id, &[]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let progress = BufReader::new(child.stderr.take().unwrap());
        Self { child, progress }
    }

    fn wait_for_the_flow(&mut self) {
        self.progress.read_line(&mut String::new()).unwrap();
    }
}

/// What the kill has left: nothing yet, a run with so many steps done, or a completed one.
fn left_behind(shop: &Shop, run_id: &str) -> String {
    let shown = shop.show(run_id);
    match shown.code {
        Some(0) => {
            let checkpoint = shown.json();
            format!("{} steps, {}", checkpoint["completed_steps"].as_array().unwrap().len(), checkpoint["status"])
        }
        Some(1) => shown.error()["code"].to_string(),
        _ => panic!("{run_id}: {shown:?}"),
    }
}

fn seed() -> u64 {
    let given = std::env::var("PROSE_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos()))
}

/// A number in 0..1 that is the `n`th of its seed, whichever thread asks (SplitMix64's finish).
fn fraction(seed: u64, n: u64) -> f64 {
    let mut z = seed.wrapping_add((n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}
