//! Money: runs that move it between accounts while the processes that execute them are killed at random. What does not depend on
//! the database: which transfers there are, who kills whom, and what must stand in the books at the end. Unix only.
//!
//! A database's test has three parts. The *worker*, another process (see [`process`](crate::process)), calls [`work`] with a flow of
//! [`TRANSFERS`] transactions, each behind a step that awaits [`allowed`]; a transaction is a plain `update` of two accounts and a plain
//! `insert` into the ledger. The test calls [`kill_at_random`], and then [`Books::check`] with what it finds.
//!
//! `PROSE_CHAOS_KILLS=200` makes the long form of it; ordinary tests kill [`FEW_KILLS`] times.
#![allow(clippy::unwrap_used, reason = "for tests alone")]

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use crate::deliveries::random;
use crate::process::{Other, listen, say};

/// So many runs are on their way at once.
pub const RUNS: u64 = 64;

/// So many transfers each of them makes, one after the other.
pub const TRANSFERS: u64 = 20;

/// Between so many accounts: 0, 1, ..
pub const ACCOUNTS: u64 = 10;

/// With so much in each of them at first.
pub const OPENING: i64 = 1_000;

/// Kills in ordinary tests.
pub const FEW_KILLS: usize = 12;

/// So many processes execute the runs.
const WORKERS: usize = 3;

/// A transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The account that is changed first. Always the lower number, so that transfers do not wait for one another in a ring.
    pub first: u64,
    /// The other one.
    pub second: u64,
    /// What the first one gets, and the other one gives. May be negative.
    pub amount: i64,
}

/// A run's transfer of this number; always the same.
pub fn transfer(run: u64, number: u64) -> Transfer {
    let mut random = Random { seed: run * 1_000 + number, drawn: 0 };
    let first = random.below(ACCOUNTS - 1);
    let second = first + 1 + random.below(ACCOUNTS - 1 - first);
    let amount = 1 + i64::try_from(random.below(50)).unwrap();
    Transfer { first, second, amount: if random.below(2) == 0 { amount } else { -amount } }
}

/// What stands in the database at the end.
#[derive(Debug, Default)]
pub struct Books {
    /// By account.
    pub balances: BTreeMap<u64, i64>,
    /// Run, number and amount, in any order.
    pub ledger: Vec<(u64, u64, i64)>,
}

impl Books {
    /// No money was made or lost, and each transfer was made once.
    ///
    /// # Panics
    /// If it was not so.
    pub fn check(&self) {
        let sum: i64 = self.balances.values().sum();
        assert_eq!(sum, OPENING * i64::try_from(ACCOUNTS).unwrap(), "the sum has changed: {:?}", self.balances);
        let mut made = BTreeMap::<_, Vec<i64>>::new();
        for (run, number, amount) in &self.ledger {
            made.entry((*run, *number)).or_default().push(*amount);
        }
        let mut balances: BTreeMap<_, _> = (0..ACCOUNTS).map(|account| (account, OPENING)).collect();
        for run in 0..RUNS {
            for number in 0..TRANSFERS {
                let Transfer { first, second, amount } = transfer(run, number);
                let once = made.remove(&(run, number));
                assert_eq!(once, Some(vec![amount]), "transfer {number} of run {run} must be there once");
                *balances.get_mut(&first).unwrap() += amount;
                *balances.get_mut(&second).unwrap() -= amount;
            }
        }
        assert!(made.is_empty(), "nobody has asked for {made:?}");
        assert_eq!(self.balances, balances);
    }
}

/// How often processes are to be killed: `PROSE_CHAOS_KILLS`, or a few times.
///
/// # Panics
/// If the variable is no number.
pub fn kills() -> usize {
    std::env::var("PROSE_CHAOS_KILLS").map_or(FEW_KILLS, |kills| kills.parse().expect("PROSE_CHAOS_KILLS is a number"))
}

/// What a worker does: all runs at once, each called again until it gives its result, by whatever process.
///
/// # Panics
/// If a task of a run panics.
pub async fn work<F>(call: impl Fn(u64) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    std::thread::spawn(obey);
    let mut calls: tokio::task::JoinSet<_> = (0..RUNS).map(call).collect();
    while let Some(ended) = calls.join_next().await {
        ended.unwrap();
    }
    say("done");
}

