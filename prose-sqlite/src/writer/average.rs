//! How long something takes lately.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A moving average, in microseconds.
#[derive(Debug)]
pub(super) struct Average(AtomicU64);

impl Average {
    pub(super) fn of(took: Duration) -> Self {
        Self(AtomicU64::new(Self::micros(took)))
    }

    pub(super) fn note(&self, took: Duration) {
        let before = self.0.load(Ordering::Relaxed);
        self.0.store((before * 7 + Self::micros(took)) / 8, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(super) fn set(&self, took: Duration) {
        self.0.store(Self::micros(took), Ordering::Relaxed);
    }

    pub(super) fn is_below(&self, limit: Duration) -> bool {
        self.get() < limit
    }

    pub(super) fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    /// Eight of them can be added up.
    fn micros(took: Duration) -> u64 {
        u64::try_from(took.as_micros()).unwrap_or(u64::MAX).min(u64::MAX / 16)
    }
}
