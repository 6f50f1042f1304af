//! Publishers for [prose]: NATS JetStream and RabbitMQ.
//!
//! - [`NatsPublisher`] (feature `nats`, on by default) publishes to JetStream.
//! - [`AmqpPublisher`] (feature `amqp`, on by default) publishes to RabbitMQ, and to what else speaks AMQP 0.9.1 with publisher
//!   confirms.
//!
//! Who needs one of them only: `prose-events = { version = "..", default-features = false, features = ["nats"] }`.
//!
//! # What a consumer sees
//! The body is the event as [CloudEvents 1.0](https://cloudevents.io) JSON (content type `application/cloudevents+json`), which
//! [`EventRecord`](prose::EventRecord) reads:
//! ```json
//! {"specversion":"1.0","id":"ord_1:order_confirmed","source":"process-order","subject":"ord_1","type":"order.confirmed",
//!  "time":"2026-02-28T10:00:00.123Z","datacontenttype":"application/json","correlationid":"web-17","data":{"order_id":"ord_1"}}
//! ```
//!
//! | | NATS | RabbitMQ |
//! |---|---|---|
//! | channel `orders` goes to | subject `prose.orders` | exchange `prose`, routing key `orders` |
//! | id | header `Nats-Msg-Id` | property `message_id` |
//! | kind, correlation | in the body | properties `type`, `correlation_id`; and in the body |
//! | confirmed when | the stream has stored it (synced to disk only with the server's `sync_interval: always`, or in replicas) | the queues have it, on disk if they are durable |
//! | who creates stream, exchange, queue | you | you |
//!
//! # At least once
//! An event is published again with the same id when it is not known to have arrived: a confirmation was lost, a process died
//! before it wrote the confirmation down. So **consumers deduplicate by the id**, most simply
//! with `prose_sqlite::SqliteInbox` or `prose_postgres::PostgresInbox`. JetStream does it for them, but only within the stream's
//! duplicate window (`duplicate_window`, two minutes by default): a repeat that comes later, because a machine was down for an
//! hour, is stored again. RabbitMQ does not deduplicate.
//!
//! # What fails
//! Both tell *rejected* from *unavailable* ([`PublishError`](prose::PublishError)): no stream, exchange or queue for an event, an event too large or a name
//! that cannot be one are rejected; a broker that is down, cut off or slow is unavailable. Both reconnect by themselves, and no
//! publish waits longer than the time-out (10 seconds unless told otherwise).

#[cfg(feature = "amqp")]
mod amqp;
mod config;
#[cfg(feature = "nats")]
mod nats;
#[cfg(any(feature = "amqp", feature = "nats"))]
mod template;

#[cfg(feature = "amqp")]
pub use self::amqp::AmqpPublisher;
pub use self::config::ConfigError;
#[cfg(feature = "nats")]
pub use self::nats::NatsPublisher;

/// How long a publish may take, unless told otherwise.
#[cfg(any(feature = "amqp", feature = "nats"))]
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// The content type of an event as one JSON document.
#[cfg(any(feature = "amqp", feature = "nats"))]
const CONTENT_TYPE: &str = "application/cloudevents+json";
