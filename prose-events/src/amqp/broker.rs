//! The connection to the broker, made when it is needed, and the channels on it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use lapin::options::ConfirmSelectOptions;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use prose::PublishError;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::ConfigError;

/// How many publishes may be under way at once. RabbitMQ allows 2,047 channels a connection, and each costs it a few processes.
const CHANNELS: usize = 64;
/// Seconds; unless the URL says otherwise. A peer that is gone without a word is given up after two of them.
const HEARTBEAT: u16 = 10;

pub(super) struct Broker {
    uri: AMQPUri,
    /// Host, port and virtual host, for messages; no user and no password.
    pub(super) address: String,
    connection: tokio::sync::Mutex<Option<Arc<Connection>>>,
    idle: Mutex<Vec<Channel>>,
    turns: Semaphore,
    /// Why the last attempt to connect has failed, until one succeeds.
    pub(super) last_failure: Mutex<Option<String>>,
}

impl Broker {
    pub(super) fn new(url: &str) -> Result<Self, ConfigError> {
        let mut uri: AMQPUri = url.parse().map_err(|error| {
            // Not the URL itself, which may hold a password.
            ConfigError::new(format!(
                "this is not the URL of an AMQP broker, such as amqp://user:password@10.0.0.7:5672/%2f: {error}"
            ))
        })?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let address = format!("{}:{}, virtual host `{}`", uri.authority.host, uri.authority.port, uri.vhost);
        let (connection, idle, last_failure) = Default::default();
        Ok(Self { uri, address, connection, idle, turns: Semaphore::new(CHANNELS), last_failure })
    }

    /// One of the publishes under way.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, PublishError> {
        self.turns.acquire().await.map_err(|error| PublishError::with_source("the publisher is closed", error))
    }

    /// A channel for one publish alone. Waits, without an end of its own, for the broker to be there.
    pub(super) async fn channel(&self) -> Result<Channel, PublishError> {
        while let Some(channel) = lock(&self.idle).pop() {
            if channel.status().connected() {
                return Ok(channel);
            }
        }
        let open = async || {
            let channel = self.connected().await.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(channel)
        };
        open().await.map_err(|error: lapin::Error| {
            PublishError::with_source(
                format!("the broker at {} opens no channel: {error}; the event is published again", self.address),
                error,
            )
        })
    }

    /// Takes a channel back on which nothing is under way.
    pub(super) fn give_back(&self, channel: Channel) {
        lock(&self.idle).push(channel);
    }

    /// The connection. Whoever finds it lost makes it again, and the others wait for that.
    async fn connected(&self) -> Arc<Connection> {
        let mut connection = self.connection.lock().await;
        match &*connection {
            Some(connection) if connection.status().connected() => connection.clone(),
            _ => {
                lock(&self.idle).clear();
                connection.insert(Arc::new(self.connect().await)).clone()
            }
        }
    }

    async fn connect(&self) -> Connection {
        let connect = || {
            let properties = ConnectionProperties::default().with_connection_name("prose".into());
            Connection::connect_uri(self.uri.clone(), properties)
        };
        let pauses = || {
            ExponentialBuilder::new()
                .with_min_delay(Duration::from_millis(100))
                .with_max_delay(Duration::from_secs(5))
                .with_jitter()
        };
        loop {
            let note = |error: &lapin::Error, _| *lock(&self.last_failure) = Some(error.to_string());
            if let Ok(connection) = connect.retry(pauses().without_max_times()).notify(note).await {
                *lock(&self.last_failure) = None;
                return connection;
            }
        }
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("address", &self.address).finish_non_exhaustive()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
