//! `kill -9` and SIGTERM in the midst of orders.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::{Addresses, Service, Shop};
use crate::way::Way;

/// An instance whose payment service never answers.
async fn stuck_in_the_charge(shop: &Shop, charge: &Way) -> Service {
    shop.start_with(&Addresses { stripe: format!("http://{}", charge.address), ..shop.addresses.clone() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_front_of_the_charge_charges_once() {
    let (shop, charge) = (Shop::on_sqlite(), Way::to_nowhere().await);
    let service = stuck_in_the_charge(&shop, &charge).await;
    service.takes("a", 50.0).await;
    charge.is_asked(1).await;
    service.kill();
    assert_eq!(shop.world().await.payment_requests("a"), 0);
    let service = shop.start().await;
    service.until("a", "completed").await;
    shop.assert_done_once("a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_behind_the_charge_charges_once() {
    let shop = Shop::on_sqlite();
    let charge = Way::to(&shop.addresses.stripe).await;
    let service = stuck_in_the_charge(&shop, &charge).await;
    service.takes("a", 50.0).await;
    crate::harness::eventually("money moves", async || shop.world().await.charges("a") == 1).await;
    let stands = service.get("a").await.body;
    assert_eq!(stands["completed_steps"], serde_json::json!(["validate_order", "calculate_total"]));
    service.kill();
    let service = shop.start().await;
    service.until("a", "completed").await;
    shop.assert_done_once("a").await;
    assert!(shop.world().await.payment_requests("a") >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_front_of_the_mail_stores_and_mails_once() {
    let (shop, mail) = (Shop::on_sqlite(), Way::to_nowhere().await);
    let stuck = Addresses { smtp: format!("smtp://{}", mail.address), ..shop.addresses.clone() };
    let service = shop.start_with(&stuck).await;
    service.takes("a", 50.0).await;
    mail.is_asked(1).await;
    service.kill();
    assert_eq!(shop.rows("a").await, 1);
    let service = shop.start().await;
    service.until("a", "completed").await;
    shop.assert_done_once("a").await;
    assert_eq!(shop.world().await.payment_requests("a"), 1);
}

/// Wherever the kills strike: the moments are spread over the life of twenty orders, and nothing depends on where they fall.
#[tokio::test(flavor = "multi_thread")]
async fn kills_at_any_moment_change_nothing() {
    let shop = Shop::on_sqlite();
    let ids: Vec<String> = (0..20).map(|n| format!("kill_{n}")).collect();
    let mut service = shop.start().await;
    for (n, id) in ids.iter().enumerate() {
        service.takes(id, 50.0).await;
        if n % 2 == 1 {
            tokio::time::sleep(Duration::from_millis(7 * n as u64)).await;
            service.kill();
            service = shop.start().await;
        }
    }
    for id in &ids {
        service.until(id, "completed").await;
        shop.assert_done_once(id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_well_and_another_goes_on() {
    let (shop, charge) = (Shop::on_sqlite(), Way::to_nowhere().await);
    let service = stuck_in_the_charge(&shop, &charge).await;
    for id in ["a", "b", "c"] {
        service.takes(id, 50.0).await;
    }
    charge.is_asked(3).await;
    assert_eq!(service.terminate().await.code(), Some(0));
    let service = shop.start().await;
    for id in ["a", "b", "c"] {
        service.until(id, "completed").await;
        shop.assert_done_once(id).await;
    }
}

/// A client that never ends its request, and one that says nothing, hold nobody up.
#[tokio::test(flavor = "multi_thread")]
async fn sigterm_does_not_wait_for_slow_clients() {
    let shop = Shop::on_sqlite();
    let service = shop.start().await;
    let connect = || TcpStream::connect(service.base.strip_prefix("http://").unwrap()).unwrap();
    let (mut half, _silent) = (connect(), connect());
    half.write_all(b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
        .unwrap();
    // Answered behind the two, so they are known to it.
    service.takes("a", 50.0).await;
    assert_eq!(service.terminate().await.code(), Some(0));
    drop(half);
    let service = shop.start().await;
    service.until("a", "completed").await;
    shop.assert_done_once("a").await;
}
