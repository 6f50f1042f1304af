//! A NATS server that is down, comes late, is killed and started again.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::time::{Duration, Instant};

use async_nats::jetstream::{self, stream::Config};
use common::{assert_none_lost, assert_unavailable, event, publish_through_outages, publish_until_confirmed};
use prose::Publisher;
use prose_events::NatsPublisher;
use prose_test_servers::{PrivateServer, private_nats};

async fn create_stream(server: &PrivateServer) {
    let jetstream = jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let config = Config { name: "ORDERS".to_owned(), subjects: vec!["prose.>".to_owned()], ..Config::default() };
    jetstream.create_stream(config).await.unwrap();
}

async fn ids(server: &PrivateServer) -> Vec<String> {
    let jetstream = jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let mut stream = jetstream.get_stream("ORDERS").await.unwrap();
    let last = stream.info().await.unwrap().state.last_sequence;
    let mut ids = Vec::new();
    for sequence in 1..=last {
        let message = stream.get_raw_message(sequence).await.unwrap();
        ids.push(message.headers.get("Nats-Msg-Id").unwrap().to_string());
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_at_the_start_is_unavailable_and_then_found() {
    let Some(server) = private_nats() else { return };
    create_stream(&server).await;
    server.stop();

    let begun = Instant::now();
    let publisher = NatsPublisher::connect(server.url()).await.unwrap().timeout(Duration::from_millis(500));
    assert_unavailable(publisher.publish("orders", &event("a")).await, &["no connection", "is the server running"]);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());

    server.start();
    publish_until_confirmed(&publisher, "orders", &event("b")).await;
    assert!(ids(&server).await.contains(&"b".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_reconnects_between_publishes() {
    let Some(server) = private_nats() else { return };
    create_stream(&server).await;
    let publisher = NatsPublisher::connect(server.url()).await.unwrap();
    publisher.publish("orders", &event("a")).await.unwrap();
    server.stop();
    server.start();
    publish_until_confirmed(&publisher, "orders", &event("b")).await;
    server.kill();
    server.start();
    publish_until_confirmed(&publisher, "orders", &event("c")).await;
    assert_eq!(ids(&server).await, ["a", "b", "c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_confirmed_is_lost_when_the_server_is_killed_meanwhile() {
    let Some(server) = private_nats() else { return };
    create_stream(&server).await;
    let publisher = NatsPublisher::connect(server.url()).await.unwrap().timeout(Duration::from_secs(1));
    let confirmed = publish_through_outages(&publisher, &server, 3, Duration::from_millis(300)).await;
    assert_none_lost(&confirmed, &ids(&server).await.into_iter().collect());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_unavailable_in_time() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", silent.local_addr().unwrap());
    let publisher = NatsPublisher::connect(&url).await.unwrap().timeout(Duration::from_millis(500));
    let begun = Instant::now();
    assert_unavailable(publisher.publish("orders", &event("a")).await, &["no connection"]);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_without_tls_is_unavailable_to_who_wants_it() {
    let Some(server) = private_nats() else { return };
    let url = server.url().replace("nats://", "tls://");
    let publisher = NatsPublisher::connect(&url).await.unwrap().timeout(Duration::from_secs(1));
    assert_unavailable(publisher.publish("orders", &event("a")).await, &["no connection"]);
}
