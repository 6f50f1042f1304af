//! Many runs at once.

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{Failure, Outcome};

/// Does so many runs, so many of them at once, each in a task of its own.
///
/// # Errors
///
/// The first run's that fails.
pub async fn at_once<F>(runs: usize, concurrency: usize, run: impl Fn(usize) -> F) -> Outcome
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let tasks = (0..runs).map(|number| {
        let running = run(number);
        async move { tokio::spawn(running).await.map_err(Failure::from)? }
    });
    stream::iter(tasks).buffer_unordered(concurrency).try_collect().await
}
