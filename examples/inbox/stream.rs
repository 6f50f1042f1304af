//! What is asked of NATS: a stream of this example's own, its publisher and its consumer.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::{self, Context, stream::Config};
use prose_events::NatsPublisher;

use crate::Failure;

const CONSUMER: &str = "billing";

/// After this long, what was delivered and not acknowledged is delivered again. In earnest it is longer than any transaction takes: 30
/// seconds, unless told otherwise.
const ACK_WAIT: Duration = Duration::from_secs(1);

/// A stream on a server.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    jetstream: Context,
    name: String,
}

/// How far the stream and its consumer are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) published: u64,
    /// Not yet delivered, or not yet acknowledged.
    pub(crate) open: u64,
}

impl Stream {
    /// The stream of this name; it need not be there yet.
    pub(crate) async fn of(name: &str) -> Result<Self, Failure> {
        let url = url();
        let client = async_nats::connect(&url).await.map_err(|error| no_server(&url, &error))?;
        Ok(Self { jetstream: jetstream::new(client), name: name.to_owned() })
    }

    /// Creates it, empty. What it holds is forgotten by the server after an hour, if nobody deletes it before.
    pub(crate) async fn create(&self) -> Result<(), Failure> {
        let config = Config {
            name: self.name.clone(),
            subjects: vec![format!("{}.>", self.name)],
            max_age: Duration::from_secs(3600),
            ..Config::default()
        };
        let created = self.jetstream.create_stream(config).await;
        created.map_err(|error| no_server(&url(), &error))?;
        Ok(())
    }

    pub(crate) async fn delete(&self) -> Result<(), Failure> {
        self.jetstream.delete_stream(&self.name).await?;
        Ok(())
    }

    /// What publishes the events of flows to this stream.
    pub(crate) async fn publisher(&self) -> Result<NatsPublisher, Failure> {
        Ok(NatsPublisher::connect(&url()).await?.subject(&format!("{}.{{channel}}", self.name))?)
    }

    /// The durable consumer: the server knows what it has acknowledged, whichever process asks.
    pub(crate) async fn consumer(&self) -> Result<PullConsumer, Failure> {
        let config = pull::Config {
            durable_name: Some(CONSUMER.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            ..pull::Config::default()
        };
        let stream = self.jetstream.get_stream(&self.name).await?;
        Ok(stream.get_or_create_consumer(CONSUMER, config).await?)
    }

    pub(crate) async fn progress(&self) -> Result<Progress, Failure> {
        let published = self.jetstream.get_stream(&self.name).await?.info().await?.state.messages;
        let mut consumer = self.consumer().await?;
        let consumer = consumer.info().await?;
        Ok(Progress { published, open: consumer.num_pending + consumer.num_ack_pending as u64 })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

fn url() -> String {
    std::env::var("PROSE_TEST_NATS").unwrap_or_else(|_| "nats://127.0.0.1:4222".to_owned())
}

fn no_server(url: &str, error: &dyn std::error::Error) -> Failure {
    let server = url.rsplit('@').next().unwrap_or_default();
    format!(
        "no NATS with JetStream answers at {server} ({error}): start one with `nats-server -js`, or set PROSE_TEST_NATS to the URL of one \
         that runs"
    )
    .into()
}
