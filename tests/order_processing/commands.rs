//! The command line: results on stdout, errors on stderr, exit statuses, and the servers of the environment.

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{STEPS, Shop, World, bare, ended, example, order_rows};

#[test]
fn the_story_is_told_and_is_as_promised() {
    let told = ended(&mut Command::new(example()));
    assert_eq!(told.code, Some(0), "{told:?}");
    for part in ["killed by SIGKILL", r#""status": "running""#, r#""status": "completed""#, "All as promised"] {
        assert!(told.stdout.contains(part), "no {part:?} in:\n{}", told.stdout);
    }
    assert!(!told.stdout.contains('✗'), "{}", told.stdout);
}

#[test]
fn run_prints_the_result_of_the_page_and_nothing_else_on_stdout() {
    let shop = Shop::open();
    let done = shop.run("ord_abc123", &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let receipt_id = shop.world("ord_abc123").charges()[0]["answer"]["id"].clone();
    let expected = json!({"orderId": "ord_abc123", "total": 118.77, "receiptId": receipt_id, "status": "confirmed"});
    assert_eq!(done.json(), expected);
    assert!(done.stderr.contains("charge_payment"), "progress goes to stderr: {}", done.stderr);
}

#[test]
fn show_prints_the_checkpoint_of_the_page() {
    let shop = Shop::open();
    let result = shop.run("ord_abc123", &[]).json();
    let checkpoint = shop.checkpoint("ord_abc123");
    assert_eq!(checkpoint["flow_name"], "process-order");
    assert_eq!(checkpoint["run_id"], "ord_abc123");
    assert_eq!(checkpoint["version"], 1);
    assert_eq!(checkpoint["input"]["order_id"], "ord_abc123");
    assert_eq!(checkpoint["completed_steps"], json!(STEPS));
    assert_eq!(checkpoint["status"], "completed");
    assert_eq!(checkpoint["output"], result);
    let state = &checkpoint["state"];
    assert_eq!((&state["subtotal"], &state["tax"], &state["total"]), (&json!(109.97), &json!(8.8), &json!(118.77)));
    assert_eq!(state["receipt"]["id"], result["receiptId"]);
    assert_eq!(state["persisted_order_id"], "ord_abc123");
    assert!(checkpoint["created_at"].is_string() && checkpoint["updated_at"].is_string());
}

#[test]
fn every_effect_carries_its_idempotency_key() {
    let shop = Shop::open();
    shop.run("ord_1", &[]);
    let world = shop.world("ord_1");
    assert_eq!(world.payments[0]["key"], "ord_1:charge_payment");
    assert_eq!(world.payments[0]["amount"], 11_877);
    assert_eq!(world.payments[0]["currency"], "usd");
    assert_eq!(world.payments[0]["customer"], "user_42");
    assert_eq!(world.mails[0]["key"], "ord_1:send_confirmation");
    assert_eq!(world.mails[0]["message_id"], "<ord_1=3Asend_confirmation@shop.example>");
    assert_eq!(world.events[0]["channel"], "orders");
    assert_eq!(world.events[0]["event"]["type"], "order.confirmed");
    assert_eq!(world.events[0]["event"]["subject"], "ord_1");
    assert_eq!(world.events[0]["event"]["data"], json!({"orderId": "ord_1", "userId": "user_42", "total": 118.77}));
}

#[test]
fn a_completed_run_returns_its_result_and_asks_nobody() {
    let shop = Shop::open();
    let first = shop.run("ord_1", &[]);
    let asked = shop.world("ord_1").requests();
    let second = shop.run("ord_1", &[]);
    assert_eq!((second.code, second.json()), (Some(0), first.json()));
    assert_eq!(shop.world("ord_1").requests(), asked);
    assert_eq!(shop.order_rows("ord_1"), 1);
}

#[test]
fn a_completed_run_answers_with_its_own_order_whatever_is_asked_later() {
    let shop = Shop::open();
    let first = shop.run("ord_1", &[]).json();
    let later = shop.run_for("user_other", "ord_1");
    assert_eq!((later.code, later.json()), (Some(0), first));
    assert_eq!(shop.checkpoint("ord_1")["input"]["user_id"], "user_42");
}

#[test]
fn input_is_read_in_the_spelling_of_the_page_and_in_that_of_rust() {
    let shop = Shop::open();
    let camel = r#"{"orderId":"o","userId":"u","items":[{"sku":"a","name":"A","price":10,"quantity":1}]}"#;
    let snake = r#"{"order_id":"o","user_id":"u","items":[{"name":"A","price":10.0,"quantity":1}]}"#;
    for (run_id, order) in [("camel", camel), ("snake", snake)] {
        let file = shop.write("order.json", order);
        let done = shop.run(run_id, &["--input", file.to_str().unwrap()]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!((&done.json()["orderId"], &done.json()["total"]), (&json!("o"), &json!(10.8)));
    }
}

#[test]
fn bad_arguments_exit_with_2() {
    let run = ["run", "--db", "no-such-dir/x.db", "--run-id", "r"];
    for arguments in [
        vec!["no-such-command"],
        vec!["run"],
        vec!["run", "--db", "x.db"],
        vec!["show", "--run-id", "r"],
        [&run[..], &["--crash-after", "no_such_step"]].concat(),
        [&run[..], &["--crash-after"]].concat(),
        [&run[..], &["--crash-after", "orders", "--crash-before-commit", "orders"]].concat(),
        [&run[..], &["--no-such-option"]].concat(),
    ] {
        ended(Command::new(example()).args(&arguments)).assert_failed(2);
    }
}

#[test]
fn bad_input_exits_with_2_and_names_the_file() {
    let shop = Shop::open();
    let no_items = shop.write("no_items.json", r#"{"orderId":"o","userId":"u"}"#);
    let no_json = shop.write("no_json.json", "{");
    let no_number =
        shop.write("no_number.json", r#"{"orderId":"o","userId":"u","items":[{"price":"5","quantity":1}]}"#);
    let no_file = shop.db("no-such-file");
    for file in [no_items, no_json, no_number, no_file] {
        let refused = shop.run("bad", &["--input", file.to_str().unwrap()]);
        refused.assert_failed(2);
        assert!(refused.error()["message"].as_str().unwrap().contains(file.to_str().unwrap()), "{refused:?}");
        assert!(!shop.db("bad").exists(), "input is read before anything is made");
    }
}

#[test]
fn showing_what_is_not_there_exits_with_1_and_makes_nothing() {
    let shop = Shop::open();
    let no_file = shop.show("ord_1");
    no_file.assert_failed(1);
    assert_eq!(no_file.error()["code"], "NO_SUCH_FILE");
    assert!(!shop.db("ord_1").exists());

    shop.run("ord_1", &[]);
    let no_run = ended(Command::new(example()).args(["show", "--run-id", "ord_2", "--db"]).arg(shop.db("ord_1")));
    no_run.assert_failed(1);
    assert_eq!(no_run.error()["code"], "NO_SUCH_RUN");
}

#[test]
fn a_file_that_is_no_database_is_refused_by_name_and_left_as_it_is() {
    let shop = Shop::open();
    let text =
        "this is a shopping list, and it is longer than the header of a database would be: milk, bread, eggs, tea\n";
    let file = shop.write("list.db", &text.repeat(20));
    for refused in [shop.run("list", &[]), shop.show("list")] {
        refused.assert_failed(1);
        assert!(refused.error()["message"].as_str().unwrap().contains("list.db"), "{refused:?}");
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), text.repeat(20));
}

#[test]
fn without_servers_in_the_environment_a_run_brings_its_own_and_they_remember() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("orders.db");
    ended(&mut bare("ord_1", &db, &["--crash-before-commit", "charge_payment"])).assert_killed();
    let done = ended(&mut bare("ord_1", &db, &[]));
    assert_eq!(done.code, Some(0), "{done:?}");

    let world = World::read(&dir.path().join("orders.db.world.jsonl"), "ord_1");
    world.assert_exactly_once("ord_1");
    assert_eq!(world.payments.len(), 2, "asked twice, charged once");
    assert_eq!(world.charges()[0]["answer"]["id"], done.json()["receiptId"]);
    assert_eq!(order_rows(&db, "ord_1"), 1);

    let told: Value = ended(Command::new(example()).arg("world").arg("--db").arg(&db)).json();
    assert_eq!(told["charges"].as_array().unwrap().len(), 1);
    assert_eq!(told["mails_accepted"].as_array().unwrap().len(), 1);
}

#[test]
fn a_server_that_is_set_is_used_and_the_other_one_brought_along() {
    let shop = Shop::open();
    let done = ended(shop.command("ord_1", &[]).env_remove("SMTP_URL").env_remove("EVENTS_URL"));
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(shop.world("ord_1").requests(), (1, 0, 0));
    let beside = World::read(&shop.db("ord_1").with_extension("db.world.jsonl"), "ord_1");
    assert_eq!(beside.requests(), (0, 1, 1));
}

#[test]
fn without_a_broker_the_event_goes_to_the_log() {
    let shop = Shop::open();
    let done = ended(shop.command("ord_1", &[]).env_remove("EVENTS_URL"));
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(shop.world("ord_1").requests(), (1, 1, 0));
    assert!(done.stderr.contains("order.confirmed"), "{}", done.stderr);
}
