//! The whole story: an order is placed, its process is killed behind the payment, and two more calls follow.

mod checks;
mod stage;
mod terminal;

use serde_json::{Value, json};

use self::checks::Checks;
use self::stage::{Called, Stage};
use self::terminal::{block, heading, json_block, note, say};
use crate::failure::Failure;
use crate::shop::order::OrderInput;

const RUN_ID: &str = "ord_abc123";
const STEPS: [&str; 6] =
    ["validate_order", "calculate_total", "charge_payment", "persist_order", "send_confirmation", "orders"];

/// Tells it, and fails where anything is not as promised.
pub(crate) async fn tell() -> Result<(), Failure> {
    let stage = Stage::set(RUN_ID)?;
    let mut calls = Checks::default();

    introduce(&stage)?;
    let crashed = first_call(&stage)?;
    let after_crash = checkpoint(&stage, "The checkpoint that it left behind").await?;
    crash_is_as_told(&mut calls, &crashed, &after_crash);

    let finished = second_call(&stage)?;
    let after_end = checkpoint(&stage, "The checkpoint now").await?;
    end_is_as_told(&mut calls, &finished, &after_end);

    let before = stage.requests()?;
    let repeated = third_call(&stage)?;
    repeat_is_as_told(&mut calls, &finished, &repeated, before == stage.requests()?);

    heading("4", "The three calls, compared with what was promised")?;
    calls.print()?;
    heading("5", "What the outside world saw")?;
    let world = world_is_as_told(&stage).await?;
    world.print()?;
    verdict(calls.wrong() + world.wrong())
}

fn introduce(stage: &Stage) -> Result<(), Failure> {
    terminal::title("An order that survives kill -9")?;
    say(&format!("Runs and orders are in one SQLite file, {}.", stage.db().display()))?;
    say("A payment service, a mail server and a broker stand in for the real ones, in a process of their own.")?;
    say("The order:")?;
    json_block(&OrderInput::example(RUN_ID))
}

fn first_call(stage: &Stage) -> Result<Called, Failure> {
    heading("1", "First call: killed between the payment and the order's row")?;
    let called = stage.call(&["--crash-after", "charge_payment"])?;
    note(called.signal == Some(9), &format!("{}, right behind the commit that holds charge_payment", called.end()))?;
    Ok(called)
}

fn second_call(stage: &Stage) -> Result<Called, Failure> {
    heading("2", "Second call: the same command, and it goes on behind the payment")?;
    let called = stage.call(&[])?;
    note(called.code == Some(0), &called.end())?;
    say("Its result:")?;
    block(&called.stdout)?;
    Ok(called)
}

fn third_call(stage: &Stage) -> Result<Called, Failure> {
    heading("3", "Third call: the saved result, and nothing runs")?;
    let called = stage.call(&[])?;
    note(called.code == Some(0), &called.end())?;
    say("Its result:")?;
    block(&called.stdout)?;
    Ok(called)
}

async fn checkpoint(stage: &Stage, title: &str) -> Result<Value, Failure> {
    let checkpoint = crate::show::load(stage.db(), RUN_ID).await?;
    say(&format!("{title}:"))?;
    json_block(&checkpoint)?;
    Ok(json!(checkpoint))
}

fn crash_is_as_told(checks: &mut Checks, called: &Called, checkpoint: &Value) {
    checks.group("First call");
    checks.equal("the process ends by signal", &json!(9), &json!(called.signal));
    checks.equal("it has printed", &json!(""), &json!(called.stdout));
    checks.equal("flow", &json!("process-order"), &checkpoint["flow_name"]);
    checks.equal("status", &json!("running"), &checkpoint["status"]);
    checks.equal("completed steps", &json!(STEPS[..3]), &checkpoint["completed_steps"]);
    checks.equal("saved total", &json!(118.77), &checkpoint["state"]["total"]);
}

fn end_is_as_told(checks: &mut Checks, called: &Called, checkpoint: &Value) {
    let receipt_id = &checkpoint["state"]["receipt"]["id"];
    let result = json!({ "orderId": RUN_ID, "total": 118.77, "receiptId": receipt_id, "status": "confirmed" });
    checks.group("Second call");
    checks.equal("exit status", &json!(0), &json!(called.code));
    checks.equal("result", &result, &called.result);
    checks.equal("status", &json!("completed"), &checkpoint["status"]);
    checks.equal("completed steps", &json!(STEPS), &checkpoint["completed_steps"]);
    checks.equal("persisted_order_id", &json!(RUN_ID), &checkpoint["state"]["persisted_order_id"]);
}

fn repeat_is_as_told(checks: &mut Checks, finished: &Called, repeated: &Called, nothing_was_asked: bool) {
    checks.group("Third call");
    checks.equal("exit status", &json!(0), &json!(repeated.code));
    checks.equal("result", &finished.result, &repeated.result);
    checks.equal("the outside world was left alone", &json!(true), &json!(nothing_was_asked));
}

async fn world_is_as_told(stage: &Stage) -> Result<Checks, Failure> {
    let mut checks = Checks::default();
    let world = stage.world()?;
    let order_ids = stage.order_ids().await?;
    let keys = |step: &str| json!([format!("{RUN_ID}:{step}")]);

    checks.group("Payment service");
    checks.equal("charges", &json!(1), &json!(world.charges().count()));
    checks.equal("amounts in cents", &json!([11_877]), &json!(world.charges().map(|c| c.amount).collect::<Vec<_>>()));
    checks.equal("keys", &keys("charge_payment"), &json!(world.charges().map(|c| &c.key).collect::<Vec<_>>()));
    checks.equal("requests", &json!(1), &json!(world.payments.len()));

    checks.group("Database");
    checks.equal("order rows", &json!(1), &json!(order_ids.len()));
    checks.equal("order ids", &json!([RUN_ID]), &json!(order_ids));

    checks.group("Mail server");
    checks.equal("mails accepted", &json!(1), &json!(world.accepted_mails().count()));
    checks.equal("keys", &keys("send_confirmation"), &json!(world.mails.iter().map(|m| &m.key).collect::<Vec<_>>()));

    checks.group("Broker");
    checks.equal("events", &json!(1), &json!(world.events.len()));
    checks.equal("channels", &json!(["orders"]), &json!(world.events.iter().map(|e| &e.channel).collect::<Vec<_>>()));
    let kinds: Vec<_> = world.events.iter().map(|published| &published.event["type"]).collect();
    checks.equal("kinds", &json!(["order.confirmed"]), &json!(kinds));
    Ok(checks)
}

fn verdict(wrong: usize) -> Result<(), Failure> {
    match wrong {
        0 => note(true, "All as promised: one charge, one order, one mail, one event."),
        _ => Err(Failure::failed("STORY", format!("{wrong} of these are not as promised"))),
    }
}
