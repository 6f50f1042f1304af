//! Percentiles of many times.

use std::time::Duration;

/// Times, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Percentiles {
    nanos: Vec<u64>,
}

impl Percentiles {
    /// One more.
    pub fn push(&mut self, took: Duration) {
        self.nanos.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nanos.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nanos.is_empty()
    }

    /// The time that this percentage of all did not exceed, in microseconds; 0 where there are none.
    pub fn micros(&mut self, percent: f64) -> f64 {
        self.nanos.sort_unstable();
        let last = self.nanos.len().saturating_sub(1);
        let place = (percent / 100.0 * last as f64).round() as usize;
        self.nanos.get(place).map_or(0.0, |nanos| *nanos as f64 / 1e3)
    }
}

impl FromIterator<u64> for Percentiles {
    fn from_iter<I: IntoIterator<Item = u64>>(nanos: I) -> Self {
        Self { nanos: nanos.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_a_hundred_and_one_is_the_one_in_the_middle() {
        let mut all: Percentiles = (0..=100).rev().map(|micros| micros * 1_000).collect();
        assert_eq!((all.micros(50.0), all.micros(99.0), all.micros(100.0)), (50.0, 99.0, 100.0));
        assert_eq!(Percentiles::default().micros(50.0), 0.0);
    }
}
