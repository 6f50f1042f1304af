//! Events to publish, and patience.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(dead_code, reason = "not every file of tests needs all of it")]

use std::time::Duration;

use prose::{EventRecord, PublishError, Publisher};
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

/// Publishes until it is confirmed, as the outbox does, and panics if it is rejected.
pub(crate) async fn publish_until_confirmed(publisher: &impl Publisher, channel: &str, event: &EventRecord) {
    let again = async {
        while let Err(error) = publisher.publish(channel, event).await {
            assert!(!error.is_rejected(), "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), again).await.expect("confirmed within a minute");
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
