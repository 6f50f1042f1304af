//! SIGKILL from outside, at 200 random moments of a run.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::harness::Shop;

const MOMENTS: u64 = 200;
const AT_ONCE: usize = 4;

#[test]
fn a_kill_at_200_random_moments_changes_nothing_that_anybody_sees() {
    let seed = seed();
    println!("seed {seed}; to repeat it, set PROSE_SEED={seed}");
    let shop = Shop::open();
    let longest = longest_of(&shop, 3);
    let next = AtomicU64::new(0);
    let survived = Mutex::new(BTreeMap::<String, u32>::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(n) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < MOMENTS) {
                    let run_id = format!("kill_{n}");
                    // A tenth beyond the end: a kill behind it is a moment as well.
                    kill_after(&shop, &run_id, longest.mul_f64(1.1 * fraction(seed, n)));
                    *survived.lock().unwrap().entry(left_behind(&shop, &run_id)).or_default() += 1;
                    shop.finish(&run_id);
                }
            });
        }
    });
    println!("kills by what they left behind (a run takes up to {longest:?}): {:#?}", survived.into_inner().unwrap());
}

/// Only spreads the moments: any of them must be survived, so nothing depends on how exact it is.
fn longest_of(shop: &Shop, runs: u32) -> Duration {
    let run = |n| {
        let start = Instant::now();
        assert_eq!(shop.run(&format!("measure_{n}"), &[]).code, Some(0));
        start.elapsed()
    };
    (0..runs).map(run).max().unwrap()
}

fn kill_after(shop: &Shop, run_id: &str, delay: Duration) {
    let mut process = shop.command(run_id, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    process.kill().unwrap();
    process.wait().unwrap();
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
