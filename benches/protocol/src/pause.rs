//! The pause in front of each run of row `f`.

use std::time::Duration;

/// So long nothing is asked of the engine before the run of this number: 5 to 49 ms. It becomes idle, and one that polls is met at all phases
/// of its interval.
pub fn pause(number: usize) -> Duration {
    Duration::from_millis(5 + (number as u64 * 37) % 45)
}

#[cfg(test)]
mod tests {
    #[test]
    fn pauses_have_all_lengths() {
        let mut all: Vec<_> = (0..45).map(|number| super::pause(number).as_millis()).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(5..50));
    }
}
