//! What nobody sends in good faith: a clear refusal, and the service lives on.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Service, Shop, order};

async fn all_are_refused(service: &Service) {
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let long = "x".repeat(5_000);
    for id in ["", ".", "..", "nul\0", "line\nbreak", long.as_str()] {
        service.post(&order(id, "user_42", 1.0)).await.assert_refused(unprocessable);
        service.post(&order("user", id, 1.0)).await.assert_refused(unprocessable);
    }
    service.get("user").await.assert_refused(StatusCode::NOT_FOUND);
    // The path says what the location would have.
    for path in ["nul%00", long.as_str()] {
        service.get(path).await.assert_refused(StatusCode::NOT_FOUND);
        service.delete(path).await.assert_refused(StatusCode::NOT_FOUND);
        service.approve(path, &json!({ "approved": true })).await.assert_refused(StatusCode::NOT_FOUND);
    }
    let no_text = "/orders/%FF";
    service.ask(Method::GET, no_text, None).await.assert_refused(StatusCode::BAD_REQUEST);
    service.ask(Method::DELETE, no_text, None).await.assert_refused(StatusCode::BAD_REQUEST);

    let kind = "application/json";
    // A byte too much: it is refused when all of it was sent. Of a huger one the connection may break before the answer is read.
    let huge = vec![b' '; (2 << 20) + 1];
    service.post_text("/orders", kind, huge).await.assert_refused(StatusCode::PAYLOAD_TOO_LARGE);
    let deep = "[".repeat(100_000);
    service.post_text("/orders", kind, deep.clone()).await.assert_refused(unprocessable);
    let deep = format!("{{\"order_id\":\"deep\",\"user_id\":\"u\",\"items\":[],\"more\":{deep}");
    service.post_text("/orders", kind, deep).await.assert_refused(StatusCode::BAD_REQUEST);
    service
        .post_text("/orders", kind, b"{\"order_id\":\"\xff\"}".to_vec())
        .await
        .assert_refused(StatusCode::BAD_REQUEST);
}

async fn lives_on(shop: &Shop, service: &Service) {
    let longest = "ü".repeat(100);
    assert_eq!(service.post(&order(&longest, "user_42", 1.0)).await.status, 202);
    let path = "%C3%BC".repeat(100);
    service.until(&path, "completed").await;
    shop.assert_done_once(&longest).await;
    // A price beyond all numbers is no order.
    let beyond =
        json!({ "order_id": "beyond", "user_id": "u", "items": [{ "price": 1e308, "quantity": 4_000_000_000_u32 }] });
    service.post(&beyond).await.assert_refused(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(shop.world().await.payment_requests("beyond"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    all_are_refused(&service).await;
    lives_on(&shop, &service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let Some(shop) = Shop::on_postgres().await else { return };
    let service = shop.start().await;
    all_are_refused(&service).await;
    lives_on(&shop, &service).await;
}
