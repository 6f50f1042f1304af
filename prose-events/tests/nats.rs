//! What arrives in a stream of NATS JetStream, and what is refused.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, Stream};
use async_nats::jetstream::{self, Context};
use common::{assert_rejected, assert_unavailable, event, event_with};
use futures_util::future::join_all;
use prose::{EventRecord, Publisher};
use prose_events::NatsPublisher;
use prose_test_servers::{Server, nats, unique};

/// A stream of the test's own, which takes the channel of the same name; and a publisher.
struct Fixture {
    jetstream: Context,
    publisher: NatsPublisher,
    name: String,
    stream: Stream,
}

impl Fixture {
    async fn new(server: &Server, change: impl FnOnce(&mut Config)) -> Self {
        let jetstream = jetstream::new(async_nats::connect(server.url()).await.unwrap());
        let name = unique("orders");
        let mut config = Config { name: name.clone(), subjects: vec![format!("prose.{name}")], ..Config::default() };
        change(&mut config);
        let stream = jetstream.create_stream(config).await.unwrap();
        Self { jetstream, publisher: NatsPublisher::connect(server.url()).await.unwrap(), name, stream }
    }

    async fn messages(&mut self) -> u64 {
        self.stream.info().await.unwrap().state.messages
    }

    async fn end(self) {
        self.jetstream.delete_stream(&self.name).await.unwrap();
    }
}

#[tokio::test]
async fn an_event_arrives_with_its_headers_and_as_a_cloud_event() {
    let Some(server) = nats() else { return };
    let fixture = Fixture::new(&server, |_| ()).await;
    let sent = event("ord_1:confirmed");
    fixture.publisher.publish(&fixture.name, &sent).await.unwrap();

    let message = fixture.stream.get_raw_message(1).await.unwrap();
    assert_eq!(message.subject.as_str(), format!("prose.{}", fixture.name));
    assert_eq!(message.headers.get("Nats-Msg-Id").unwrap().as_str(), "ord_1:confirmed");
    assert_eq!(message.headers.get("Content-Type").unwrap().as_str(), "application/cloudevents+json");
    assert_eq!(serde_json::from_slice::<EventRecord>(&message.payload).unwrap(), sent);
    fixture.end().await;
}

#[tokio::test]
async fn the_stream_drops_a_repeat() {
    let Some(server) = nats() else { return };
    let mut fixture = Fixture::new(&server, |_| ()).await;
    for id in ["a", "a", "b", "a"] {
        fixture.publisher.publish(&fixture.name, &event(id)).await.unwrap();
    }
    assert_eq!(fixture.messages().await, 2);
    fixture.end().await;
}

#[tokio::test]
async fn a_template_makes_the_subject() {
    let Some(server) = nats() else { return };
    let name = unique("shop");
    let fixture = Fixture::new(&server, |config| config.subjects = vec![format!("{name}.>")]).await;
    let publisher = fixture.publisher.clone().subject(&format!("{name}.{{source}}.{{channel}}.{{type}}")).unwrap();
    publisher.publish("orders.eu", &event("a")).await.unwrap();
    let message = fixture.stream.get_raw_message(1).await.unwrap();
    assert_eq!(message.subject.as_str(), format!("{name}.process-order.orders.eu.order.confirmed"));
    fixture.end().await;
}

#[tokio::test]
async fn without_a_stream_it_is_rejected_and_works_once_there_is_one() {
    let Some(server) = nats() else { return };
    let fixture = Fixture::new(&server, |_| ()).await;
    let missing = unique("missing");
    let subject = format!("prose.{missing}");
    let result = fixture.publisher.publish(&missing, &event("a")).await;
    assert_rejected(result, &[&subject, "create one", "nats stream add", "127.0.0.1"]);

    let config = Config { name: missing.clone(), subjects: vec![subject], ..Config::default() };
    fixture.jetstream.create_stream(config).await.unwrap();
    fixture.publisher.publish(&missing, &event("a")).await.unwrap();
    fixture.jetstream.delete_stream(&missing).await.unwrap();
    fixture.end().await;
}

