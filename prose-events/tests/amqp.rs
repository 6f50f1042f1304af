//! What arrives in a queue of RabbitMQ, and what is refused.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::time::{Duration, Instant};

use common::{assert_rejected, assert_unavailable, event, event_with};
use futures_util::future::join_all;
use lapin::options::{
    BasicGetOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use prose::{EventRecord, Publisher};
use prose_events::AmqpPublisher;
use prose_test_servers::{Server, rabbitmq, unique};

/// An exchange and a queue of the test's own, bound for the channel `orders`; and a publisher.
struct Fixture {
    connection: Connection,
    channel: Channel,
    publisher: AmqpPublisher,
    name: String,
}

impl Fixture {
    async fn new(server: &Server, arguments: FieldTable) -> Self {
        let connection = Connection::connect(server.url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let name = unique("prose");
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        channel
            .exchange_declare(name.as_str().into(), ExchangeKind::Topic, durable, FieldTable::default())
            .await
            .unwrap();
        let durable = QueueDeclareOptions { durable: true, ..Default::default() };
        channel.queue_declare(name.as_str().into(), durable, arguments).await.unwrap();
        let (queue, exchange) = (name.as_str().into(), name.as_str().into());
        channel
            .queue_bind(queue, exchange, "orders".into(), QueueBindOptions::default(), FieldTable::default())
            .await
            .unwrap();
        let publisher = AmqpPublisher::new(server.url()).unwrap().exchange(&name).unwrap();
        Self { connection, channel, publisher, name }
    }

    async fn take(&self) -> Option<lapin::message::Delivery> {
        let options = BasicGetOptions { no_ack: true };
        Some(self.channel.basic_get(self.name.as_str().into(), options).await.unwrap()?.delivery)
    }

    /// All in the queue by their ids.
    async fn take_ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        while let Some(delivery) = self.take().await {
            ids.push(delivery.properties.message_id().clone().unwrap().to_string());
        }
        ids
    }

    async fn end(self) {
        self.channel.queue_delete(self.name.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
        self.channel.exchange_delete(self.name.as_str().into(), ExchangeDeleteOptions::default()).await.unwrap();
        self.connection.close(200, "done".into()).await.unwrap();
    }
}

#[tokio::test]
async fn an_event_arrives_with_its_properties_and_as_a_cloud_event() {
    let Some(server) = rabbitmq() else { return };
    let fixture = Fixture::new(&server, FieldTable::default()).await;
    let sent = event("ord_1:confirmed");
    fixture.publisher.publish("orders", &sent).await.unwrap();

    let delivery = fixture.take().await.unwrap();
    let text = |property: &Option<lapin::types::ShortString>| property.clone().unwrap().to_string();
    assert_eq!(text(delivery.properties.message_id()), "ord_1:confirmed");
    assert_eq!(text(delivery.properties.content_type()), "application/cloudevents+json");
    assert_eq!(text(delivery.properties.kind()), "order.confirmed");
    assert_eq!(text(delivery.properties.correlation_id()), "web-17");
    assert_eq!(delivery.properties.delivery_mode(), &Some(2));
    assert_eq!(delivery.properties.timestamp(), &Some(1_772_272_800));
    assert_eq!(serde_json::from_slice::<EventRecord>(&delivery.data).unwrap(), sent);
    fixture.end().await;
}

#[tokio::test]
async fn the_default_exchange_leads_to_a_queue_by_its_name() {
    let Some(server) = rabbitmq() else { return };
    let fixture = Fixture::new(&server, FieldTable::default()).await;
    let publisher = fixture.publisher.clone().exchange("").unwrap();
    publisher.publish(&fixture.name, &event("a")).await.unwrap();
    assert_eq!(fixture.take_ids().await, ["a"]);
    fixture.end().await;
}

#[tokio::test]
async fn without_an_exchange_it_is_rejected_and_the_next_publish_works() {
    let Some(server) = rabbitmq() else { return };
    let fixture = Fixture::new(&server, FieldTable::default()).await;
    let missing = unique("missing");
    let publisher = fixture.publisher.clone().exchange("{channel}").unwrap();
    for id in ["a", "b"] {
        let result = publisher.publish(&missing, &event(id)).await;
        assert_rejected(result, &["there is no exchange", &missing, "declare it", "127.0.0.1"]);
    }
    fixture.publisher.publish("orders", &event("c")).await.unwrap();
    fixture.end().await;
}

#[tokio::test]
async fn without_a_binding_it_is_rejected_and_names_what_to_bind() {
    let Some(server) = rabbitmq() else { return };
    let fixture = Fixture::new(&server, FieldTable::default()).await;
    let result = fixture.publisher.publish("refunds", &event("a")).await;
    assert_rejected(result, &[&fixture.name, "no queue for routing key `refunds`", "bind one"]);
    fixture.publisher.publish("orders", &event("b")).await.unwrap();
    assert_eq!(fixture.take_ids().await, ["b"]);
    fixture.end().await;
}

#[tokio::test]
async fn what_is_too_long_for_a_name_is_rejected() {
    let Some(server) = rabbitmq() else { return };
    let publisher = AmqpPublisher::new(server.url()).unwrap();
    assert_rejected(publisher.publish(&"x".repeat(256), &event("a")).await, &["routing key", "255"]);
    assert_rejected(publisher.publish("orders", &event(&"x".repeat(256))).await, &["event's id", "255"]);
}

#[tokio::test]
async fn what_is_too_large_for_the_broker_is_rejected() {
    let Some(server) = rabbitmq() else { return };
    let fixture = Fixture::new(&server, FieldTable::default()).await;
    // RabbitMQ's limit is 128 MiB until version 3.13, 16 MiB since then.
    let publisher = fixture.publisher.clone().timeout(Duration::from_secs(60));
    let result = publisher.publish("orders", &event_with("a", "x".repeat(135 << 20).into())).await;
    assert_rejected(result, &["refuses event `a`", "larger than"]);
    fixture.publisher.publish("orders", &event("b")).await.unwrap();
    assert_eq!(fixture.take_ids().await, ["b"]);
    fixture.end().await;
}

#[tokio::test]
async fn a_full_queue_is_unavailable_and_takes_more_once_emptied() {
    let Some(server) = rabbitmq() else { return };
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(1));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    let fixture = Fixture::new(&server, arguments).await;
    fixture.publisher.publish("orders", &event("a")).await.unwrap();
    assert_unavailable(fixture.publisher.publish("orders", &event("b")).await, &["has not taken event `b`"]);
    assert_eq!(fixture.take_ids().await, ["a"]);
    fixture.publisher.publish("orders", &event("b")).await.unwrap();
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_at_once_are_all_confirmed_and_what_has_no_queue_is_told_from_them() {
    let Some(server) = rabbitmq() else { return };
    let fixture = Fixture::new(&server, FieldTable::default()).await;
    let events: Vec<EventRecord> = (0..1_000).map(|n| event(&format!("ord_{n:04}"))).collect();
    let channel = |n: usize| if n.is_multiple_of(10) { "refunds" } else { "orders" };
    let begun = Instant::now();
    let publishing = events.iter().enumerate().map(|(n, event)| fixture.publisher.publish(channel(n), event));
    for (n, result) in join_all(publishing).await.into_iter().enumerate() {
        assert_eq!(result.is_err_and(|error| error.is_rejected()), n % 10 == 0, "{n}");
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let mut arrived = fixture.take_ids().await;
    arrived.sort();
    let expected: Vec<String> = (0..1_000).filter(|n| n % 10 != 0).map(|n| format!("ord_{n:04}")).collect();
    assert_eq!(arrived, expected);
    fixture.end().await;
}

#[tokio::test]
async fn a_publish_that_is_dropped_midway_disturbs_no_other() {
    let Some(server) = rabbitmq() else { return };
    let fixture = Fixture::new(&server, FieldTable::default()).await;
    fixture.publisher.publish("orders", &event("first")).await.unwrap();
    for micros in (0..2_000).step_by(50) {
        let dropped = event("dropped");
        let publish = fixture.publisher.publish("refunds", &dropped);
        let _ = tokio::time::timeout(Duration::from_micros(micros), publish).await;
        fixture.publisher.publish("orders", &event("kept")).await.unwrap();
    }
    assert_eq!(fixture.take_ids().await.iter().filter(|id| *id == "kept").count(), 40);
    fixture.end().await;
}

#[test]
fn a_url_that_is_none_and_a_field_that_does_not_exist_are_told() {
    let error = AmqpPublisher::new("amqp//me:secret@host").unwrap_err().to_string();
    assert!(error.contains("is not the URL") && !error.contains("secret"), "{error}");
    let publisher = AmqpPublisher::new("amqp://me:secret@127.0.0.1:1/shop").unwrap();
    let debug = format!("{publisher:?}");
    assert!(debug.contains("127.0.0.1:1") && debug.contains("shop") && !debug.contains("secret"), "{debug}");
    assert!(publisher.routing_key("{chanel}").unwrap_err().to_string().contains("{channel}"));
}
