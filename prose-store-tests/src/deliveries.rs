//! Deliveries as a broker makes them that delivers at least once: each event several times, in any order, to many consumers at once. For
//! tests of inboxes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;

/// The numbers of `events` events, each of them `times` times, in a random order that belongs to the `seed`.
///
/// ```
/// let deliveries = prose_store_tests::deliveries::shuffled(100, 3, 7);
/// assert_eq!(deliveries.iter().filter(|event| **event == 42).count(), 3);
/// assert_ne!(deliveries, prose_store_tests::deliveries::shuffled(100, 3, 8));
/// ```
pub fn shuffled(events: usize, times: usize, seed: u64) -> Vec<usize> {
    let mut deliveries: Vec<usize> = (0..events * times).map(|n| n % events).collect();
    for last in (1..deliveries.len()).rev() {
        let place = random(seed, last as u64) % (last as u64 + 1);
        deliveries.swap(last, usize::try_from(place).unwrap_or_default());
    }
    deliveries
}

/// The `n`th number of a seed (SplitMix64's finish).
pub fn random(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add((n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A seed that is another one in each process; `PROSE_SEED` if that is set.
pub fn seed() -> u64 {
    let given = std::env::var("PROSE_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| random(u64::from(std::process::id()), 0))
}

/// Hands all deliveries to so many consumers, each of which takes the next one when it is done with one. For how many of them `deliver`
/// said that it was the first delivery of its event.
pub async fn deliver_all<F>(
    deliveries: Vec<usize>,
    consumers: usize,
    deliver: impl Fn(usize) -> F + Clone + Send + 'static,
) -> usize
where
    F: Future<Output = bool> + Send,
{
    let (deliveries, next) = (Arc::new(deliveries), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for _ in 0..consumers {
        let (deliveries, next, deliver) = (Arc::clone(&deliveries), Arc::clone(&next), deliver.clone());
        tasks.spawn(async move {
            let mut first = 0;
            while let Some(event) = deliveries.get(next.fetch_add(1, Ordering::Relaxed)) {
                first += usize::from(deliver(*event).await);
            }
            first
        });
    }
    tasks.join_all().await.into_iter().sum()
}
