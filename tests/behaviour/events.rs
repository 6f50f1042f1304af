//! Events: in order, with stable ids, in CloudEvents form.

use prose::{Ctx, Error, Event, MemoryPublisher, MemoryStore, Store, flow};
use serde::Serialize;

use super::support::Failure;

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
