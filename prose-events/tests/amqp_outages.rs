//! A RabbitMQ that is down, comes late, is killed and started again.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use common::{assert_none_lost, assert_unavailable, event, publish_through_outages, publish_until_confirmed};
use lapin::options::{BasicGetOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use prose::Publisher;
use prose_events::AmqpPublisher;
use prose_test_servers::{PrivateServer, private_rabbitmq, rabbitmq};

async fn channel(server: &PrivateServer) -> (Connection, Channel) {
    let connection = Connection::connect(server.url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

/// RabbitMQ writes down a new queue a while after it has said that it is there: killed before, it has lost the queue, with all that was
/// confirmed to be in it. A queue that has seen an orderly restart stays.
async fn create_queue(server: &PrivateServer) {
    let (_connection, channel) = channel(server).await;
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare("orders".into(), durable, FieldTable::default()).await.unwrap();
    server.stop();
    server.start();
}

async fn take_ids(server: &PrivateServer) -> HashSet<String> {
    let (_connection, channel) = channel(server).await;
    let mut ids = HashSet::new();
    while let Some(message) = channel.basic_get("orders".into(), BasicGetOptions { no_ack: true }).await.unwrap() {
        ids.insert(message.delivery.properties.message_id().clone().unwrap().to_string());
    }
    ids
}

fn publisher(server: &PrivateServer) -> AmqpPublisher {
    AmqpPublisher::new(server.url()).unwrap().exchange("").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_connects_late_and_reconnects_after_stop_and_kill() {
    let Some(server) = private_rabbitmq() else { return };
    create_queue(&server).await;
    server.stop();

    let begun = Instant::now();
    let publisher = publisher(&server);
    let hasty = publisher.clone().timeout(Duration::from_millis(500));
    assert_unavailable(hasty.publish("orders", &event("none")).await, &["cannot be reached", "is it running"]);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());

    server.start();
    publish_until_confirmed(&publisher, "orders", &event("a")).await;
    server.stop();
    server.start();
    publish_until_confirmed(&publisher, "orders", &event("b")).await;
    server.kill();
    server.start();
    publish_until_confirmed(&publisher, "orders", &event("c")).await;
    assert_eq!(take_ids(&server).await, HashSet::from(["a", "b", "c"].map(str::to_owned)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_confirmed_is_lost_when_the_broker_is_killed_meanwhile() {
    let Some(server) = private_rabbitmq() else { return };
    create_queue(&server).await;
    let publisher = publisher(&server);
    let confirmed = publish_through_outages(&publisher, &server, 2, Duration::from_millis(500)).await;
    assert_none_lost(&confirmed, &take_ids(&server).await);
}

#[tokio::test]
async fn a_broker_that_says_nothing_is_unavailable_in_time() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("amqp://{}", silent.local_addr().unwrap());
    let publisher = AmqpPublisher::new(&url).unwrap().timeout(Duration::from_millis(500));
    let begun = Instant::now();
    assert_unavailable(publisher.publish("orders", &event("a")).await, &["127.0.0.1", "500ms"]);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn wrong_passwords_and_missing_tls_are_told() {
    let Some(server) = rabbitmq() else { return };
    let (wrong, tls) = (server.url().replace(":guest@", ":wrong@"), server.url().replace("amqp://", "amqps://"));
    for (url, word) in [(wrong, "ACCESS_REFUSED"), (tls, "cannot be reached")] {
        let publisher = AmqpPublisher::new(&url).unwrap().timeout(Duration::from_secs(3));
        assert_unavailable(publisher.publish("orders", &event("a")).await, &[word]);
    }
}
