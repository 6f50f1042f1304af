//! Events to publish, and patience.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(dead_code, reason = "not every file of tests needs all of it")]

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use prose::{EventRecord, PublishError, Publisher};
use prose_test_servers::PrivateServer;
use serde_json::json;

/// An event with this id.
pub(crate) fn event(id: &str) -> EventRecord {
    event_with(id, json!({ "order_id": id, "total": 0.1 }))
}

/// An event with this id and data.
pub(crate) fn event_with(id: &str, data: serde_json::Value) -> EventRecord {
    let json = json!({
        "specversion": "1.0", "id": id, "source": "process-order", "subject": "ord_1", "type": "order.confirmed",
        "time": "2026-02-28T10:00:00.123Z", "correlationid": "web-17", "data": data,
    });
    serde_json::from_str(&json.to_string()).unwrap()
}

/// Publishes until it is confirmed, as the outbox does, which tries a rejected event a few times as well: a broker that has just
/// started may not have all its queues yet.
pub(crate) async fn publish_until_confirmed(publisher: &impl Publisher, channel: &str, event: &EventRecord) {
    let mut rejections = 0;
    let again = async {
        while let Err(error) = publisher.publish(channel, event).await {
            rejections += u32::from(error.is_rejected());
            assert!(rejections < 8, "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), again).await.expect("confirmed within a minute");
}

/// Publishes from eight tasks while the server is killed and started again, `outages` times with a pause before each and behind the
/// last. The ids of all events that were confirmed.
pub(crate) async fn publish_through_outages(
    publisher: &impl Publisher,
    server: &PrivateServer,
    outages: u32,
    pause: Duration,
) -> Vec<String> {
    let stop = AtomicBool::new(false);
    let publishing = (0..8).map(|task| publish_until(&stop, publisher, task));
    let outages = async {
        for _ in 0..outages {
            tokio::time::sleep(pause).await;
            tokio::task::block_in_place(|| {
                server.kill();
                server.start();
            });
        }
        tokio::time::sleep(pause).await;
        stop.store(true, Ordering::Relaxed);
    };
    let (confirmed, ()) = tokio::join!(join_all(publishing), outages);
    confirmed.into_iter().flatten().collect()
}

async fn publish_until(stop: &AtomicBool, publisher: &impl Publisher, task: usize) -> Vec<String> {
    let mut confirmed = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let id = format!("{task}-{}", confirmed.len());
        publish_until_confirmed(publisher, "orders", &event(&id)).await;
        confirmed.push(id);
    }
    confirmed
}

/// Asserts that enough was confirmed to tell, and that all of it is stored.
#[track_caller]
pub(crate) fn assert_none_lost(confirmed: &[String], stored: &HashSet<String>) {
    assert!(confirmed.len() > 50, "{}", confirmed.len());
    let lost: Vec<&String> = confirmed.iter().filter(|id| !stored.contains(*id)).collect();
    assert!(lost.is_empty(), "{} of {}: {lost:?}", lost.len(), confirmed.len());
}

/// Asserts that the event was refused for good, with these words.
#[track_caller]
pub(crate) fn assert_rejected(result: Result<(), PublishError>, words: &[&str]) {
    let error = result.expect_err("it must be refused");
    assert!(error.is_rejected(), "unavailable: {error}");
    assert_words(&error, words);
}

/// Asserts that the event is not known to have arrived, with these words.
#[track_caller]
pub(crate) fn assert_unavailable(result: Result<(), PublishError>, words: &[&str]) {
    let error = result.expect_err("it must fail");
    assert!(!error.is_rejected(), "rejected: {error}");
    assert_words(&error, words);
}

#[track_caller]
fn assert_words(error: &PublishError, words: &[&str]) {
    let error = error.to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
}