/// Calls again and again, until it goes well.
///
/// # Panics
/// If it never does.
pub async fn until_it_is_done<T, E: Display, F: Future<Output = Result<T, E>>>(call: impl Fn() -> F) -> T {
    let mut failures = 0;
    loop {
        match call().await {
            Ok(given) => return given,
            Err(error) => assert!(failures < MOST_FAILURES, "{error}"),
        }
        failures += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// More in a row are no accident.
const MOST_FAILURES: usize = 500;

/// How many transfers may be made, all runs together.
static ALLOWED: LazyLock<watch::Sender<u64>> = LazyLock::new(|| watch::Sender::new(0));

/// Waits until a transfer may be made: so there is work for as long as there are kills.
///
/// # Panics
/// Never.
pub async fn allowed(run: u64, number: u64) {
    let mut allowed = ALLOWED.subscribe();
    allowed.wait_for(|allowed| number * RUNS + run < *allowed).await.unwrap();
}

/// Hears how many transfers may be made; ends with the process that runs the tests.
fn obey() {
    loop {
        match listen().parse() {
            Ok(allowed) => ALLOWED.send_replace(allowed),
            Err(_) => std::process::exit(1),
        };
    }
}

/// Starts workers that play `part` in `place`, kills one of them again and again and starts another, and returns when all is done.
/// Before each kill `disturb` may do something on its own. Takes a while; call it where that blocks nobody.
///
/// # Panics
/// If it takes minutes longer than it should.
pub fn kill_at_random(part: &str, place: &str, kills: usize, mut disturb: impl FnMut()) {
    let mut random = Random::by_time();
    let total = RUNS * TRANSFERS;
    let mut workers: Vec<_> = (0..WORKERS).map(|_| Other::plays(part, place)).collect();
    for kill in 0..kills {
        let allowed = total * (kill as u64 + 1) / (kills as u64 + 1);
        workers.iter_mut().for_each(|worker| worker.tell(&allowed.to_string()));
        std::thread::sleep(Duration::from_millis(50 + random.below(300)));
        disturb();
        let victim = usize::try_from(random.below(WORKERS as u64)).unwrap();
        workers.remove(victim).kill();
        workers.push(Other::plays(part, place));
    }
    let since = Instant::now();
    workers.iter_mut().for_each(|worker| worker.tell(&total.to_string()));
    for worker in &mut workers {
        while worker.heard().expect("a worker has ended before it was done") != "done" {
            assert!(since.elapsed() < Duration::from_secs(300), "the transfers take too long");
        }
    }
}

/// The numbers of a seed, one after the other.
#[derive(Clone, Copy, Debug)]
struct Random {
    seed: u64,
    drawn: u64,
}

impl Random {
    fn by_time() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Self { seed: u64::from(now.subsec_nanos()), drawn: 0 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.drawn += 1;
        random(self.seed, self.drawn - 1) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn books() -> Books {
        let mut books =
            Books { balances: (0..ACCOUNTS).map(|account| (account, OPENING)).collect(), ..Books::default() };
        for run in 0..RUNS {
            for number in 0..TRANSFERS {
                let Transfer { first, second, amount } = transfer(run, number);
                assert!(first < second && second < ACCOUNTS);
                *books.balances.get_mut(&first).unwrap() += amount;
                *books.balances.get_mut(&second).unwrap() -= amount;
                books.ledger.push((run, number, amount));
            }
        }
        books
    }

    #[test]
    fn right_books_are_right() {
        books().check();
    }

    #[test]
    #[should_panic(expected = "must be there once")]
    fn a_transfer_that_was_made_twice_is_found() {
        let mut books = books();
        books.ledger.push(books.ledger[7]);
        books.check();
    }

    #[test]
    #[should_panic(expected = "the sum has changed")]
    fn half_a_transfer_is_found() {
        let mut books = books();
        *books.balances.get_mut(&3).unwrap() += 1;
        books.check();
    }
}
