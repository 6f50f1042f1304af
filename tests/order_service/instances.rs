//! Two instances on one Postgres.

use rustix::process::Signal;

use crate::harness::{Addresses, Service, Shop};
use crate::way::Way;

fn ids(name: &str) -> Vec<String> {
    (0..10).map(|n| format!("{name}_{n}")).collect()
}

async fn all_end(shop: &Shop, service: &Service, ids: &[String]) {
    for id in ids {
        service.until(id, "completed").await;
        shop.assert_done_once(id).await;
    }
}

/// An instance that stands in the charge of these orders.
async fn stuck(shop: &Shop, charge: &Way, ids: &[String]) -> Service {
    let stripe = format!("http://{}", charge.address);
    let service = shop.start_with(&Addresses { stripe, ..shop.addresses.clone() }).await;
    for id in ids {
        service.takes(id, 50.0).await;
    }
    charge.is_asked(ids.len()).await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn either_takes_orders_and_answers_for_both() {
    let Some(shop) = Shop::on_postgres().await else { return };
    let (one, two) = tokio::join!(shop.start(), shop.start());
    let ids = ids("both");
    for (n, id) in ids.iter().enumerate() {
        if n % 2 == 0 { &one } else { &two }.takes(id, 50.0).await;
    }
    all_end(&shop, &one, &ids).await;
    for id in &ids {
        assert_eq!(one.get(id).await.body, two.get(id).await.body);
    }
    // What one was given, the other one hears of as well.
    one.takes("large", 2_000.0).await;
    two.until("large", "waiting").await;
    two.post(&crate::harness::order("large", "user_42", 1.0)).await.assert_refused(reqwest::StatusCode::CONFLICT);
    assert_eq!(two.approve("large", &serde_json::json!({ "approved": true })).await.status, 202);
    one.until("large", "completed").await;
    shop.assert_done_once("large").await;
    two.takes("off", 2_000.0).await;
    two.until("off", "waiting").await;
    assert_eq!(one.delete("off").await.status, 202);
    two.until("off", "cancelled").await;
    assert_eq!(two.delete("off").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_one_leaves_the_other_finishes() {
    let Some(shop) = Shop::on_postgres().await else { return };
    let (ids, charge) = (ids("left"), Way::to(&shop.addresses.stripe).await);
    let killed = stuck(&shop, &charge, &ids).await;
    let other = shop.start().await;
    killed.kill();
    all_end(&shop, &other, &ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_stopped_past_the_lease_does_nothing_twice() {
    let Some(shop) = Shop::on_postgres().await else { return };
    let (ids, charge) = (ids("stopped"), Way::to(&shop.addresses.stripe).await);
    let stopped = stuck(&shop, &charge, &ids).await;
    stopped.signal(Signal::STOP);
    let other = shop.start().await;
    all_end(&shop, &other, &ids).await;
    stopped.signal(Signal::CONT);
    // It lives, answers, and takes new work, which the other one leaves to it.
    assert_eq!(stopped.get(&ids[0]).await.body["status"], "completed");
    other.kill();
    stopped.takes("new", 50.0).await;
    crate::harness::eventually("it works", async || shop.world().await.charges("new") == 1).await;
    for id in &ids {
        shop.assert_done_once(id).await;
    }
    let third = shop.start().await;
    stopped.kill();
    all_end(&shop, &third, &["new".to_owned()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_hands_orders_over() {
    let Some(shop) = Shop::on_postgres().await else { return };
    let (ids, charge) = (ids("handed"), Way::to(&shop.addresses.stripe).await);
    let ending = stuck(&shop, &charge, &ids).await;
    let other = shop.start().await;
    assert_eq!(ending.terminate().await.code(), Some(0));
    all_end(&shop, &other, &ids).await;
}
