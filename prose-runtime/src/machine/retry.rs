//! When a failed attempt is followed by another, and after what pause. Pure.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::flow::RetryMeta;

/// The pause behind the `failures`th failure; `None` if that was the last attempt.
pub(crate) fn delay(retry: &RetryMeta, failures: u32) -> Option<Duration> {
    let pauses = retry.max_attempts.saturating_sub(1) as usize;
    let mut builder = ExponentialBuilder::new()
        .with_min_delay(retry.delay)
        .with_factor(retry.backoff)
        .with_max_times(pauses)
        .without_max_delay();
    if let Some(max) = retry.max_delay {
        builder = builder.with_max_delay(max);
    }
    if retry.jitter {
        builder = builder.with_jitter();
    }
    let nth = failures.saturating_sub(1) as usize;
    builder.build().nth(nth)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(max_attempts: u32) -> RetryMeta {
        RetryMeta { max_attempts, delay: Duration::from_millis(500), backoff: 2.0, max_delay: None, jitter: false }
    }

    #[test]
    fn three_attempts_have_two_pauses_each_twice_the_one_before() {
        let delays: Vec<_> = (1..=3).map(|failures| delay(&retry(3), failures)).collect();
        assert_eq!(delays, [Some(Duration::from_millis(500)), Some(Duration::from_secs(1)), None]);
    }

    #[test]
    fn one_attempt_is_never_retried() {
        assert_eq!(delay(&retry(1), 1), None);
    }

    #[test]
    fn no_pause_is_longer_than_max_delay() {
        let capped = RetryMeta { max_delay: Some(Duration::from_millis(700)), ..retry(5) };
        assert_eq!(delay(&capped, 3), Some(Duration::from_millis(700)));
    }

    #[test]
    fn jitter_adds_up_to_the_pause_itself() {
        let jittered = RetryMeta { jitter: true, ..retry(2) };
        for _ in 0..100 {
            let pause = delay(&jittered, 1).expect("a pause");
            assert!((500..=1000).contains(&pause.as_millis()), "{pause:?}");
        }
    }

    #[test]
    fn a_backoff_below_one_is_taken_as_it_is() {
        let shrinking = RetryMeta { backoff: 0.5, ..retry(3) };
        assert!(delay(&shrinking, 2).is_some());
    }
}