#[tokio::test]
async fn a_plain_subscriber_is_no_stream() {
    let Some(server) = nats() else { return };
    let client = async_nats::connect(server.url()).await.unwrap();
    let missing = unique("missing");
    let _subscriber = client.subscribe(format!("prose.{missing}")).await.unwrap();
    client.flush().await.unwrap();
    let publisher = NatsPublisher::connect(server.url()).await.unwrap().timeout(Duration::from_secs(2));
    assert_rejected(publisher.publish(&missing, &event("a")).await, &["no stream", "create one"]);
}

#[tokio::test]
async fn what_is_too_large_for_the_server_or_the_stream_is_rejected() {
    let Some(server) = nats() else { return };
    let fixture = Fixture::new(&server, |config| config.max_message_size = 10_000).await;
    let for_stream = fixture.publisher.publish(&fixture.name, &event_with("a", "x".repeat(20_000).into())).await;
    assert_rejected(for_stream, &["refuses event `a`", &fixture.name, "exceeds"]);
    let for_server = fixture.publisher.publish(&fixture.name, &event_with("b", "x".repeat(2_000_000).into())).await;
    assert_rejected(for_server, &["event `b` is too large", "max_payload"]);
    fixture.publisher.publish(&fixture.name, &event("c")).await.unwrap();
    fixture.end().await;
}

#[tokio::test]
async fn a_full_stream_is_unavailable_and_takes_more_once_emptied() {
    let Some(server) = nats() else { return };
    let full = |config: &mut Config| (config.max_messages, config.discard) = (1, DiscardPolicy::New);
    let fixture = Fixture::new(&server, full).await;
    fixture.publisher.publish(&fixture.name, &event("a")).await.unwrap();
    let result = fixture.publisher.publish(&fixture.name, &event("b")).await;
    assert_unavailable(result, &[&fixture.name, "maximum messages exceeded"]);
    fixture.stream.purge().await.unwrap();
    fixture.publisher.publish(&fixture.name, &event("b")).await.unwrap();
    fixture.end().await;
}

#[tokio::test]
async fn hostile_channels_and_ids_are_rejected() {
    let Some(server) = nats() else { return };
    let publisher = NatsPublisher::connect(server.url()).await.unwrap();
    for channel in ["", "a b", "*", "a.>", "a\r\nPUB b 0\r\n", "..", "a."] {
        assert_rejected(publisher.publish(channel, &event("a")).await, &["name the channel otherwise"]);
    }
    assert_rejected(publisher.publish("orders", &event("a\r\nNats-Rollup: all")).await, &["event id", "line breaks"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_at_once_are_all_confirmed() {
    let Some(server) = nats() else { return };
    let mut fixture = Fixture::new(&server, |_| ()).await;
    let events: Vec<EventRecord> = (0..1_000).map(|n| event(&format!("ord_{n}"))).collect();
    for result in join_all(events.iter().map(|event| fixture.publisher.publish(&fixture.name, event))).await {
        result.unwrap();
    }
    assert_eq!(fixture.messages().await, 1_000);
    fixture.end().await;
}

#[tokio::test]
async fn a_client_of_the_users_own_serves() {
    let Some(server) = nats() else { return };
    let mut fixture = Fixture::new(&server, |_| ()).await;
    let client = async_nats::connect(server.url()).await.unwrap();
    let publisher = NatsPublisher::from_client(client).timeout(Duration::from_secs(3));
    publisher.publish(&fixture.name, &event("a")).await.unwrap();
    assert_eq!(fixture.messages().await, 1);
    fixture.end().await;
}

#[tokio::test]
async fn a_url_that_is_none_and_a_field_that_does_not_exist_are_told() {
    let error = NatsPublisher::connect("nats://me:secret@[").await.unwrap_err().to_string();
    assert!(error.contains("is not the URL") && !error.contains("secret"), "{error}");
    let publisher = NatsPublisher::connect("nats://me:secret@127.0.0.1:1").await.unwrap();
    let debug = format!("{publisher:?}");
    assert!(debug.contains("127.0.0.1:1") && !debug.contains("secret"), "{debug}");
    let error = publisher.subject("{chanel}").unwrap_err().to_string();
    assert!(error.contains("{channel}"), "{error}");
}
