//! The second process's work: messages from the stream, applied, then acknowledged.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::jetstream::{Message, consumer::PullConsumer};
use clap::Args;
use futures_util::StreamExt;
use prose::{CancellationToken, EventRecord};

use crate::projection::Projection;
use crate::stream::Stream;
use crate::{Failure, output};

/// How many messages are asked for, and acknowledged, at a time.
const AT_ONCE: usize = 16;

/// How long to wait for so many.
const PATIENCE: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(crate) struct Consume {
    /// The folder of the consumer's file.
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// The stream's name.
    #[arg(long, value_name = "NAME")]
    stream: String,
    /// Stand still behind the commit of so many deliveries, before the acknowledgement: the worst moment to be killed.
    #[arg(long, value_name = "N")]
    stop_behind: Option<u64>,
}

impl Consume {
    /// Consumes until stdin ends, and says of each delivery on stdout what it was, once that is committed.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let projection = Projection::open(&self.folder).await?;
        let consumer = Stream::of(&self.stream).await?.consumer().await?;
        let (mut handled, end) = (0, end_of_stdin());
        while !end.is_cancelled() {
            let mut unacknowledged = Vec::new();
            let mut messages = some(&consumer).await?;
            while let Some(message) = messages.next().await {
                let message = message?;
                say(&projection, &message).await?;
                unacknowledged.push(message);
                handled += 1;
                if self.stop_behind == Some(handled) {
                    end.cancelled().await;
                }
            }
            for message in unacknowledged {
                message.ack().await?;
            }
        }
        Ok(())
    }
}

async fn some(consumer: &PullConsumer) -> Result<async_nats::jetstream::consumer::pull::Batch, Failure> {
    Ok(consumer.batch().max_messages(AT_ONCE).expires(PATIENCE).messages().await?)
}

async fn say(projection: &Projection, message: &Message) -> Result<(), Failure> {
    let event: EventRecord = serde_json::from_slice(&message.payload)?;
    let delivery = projection.apply(&event).await?;
    output::line(if delivery.is_first() { "first" } else { "repeated" })?;
    Ok(())
}

/// Cancelled when stdin ends: by the process that started this one, also if that is killed.
fn end_of_stdin() -> CancellationToken {
    let token = CancellationToken::new();
    let told = token.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        told.cancel();
    });
    token
}
