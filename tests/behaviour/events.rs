//! Events: in order, with stable ids, in CloudEvents form.

use prose::store::BoxFuture;
use prose::{Ctx, Error, Event, EventRecord, MemoryPublisher, MemoryStore, PublishError, Publisher, Store, flow};
use serde::Serialize;

use super::support::{Failure, Log};

#[derive(Serialize, Event)]
#[event(type = "order.confirmed")]
struct OrderConfirmed {
    order_id: String,
}

#[derive(Serialize, Event)]
struct ItemShipped {
    sku: u32,
    #[event(correlation_id)]
    trace: String,
}

#[flow(name = "confirm")]
async fn confirm(_ctx: Ctx, order_id: String) -> Result<(), Failure> {
    #[event("orders")]
    OrderConfirmed { order_id: order_id.clone() };

    #[event("items")]
    vec![ItemShipped { sku: 1, trace: "own".into() }, ItemShipped { sku: 2, trace: "own".into() }];

    #[event("nothing")]
    None::<OrderConfirmed>;
    Ok(())
}

#[tokio::test]
async fn an_event_carries_the_key_as_id_and_the_runs_correlation_id() {
    let publisher = MemoryPublisher::new();
    let call = confirm("o1".into()).publisher(publisher.clone()).correlation_id("c-1");
    call.durable(&MemoryStore::new(), "r").await.unwrap();

    let published = publisher.published();
    let ids: Vec<_> = published.iter().map(|(channel, event)| (channel.as_str(), event.id.as_str())).collect();
    assert_eq!(ids, [("orders", "r:orders"), ("items", "r:items:0"), ("items", "r:items:1")]);
    let envelope = serde_json::to_value(&published[0].1).unwrap();
    assert_eq!(envelope["specversion"], "1.0");
    assert_eq!(envelope["type"], "order.confirmed");
    assert_eq!(envelope["source"], "confirm");
    assert_eq!(envelope["subject"], "r");
    assert_eq!(envelope["correlationid"], "c-1");
    assert_eq!(envelope["data"]["order_id"], "o1");
    assert_eq!(published[1].1.event_type, "item.shipped", "named for the type where nothing is said");
    assert_eq!(published[1].1.correlation_id, "own", "the event's own correlation id is kept");
}

#[tokio::test]
async fn a_flow_with_events_and_no_publisher_is_refused_before_it_starts() {
    let store = MemoryStore::new();
    let refused = confirm("o1".into()).durable(&store, "r").await;
    assert!(matches!(refused, Err(Error::NoPublisher { step: "orders" })), "{refused:?}");
    assert!(store.load("r").await.unwrap().is_none());
}

/// A broker that is down for the nth publication.
struct Flaky(Log, MemoryPublisher, u32);

impl Publisher for Flaky {
    fn publish<'a>(&'a self, channel: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>> {
        self.0.add("asked");
        match self.0.count("asked") as u32 == self.2 {
            true => Box::pin(async { Err(PublishError::new("the broker is down")) }),
            false => self.1.publish(channel, event),
        }
    }
}

#[tokio::test]
async fn an_event_that_was_not_published_is_published_by_the_next_call_with_the_same_id() {
    let (store, broker) = (MemoryStore::new(), MemoryPublisher::new());
    let failed = confirm("o1".into()).publisher(Flaky(Log::default(), broker.clone(), 1)).durable(&store, "r").await;
    assert!(matches!(&failed, Err(Error::Publish { step, .. }) if step == "orders"), "{failed:?}");
    assert!(broker.published().is_empty());
    confirm("o1".into()).publisher(broker.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(broker.published()[0].1.id, "r:orders");
}
