//! Large orders wait for somebody's word.

use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Addresses, STEPS, STEPS_OF_A_LARGE_ONE, Shop};
use crate::way::Way;

#[tokio::test(flavor = "multi_thread")]
async fn a_large_order_is_charged_when_it_is_approved_and_not_before() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    // With its tax, the first is exactly at the limit.
    service.takes("at_the_limit", 925.93).await;
    let small = service.until("at_the_limit", "completed").await;
    assert_eq!((&small["output"]["total"], &small["completed_steps"]), (&json!(1_000.0), &json!(STEPS)));

    service.takes("large", 925.94).await;
    let waits = service.until("large", "waiting").await;
    let steps = json!(["validate_order", "calculate_total"]);
    assert_eq!(waits, json!({ "status": "waiting", "completed_steps": steps, "output": null, "error": null }));
    assert_eq!((shop.world().await.payment_requests("large"), shop.rows("large").await), (0, 0));

    assert_eq!(service.approve("large", &json!({ "approved": true })).await.status, 202);
    let done = service.until("large", "completed").await;
    assert_eq!(done["completed_steps"], json!(STEPS_OF_A_LARGE_ONE));
    shop.assert_done_once("large").await;
    // A client that has lost the answer hears that its word was taken; another word is too late.
    assert_eq!(service.approve("large", &json!({ "approved": true })).await.status, 200);
    service.approve("large", &json!({ "approved": false })).await.assert_refused(StatusCode::CONFLICT);
    service.takes("small", 5.0).await;
    service.until("small", "completed").await;
    service.approve("small", &json!({ "approved": true })).await.assert_refused(StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_word_counts() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    service.takes("refused", 2_000.0).await;
    service.until("refused", "waiting").await;
    assert_eq!(service.approve("refused", &json!({ "approved": false })).await.status, 202);
    let failed = service.until("refused", "failed").await;
    assert_eq!(failed["error"], "the order was not approved");
    assert_eq!(shop.world().await.payment_requests("refused"), 0);

    // Behind the word the order stands in its charge, so the second one meets it alive.
    let charge = Way::to_nowhere().await;
    let stripe = format!("http://{}", charge.address);
    let shop = Shop::on_sqlite();
    let stuck = shop.start_with(&Addresses { stripe, ..shop.addresses.clone() }).await;
    stuck.takes("twice", 2_000.0).await;
    assert_eq!(stuck.approve("twice", &json!({ "approved": true })).await.status, 202);
    stuck.approve("twice", &json!({ "approved": false })).await.assert_refused(StatusCode::CONFLICT);
    charge.is_asked(1).await;
    stuck.approve("twice", &json!({ "approved": false })).await.assert_refused(StatusCode::CONFLICT);
    assert_eq!(stuck.approve("twice", &json!({ "approved": true })).await.status, 200);
    stuck.kill();
    let service = shop.start().await;
    service.until("twice", "completed").await;
    shop.assert_done_once("twice").await;
}

/// Sent at once behind the order: wherever that is, the word is taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_word_may_come_before_the_order_waits_for_it() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    let ids: Vec<String> = (0..20).map(|n| format!("early_{n}")).collect();
    for id in &ids {
        service.takes(id, 2_000.0).await;
        assert_eq!(service.approve(id, &json!({ "approved": true })).await.status, 202);
    }
    for id in &ids {
        service.until(id, "completed").await;
        shop.assert_done_once(id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_word_or_for_no_order_is_refused() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    service.approve("nobody", &json!({ "approved": true })).await.assert_refused(StatusCode::NOT_FOUND);
    service.takes("a", 2_000.0).await;
    service.until("a", "waiting").await;
    for wrong in [json!({}), json!({ "approved": "yes" }), json!("approved"), json!(null)] {
        service.approve("a", &wrong).await.assert_refused(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let bad = service.post_text("/orders/a/approval", "application/json", "{").await;
    bad.assert_refused(StatusCode::BAD_REQUEST);
    let bad = service.post_text("/orders/a/approval", "text/plain", "{\"approved\":true}").await;
    bad.assert_refused(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(service.get("a").await.body["status"], "waiting");
    // None of them was kept: the first word is still to come.
    assert_eq!(service.approve("a", &json!({ "approved": true })).await.status, 202);
    service.until("a", "completed").await;
}
