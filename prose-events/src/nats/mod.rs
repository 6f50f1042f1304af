//! Events to NATS JetStream.

mod failure;
mod subject;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::header::{HeaderMap, HeaderValue, NATS_MESSAGE_ID};
use async_nats::jetstream::context::{Context, ContextBuilder};
use async_nats::{Client, ConnectOptions};
use prose::store::BoxFuture;
use prose::{EventRecord, PublishError, Publisher};

use crate::template::Template;
use crate::{CONTENT_TYPE, ConfigError, TIMEOUT};

/// Publishes to a stream of NATS JetStream. Clones share the connection.
///
/// An event goes to the subject `prose.{channel}`, and is published when the stream has acknowledged it. The stream is yours: its
/// subjects (`prose.>`, say), how long it keeps what, its replicas, and its duplicate window, within which it drops repeats by the
/// event's id (header `Nats-Msg-Id`).
///
/// That id is `{run_id}:{step}`, unique for one service. Two services that could use the same run ids need a stream each; and a
/// run that is deleted and made again under its old id within the duplicate window publishes events that the stream takes for repeats.
///
/// ```no_run
/// use async_nats::jetstream;
/// use prose_events::NatsPublisher;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let publisher = NatsPublisher::connect("nats://10.0.0.7:4222").await?;
///
/// // Once, by whoever runs the server:
/// let jetstream = jetstream::new(async_nats::connect("nats://10.0.0.7:4222").await?);
/// jetstream
///     .get_or_create_stream(jetstream::stream::Config {
///         name: "PROSE".to_owned(),
///         subjects: vec!["prose.>".to_owned()],
///         duplicate_window: std::time::Duration::from_secs(3600),
///         ..Default::default()
///     })
///     .await?;
/// # drop(publisher);
/// # Ok(()) }
/// ```
///
/// # What fails
/// *Rejected*: no stream takes the subject; the event is larger than the server (`max_payload`) or the stream
/// (`max_msg_size`) allows; the stream is sealed; a channel that cannot be a subject. Everything else is *unavailable*, a full stream too. What was
/// handed to the client while the server was away is sent once it is back, even if the publish has timed out by then: the
/// repeat is dropped by its id.
#[derive(Clone)]
pub struct NatsPublisher {
    context: Context,
    client: Client,
    /// Without user and password, for messages.
    server: Arc<str>,
    subject: Template,
    timeout: Duration,
}

impl NatsPublisher {
    /// A publisher to the server at `url`, such as `nats://user:password@10.0.0.7:4222` or `tls://..`.
    ///
    /// Returns at once, also when nothing answers there: it connects in the background, and again whenever the connection is
    /// lost, for ever. For credentials, certificates and clusters, set up a client of your own: [`from_client`](Self::from_client).
    ///
    /// # Errors
    /// If `url` is none.
    pub async fn connect(url: &str) -> Result<Self, ConfigError> {
        let options = ConnectOptions::new().name("prose").retry_on_initial_connect();
        let server = without_user(url);
        match options.connect(url).await {
            Ok(client) => Ok(Self::new(client, server)),
            Err(error) => Err(ConfigError::with_source(
                format!("`{server}` is not the URL of a NATS server, such as nats://10.0.0.7:4222: {error}"),
                error,
            )),
        }
    }

    /// A publisher on a client of your own. Let it retry its first connection and never give up reconnecting, else nor does
    /// the publisher connect.
    ///
    /// ```no_run
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let options = async_nats::ConnectOptions::with_credentials_file("orders.creds").await?;
    /// let client = options.retry_on_initial_connect().connect("tls://nats.example.com").await?;
    /// let publisher = prose_events::NatsPublisher::from_client(client);
    /// # drop(publisher);
    /// # Ok(()) }
    /// ```
    pub fn from_client(client: Client) -> Self {
        let info = client.server_info();
        let server = if info.host.is_empty() { "NATS".to_owned() } else { format!("{}:{}", info.host, info.port) };
        Self::new(client, server)
    }

    fn new(client: Client, server: String) -> Self {
        let context = ContextBuilder::new().ack_timeout(TIMEOUT).build(client.clone());
        Self { context, client, server: server.into(), subject: subject::default(), timeout: TIMEOUT }.timeout(TIMEOUT)
    }

    /// The subject of an event: `prose.{channel}` unless told otherwise. The fields are `{channel}`, `{type}` and `{source}`.
    ///
    /// # Errors
    /// If there is another field in it.
    pub fn subject(mut self, template: &str) -> Result<Self, ConfigError> {
        self.subject = Template::parse(template)?;
        Ok(self)
    }

    /// How long a publish may take until it is *unavailable*: 10 seconds unless told otherwise.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        // Leaves time to ask the server why a stream has not answered.
        self.context.set_timeout(timeout.mul_f32(0.75));
        self
    }

    async fn send(&self, subject: &str, event: &EventRecord) -> Result<(), PublishError> {
        let body = serde_json::to_vec(event).map_err(|error| {
            PublishError::rejected(format!("event `{}` cannot be written as JSON: {error}", event.id))
        })?;
        let sent = self.context.publish_with_headers(subject.to_owned(), headers(event)?, body.into()).await;
        let acknowledged = match sent {
            Ok(acknowledgement) => acknowledgement.await,
            Err(error) => Err(error),
        };
        match acknowledged {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failure(subject, event, error).await),
        }
    }
}

impl Publisher for NatsPublisher {
    fn publish<'a>(&'a self, channel: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>> {
        Box::pin(async move {
            let subject = self.subject.fill(channel, event);
            subject::check(&subject, channel)?;
            match tokio::time::timeout(self.timeout, self.send(&subject, event)).await {
                Ok(sent) => sent,
                Err(_) => Err(self.late()),
            }
        })
    }
}

impl fmt::Debug for NatsPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("NatsPublisher");
        debug.field("server", &self.server).field("subject", &self.subject).field("timeout", &self.timeout);
        debug.finish_non_exhaustive()
    }
}

fn headers(event: &EventRecord) -> Result<HeaderMap, PublishError> {
    let id: HeaderValue = event.id.parse().map_err(|error| {
        PublishError::rejected(format!(
            "the event id {:?} cannot be a NATS header: {error}; choose run ids without line breaks",
            event.id
        ))
    })?;
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, id);
    headers.insert("Content-Type", CONTENT_TYPE);
    Ok(headers)
}

/// A URL as it may stand in a message.
fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
    format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or_default())
}
