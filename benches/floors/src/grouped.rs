//! Group commit: a thread that writes all that waits, syncs once, and answers all; or serves one after the other.

use std::sync::mpsc;

use tokio::sync::oneshot;

use crate::Result;
use crate::record::Record;

/// Enough for all callers of the benchmark.
const MOST: usize = 4_096;

struct Waiting {
    record: Record,
    done: oneshot::Sender<()>,
}

/// A handle of the thread, which ends with the last of them.
#[derive(Clone)]
pub(crate) struct Group(mpsc::Sender<Waiting>);

impl Group {
    /// Starts a thread that writes batches by this, each of them durable when it returns.
    pub(crate) fn start(write: impl FnMut(&[Record]) -> Result<()> + Send + 'static) -> Self {
        Self::of_batches(MOST, write)
    }

    /// The same, for what cannot be done together: whoever waits is served one after the other.
    pub(crate) fn one_by_one(mut write: impl FnMut(&Record) -> Result<()> + Send + 'static) -> Self {
        Self::of_batches(1, move |records| records.iter().try_for_each(&mut write))
    }

    fn of_batches(most: usize, mut write: impl FnMut(&[Record]) -> Result<()> + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel::<Waiting>();
        std::thread::spawn(move || {
            while let Ok(first) = receiver.recv() {
                let batch = std::iter::once(first).chain(receiver.try_iter().take(most - 1));
                let (records, replies): (Vec<_>, Vec<_>) = batch.map(|it| (it.record, it.done)).unzip();
                if let Err(error) = write(&records) {
                    // The callers are told by their replies being dropped.
                    return eprintln!("{error}");
                }
                replies.into_iter().for_each(answer);
            }
        });
        Self(sender)
    }

    /// Returns when the record is durable.
    pub(crate) async fn write(&self, record: Record) -> Result<()> {
        let (done, answer) = oneshot::channel();
        self.0.send(Waiting { record, done }).map_err(|_| "the writer has ended")?;
        Ok(answer.await?)
    }
}

/// Tells a caller that its record is durable; it may have gone.
pub(crate) fn answer(done: oneshot::Sender<()>) {
    let _nobody_waits_any_more = done.send(());
}
