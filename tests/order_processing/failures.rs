//! Orders that fail: what is told, what is kept, and what is not done any more.

use serde_json::json;

use crate::harness::Shop;

#[test]
fn an_order_without_items_is_refused_by_the_field_and_nothing_later_runs() {
    let shop = Shop::open();
    let file = shop.write("empty.json", r#"{"orderId":"ord_1","userId":"user_42","items":[]}"#);
    let refused = shop.run("ord_1", &["--input", file.to_str().unwrap()]);
    refused.assert_failed(1);
    let error = refused.error();
    assert_eq!((&error["code"], &error["step"]), (&json!("VALIDATION"), &json!("validate_order")));
    assert_eq!(error["issues"][0]["field"], "items");
    assert_eq!(error["issues"][0]["message"], "Order must have at least one item");
    assert_eq!(shop.world("ord_1").requests(), (0, 0, 0));

    let checkpoint = shop.checkpoint("ord_1");
    assert_eq!((&checkpoint["status"], &checkpoint["completed_steps"]), (&json!("failed"), &json!([])));
    assert_eq!(checkpoint["failed_step"]["name"], "validate_order");
}

#[test]
fn a_declined_card_is_not_tried_again_and_nothing_later_runs() {
    let shop = Shop::open();
    let declined = shop.run_for("user_declined", "ord_1");
    declined.assert_failed(1);
    let error = declined.error();
    assert_eq!((&error["code"], &error["step"]), (&json!("CARD_DECLINED"), &json!("charge_payment")));
    assert_eq!(shop.world("ord_1").requests(), (1, 0, 0));
    assert_eq!(shop.order_rows("ord_1"), 0);

    let checkpoint = shop.checkpoint("ord_1");
    assert_eq!(checkpoint["status"], "failed");
    assert_eq!(checkpoint["completed_steps"], json!(["validate_order", "calculate_total"]));
    assert_eq!(checkpoint["failed_step"]["name"], "charge_payment");
}

#[test]
fn calling_a_failed_run_again_asks_with_the_same_key() {
    let shop = Shop::open();
    shop.run_for("user_declined", "ord_1");
    shop.run_for("user_declined", "ord_1").assert_failed(1);
    let world = shop.world("ord_1");
    assert_eq!(world.requests(), (2, 0, 0));
    assert_eq!(world.payments[0]["key"], world.payments[1]["key"]);
}

#[test]
fn an_outage_is_waited_out_with_the_same_key() {
    let shop = Shop::open();
    let done = shop.run_for("user_flaky", "ord_1");
    assert_eq!(done.code, Some(0), "{done:?}");
    let world = shop.world("ord_1");
    let statuses: Vec<_> = world.payments.iter().map(|payment| &payment["status"]).collect();
    assert_eq!(statuses, [503, 503, 200]);
    world.assert_exactly_once("ord_1");
}

#[test]
fn an_outage_that_lasts_is_asked_three_times() {
    let shop = Shop::open();
    let failed = shop.run_for("user_down", "ord_1");
    failed.assert_failed(1);
    assert_eq!(failed.error()["code"], "PAYMENT_UNAVAILABLE");
    assert_eq!(shop.world("ord_1").requests(), (3, 0, 0));
}

#[test]
fn a_mail_server_that_is_away_fails_the_run_and_the_next_call_charges_nothing() {
    let shop = Shop::open();
    let away = crate::harness::ended(shop.command("ord_1", &[]).env("SMTP_URL", "smtp://127.0.0.1:1"));
    away.assert_failed(1);
    assert_eq!((&away.error()["code"], &away.error()["step"]), (&json!("MAIL"), &json!("send_confirmation")));
    assert_eq!(shop.world("ord_1").requests(), (1, 0, 0));

    let done = shop.run("ord_1", &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(shop.world("ord_1").requests(), (1, 1, 1));
    assert_eq!(shop.order_rows("ord_1"), 1);
}
