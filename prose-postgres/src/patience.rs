//! How long a lost server is waited for: pauses that grow, up to a bound.

use std::future::Future;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::error::is_transient;

/// A restart of the server takes seconds; who waits for a minute waits for more than that.
const PATIENCE: Duration = Duration::from_secs(60);

/// The pauses between attempts at one thing.
#[derive(Debug)]
pub(crate) struct Patience {
    until: Instant,
    pauses: ExponentialBackoff,
}

impl Patience {
    pub(crate) fn new() -> Self {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(5))
            .with_max_delay(Duration::from_secs(1))
            .without_max_times()
            .with_jitter()
            .build();
        Self { until: Instant::now() + PATIENCE, pauses }
    }

    /// Pauses before another attempt; `false` if there is to be none: the error will not pass, or has lasted too long.
    pub(crate) async fn again(&mut self, error: &sqlx::Error) -> bool {
        if !is_transient(error) || Instant::now() >= self.until {
            return false;
        }
        let Some(pause) = self.pauses.next() else { return false };
        tokio::time::sleep(pause).await;
        true
    }
}

/// What came of something that was tried until it was answered.
#[derive(Debug)]
pub(crate) struct Answered<T> {
    pub(crate) value: T,
    /// An attempt before may have been done as well, and its answer was lost.
    pub(crate) resent: bool,
}

/// Tries until the server answers, or has been gone for too long.
pub(crate) async fn answered<T, F>(attempt: impl Fn() -> F) -> Result<Answered<T>, sqlx::Error>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let Answered { value, resent } = tried(attempt).await;
    value.map(|value| Answered { value, resent })
}

/// The same, where it counts how an attempt that fails came about.
pub(crate) async fn tried<T, F>(attempt: impl Fn() -> F) -> Answered<Result<T, sqlx::Error>>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let mut patience = Patience::new();
    let mut resent = false;
    loop {
        match attempt().await {
            Err(error) if patience.again(&error).await => resent = true,
            value => return Answered { value, resent },
        }
    }
}
