//! Taking orders, showing them, and calling them off.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{STEPS, Shop, order};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_taken_once_and_brought_to_its_end() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    let first = service.post(&order("ord_1", "user_42", 100.0)).await;
    assert_eq!((first.status, first.location.as_deref()), (202, Some("/orders/ord_1")), "{first:?}");
    let done = service.until("ord_1", "completed").await;
    let receipt = done["output"]["receiptId"].as_str().unwrap();
    assert!(receipt.starts_with("pi_"), "{done}");
    let output = json!({ "orderId": "ord_1", "total": 108.0, "receiptId": receipt, "status": "confirmed" });
    assert_eq!(done, json!({ "status": "completed", "completed_steps": STEPS, "output": output, "error": null }));

    let again = service.post(&order("ord_1", "user_42", 100.0)).await;
    assert_eq!((again.status, again.location.as_deref()), (200, Some("/orders/ord_1")));
    assert_eq!(again.body, done);
    let mut reworded = order("ord_1", "user_42", 100.0);
    reworded["orderId"] = reworded.as_object_mut().unwrap().remove("order_id").unwrap();
    assert_eq!(service.post(&reworded).await.status, 200);

    service.post(&order("ord_1", "user_43", 100.0)).await.assert_refused(StatusCode::CONFLICT);
    assert_eq!(service.get("ord_1").await.body, done);
    shop.assert_done_once("ord_1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_fails_says_why() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    assert_eq!(service.post(&order("declined", "user_declined", 10.0)).await.status, 202);
    let declined = service.until("declined", "failed").await;
    assert_eq!(declined["error"], "the card was declined: Your card was declined.");
    assert_eq!(declined["completed_steps"], json!(["validate_order", "calculate_total"]));
    assert_eq!((shop.world().await.charges("declined"), shop.rows("declined").await), (0, 0));

    // An outage is tried again; a failed order is not, by posting it again.
    assert_eq!(service.post(&order("flaky", "user_flaky", 10.0)).await.status, 202);
    service.until("flaky", "completed").await;
    shop.assert_done_once("flaky").await;
    let again = service.post(&order("declined", "user_declined", 10.0)).await;
    assert_eq!((again.status, &again.body["status"]), (200, &json!("failed")));
}

/// At once, so that its id is still free for what it should have been.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_an_order_is_refused_by_the_field() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    let with = |items| json!({ "order_id": "a", "user_id": "user_42", "items": items });
    let empty = service.post(&with(json!([]))).await;
    empty.assert_refused(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(empty.body["error"], "items: Order must have at least one item");
    assert_eq!(empty.body["issues"][0]["field"], "items");
    for (price, quantity, field) in [
        (-1.0, 1, "items[0].price"),
        (1.0, 0, "items[0].quantity"),
        (1e300, 1, "items[0].price"),
        (1.0, u32::MAX, "items"),
        (0.0, 1, "items"),
        (0.001, 1, "items"),
    ] {
        let refused = service.post(&with(json!([{ "price": price, "quantity": quantity }]))).await;
        refused.assert_refused(StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.body["issues"][0]["field"], field, "{refused:?}");
    }
    service.get("a").await.assert_refused(StatusCode::NOT_FOUND);
    service.takes("a", 10.0).await;
    service.until("a", "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_order_goes_on_when_it_is_told_to() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    let restart = async |id: &str| service.ask(Method::POST, &format!("/orders/{id}/restart"), None).await;
    restart("nobody").await.assert_refused(StatusCode::NOT_FOUND);
    service.takes("good", 10.0).await;
    service.until("good", "completed").await;
    restart("good").await.assert_refused(StatusCode::CONFLICT);

    assert_eq!(service.post(&order("declined", "user_declined", 10.0)).await.status, 202);
    service.until("declined", "failed").await;
    let asked = shop.world().await.payment_requests("declined");
    assert_eq!(restart("declined").await.status, 202);
    crate::harness::eventually("it is asked for again", async || {
        shop.world().await.payment_requests("declined") > asked
    })
    .await;
    service.until("declined", "failed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_order_is_refused_with_a_reason() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    service.get("nobody").await.assert_refused(StatusCode::NOT_FOUND);
    service.delete("nobody").await.assert_refused(StatusCode::NOT_FOUND);
    let json = "application/json";
    service.post_text("/orders", json, "{\"order_id\":").await.assert_refused(StatusCode::BAD_REQUEST);
    service.post_text("/orders", json, "").await.assert_refused(StatusCode::BAD_REQUEST);
    let text = order("t", "u", 1.0).to_string();
    service.post_text("/orders", "text/plain", text).await.assert_refused(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for wrong in [
        json!({ "order_id": "w" }),
        json!([1, 2]),
        json!({ "order_id": 1, "user_id": "u", "items": [] }),
        json!({ "order_id": "w", "user_id": "u", "items": [{ "price": "a lot", "quantity": 1 }] }),
        json!({ "order_id": "w", "user_id": "u", "items": [{ "price": 1, "quantity": -1 }] }),
    ] {
        service.post(&wrong).await.assert_refused(StatusCode::UNPROCESSABLE_ENTITY);
    }
    service.get("w").await.assert_refused(StatusCode::NOT_FOUND);
    service.ask(Method::GET, "/nothing", None).await.assert_refused(StatusCode::NOT_FOUND);
    service.ask(Method::PUT, "/orders", None).await.assert_refused(StatusCode::METHOD_NOT_ALLOWED);
    let health = service.ask(Method::GET, "/healthz", None).await;
    assert_eq!((health.status, health.body), (200, json!({ "status": "ok" })));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_id_leads_back_by_its_location() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    for id in ["a b", "a/b/../c", "für Ärger", "say \"hi\" 'there'", "50%", "?q=1#x", "a%2Fb", "...", "日本"] {
        let answer = service.post(&order(id, "user_42", 5.0)).await;
        assert_eq!(answer.status, 202, "{id}: {answer:?}");
        let path = answer.location.unwrap();
        let done = service.until(path.strip_prefix("/orders/").unwrap(), "completed").await;
        assert_eq!(done["output"]["orderId"], id);
        shop.assert_done_once(id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_called_off_before_it_is_charged() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    service.takes("big", 5_000.0).await;
    service.until("big", "waiting").await;
    assert_eq!(service.delete("big").await.status, 202);
    let cancelled = service.until("big", "cancelled").await;
    assert_eq!(cancelled["output"], json!(null));
    assert_eq!(service.delete("big").await.status, 200);
    service.approve("big", &json!({ "approved": true })).await.assert_refused(StatusCode::CONFLICT);

    service.takes("small", 5.0).await;
    service.until("small", "completed").await;
    service.delete("small").await.assert_refused(StatusCode::CONFLICT);
    assert_eq!(service.get("small").await.body["status"], "completed");
    let world = shop.world().await;
    assert_eq!((world.payment_requests("big"), shop.rows("big").await, world.charges("small")), (0, 0, 1));
}
