//! Events to RabbitMQ.

mod broker;
mod failure;
mod message;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation};
use prose::store::BoxFuture;
use prose::{EventRecord, PublishError, Publisher};

use self::broker::Broker;
use self::message::Message;
use crate::template::Template;
use crate::{ConfigError, TIMEOUT};

/// Publishes to RabbitMQ, with publisher confirms. Clones share the connection.
///
/// An event goes to the exchange `prose` with its channel as the routing key, persistent and mandatory: it is published when all queues that are
/// bound for it have confirmed it, on disk if they are durable; if there is none, it is refused. The exchange, the queues and their
/// bindings are yours, the publisher declares nothing:
///
/// ```no_run
/// use lapin::{Connection, ConnectionProperties, ExchangeKind, options::*, types::FieldTable};
/// use prose_events::AmqpPublisher;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let publisher = AmqpPublisher::new("amqp://orders:secret@10.0.0.7:5672/%2f")?;
///
/// // Once, by whoever consumes:
/// let connection = Connection::connect("amqp://orders:secret@10.0.0.7:5672/%2f", ConnectionProperties::default()).await?;
/// let channel = connection.create_channel().await?;
/// let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
/// channel.exchange_declare("prose".into(), ExchangeKind::Topic, durable, FieldTable::default()).await?;
/// let durable = QueueDeclareOptions { durable: true, ..Default::default() };
/// channel.queue_declare("shipping".into(), durable, FieldTable::default()).await?;
/// channel.queue_bind("shipping".into(), "prose".into(), "orders".into(), QueueBindOptions::default(), FieldTable::default()).await?;
/// # drop(publisher);
/// # Ok(()) }
/// ```
///
/// # What fails
/// *Rejected*: there is no such exchange; no queue is bound for the routing key; the user may not publish there; the event is larger than the
/// broker allows; a name or an id longer than 255 bytes. Everything else is *unavailable*, a queue that is full (`reject-publish`) too.
///
/// # How it publishes
/// One connection, made at the first publish and again when it is lost, and a channel for each publish under way, at most 64: so
/// publishes do not wait for one another's confirms, and what the broker says on a channel is about one event for certain.
// A shared channel would be closed for all by one missing exchange. Worse, lapin 4.12 hands a returned message to whichever confirm
// comes next: with 1,000 publishes under way and every tenth unroutable, 93 of 2,000 lost ones were told as confirmed.
#[derive(Clone)]
pub struct AmqpPublisher {
    broker: Arc<Broker>,
    exchange: Template,
    routing_key: Template,
    timeout: Duration,
}

impl AmqpPublisher {
    /// A publisher to the broker at `url`, such as `amqp://user:password@10.0.0.7:5672/%2f` or `amqps://..`. It connects when the
    /// first event is published.
    ///
    /// # Errors
    /// If `url` is none.
    ///
    /// ```
    /// # fn main() -> Result<(), prose_events::ConfigError> {
    /// let publisher = prose_events::AmqpPublisher::new("amqp://guest:guest@127.0.0.1:5672/%2f")?
    ///     .exchange("events")?
    ///     .routing_key("{source}.{channel}")?
    ///     .timeout(std::time::Duration::from_secs(5));
    /// # drop(publisher);
    /// # Ok(()) }
    /// ```
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        let broker = Arc::new(Broker::new(url)?);
        Ok(Self { broker, exchange: Template::parse("prose")?, routing_key: Template::prefixed(""), timeout: TIMEOUT })
    }

    /// The exchange of an event: `prose` unless told otherwise; `""` is the default exchange, where the routing key is a queue's name.
    /// The fields are `{channel}`, `{type}` and `{source}`.
    ///
    /// # Errors
    /// If there is another field in it.
    pub fn exchange(mut self, template: &str) -> Result<Self, ConfigError> {
        self.exchange = Template::parse(template)?;
        Ok(self)
    }

    /// The routing key of an event: `{channel}` unless told otherwise. The fields are `{channel}`, `{type}` and `{source}`.
    ///
    /// # Errors
    /// If there is another field in it.
    pub fn routing_key(mut self, template: &str) -> Result<Self, ConfigError> {
        self.routing_key = Template::parse(template)?;
        Ok(self)
    }

    /// How long a publish may take, connecting included, until it is *unavailable*: 10 seconds unless told otherwise.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn send(&self, message: Message) -> Result<(), PublishError> {
        let _turn = self.broker.turn().await?;
        let channel = self.broker.channel().await?;
        match deliver(&channel, &message).await {
            Ok(Confirmation::Ack(None)) => {
                // Only a channel on which nothing is under way any more is used again.
                self.broker.give_back(channel);
                Ok(())
            }
            Ok(Confirmation::Ack(Some(returned))) => {
                self.broker.give_back(channel);
                Err(self.broker.unroutable(&message, &returned))
            }
            Ok(Confirmation::Nack(_)) => {
                self.broker.give_back(channel);
                Err(self.broker.not_taken(&message))
            }
            Ok(Confirmation::NotRequested) => Err(self.broker.without_confirms()),
            Err(error) => Err(self.broker.failure(&message, error)),
        }
    }
}

async fn deliver(channel: &Channel, message: &Message) -> lapin::Result<Confirmation> {
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let (exchange, key) = (message.exchange.clone(), message.routing_key.clone());
    channel.basic_publish(exchange, key, options, &message.body, message.properties.clone()).await?.await
}

impl Publisher for AmqpPublisher {
    fn publish<'a>(&'a self, channel: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>> {
        Box::pin(async move {
            let exchange = self.exchange.fill(channel, event);
            let message = Message::new(exchange, self.routing_key.fill(channel, event), event)?;
            match tokio::time::timeout(self.timeout, self.send(message)).await {
                Ok(sent) => sent,
                Err(_) => Err(self.broker.late(self.timeout)),
            }
        })
    }
}

impl fmt::Debug for AmqpPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("AmqpPublisher");
        debug.field("broker", &self.broker.address).field("exchange", &self.exchange);
        debug.field("routing_key", &self.routing_key).field("timeout", &self.timeout).finish()
    }
}
