//! What rust-analyzer shows inside of a flow: completion and go-to-definition, also while a line is half-typed.
//!
//! Needs rust-analyzer and the standard library's source: `rustup component add rust-analyzer rust-src`. Another rust-analyzer is named
//! by `PROSE_TEST_RUST_ANALYZER`, the source by rust-analyzer's own `RUST_SRC_PATH`. Without them it says so and tests nothing, or fails under
//! `PROSE_TEST_REQUIRE_EDITOR=1`. That the project which it opens is sound is compiled everywhere: `sound` below.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

#[path = "editor/client.rs"]
mod client;
#[path = "editor/flow.rs"]
mod flow;
#[path = "editor/project.rs"]
mod project;
#[path = "editor/server.rs"]
mod server;
#[path = "editor/session.rs"]
mod session;
/// What rust-analyzer opens, as rustc sees it: rust-analyzer's own errors are not all of rustc's.
#[path = "editor/lib.rs.txt"]
#[rustfmt::skip] // its lines are what is typed in
#[allow(dead_code, unreachable_pub, missing_docs, reason = "a library of its own, opened in the editor")]
mod sound;

use flow::Flow;
use session::Session;

#[test]
fn rust_analyzer_works_inside_of_a_flow() {
    let found = match server::rust_analyzer() {
        Ok(found) => found,
        Err(missing) if std::env::var_os("PROSE_TEST_REQUIRE_EDITOR").is_some() => panic!("{missing}"),
        Err(missing) => return server::tell(&format!("SKIPPED: {missing}")),
    };
    let mut editor = Session::start(&found);
    nothing_is_underlined_in_a_sound_flow(&mut editor);
    completion_inside_of_a_step(&mut editor);
    completion_while_half_typed(&mut editor);
    completion_in_an_attribute(&mut editor);
    completion_in_a_flow_that_breaks_a_rule(&mut editor);
    definitions(&mut editor);
    definitions_beside_a_half_typed_line(&mut editor);
    editor.stop();
}

fn nothing_is_underlined_in_a_sound_flow(editor: &mut Session) {
    editor.open(&Flow::sound());
    assert_eq!(editor.diagnostics(), [""; 0]);
}

fn completion_inside_of_a_step(editor: &mut Session) {
    let flow = Flow::sound();
    // Fields of the dependencies, of a variable of an earlier step, of the input; the context's methods; the transaction's.
    editor.offers(&flow.cursor_behind("receipt: Receipt = ctx.deps."), &["stripe", "mailer", "db"]);
    editor.offers(&flow.cursor_behind("&receipt."), &["id", "total"]);
    editor.offers(&flow.cursor_behind("charge(&input."), &["user_id", "items"]);
    editor.offers(&flow.cursor_behind("total, ctx."), &["idempotency_key", "attempt"]);
    editor.offers(&flow.cursor_behind("    tx."), &["insert"]);
    // Names, in the middle of one and at its end, which is a variable's already.
    editor.offers(&flow.cursor_behind("send(&input.user_id, &rec"), &["receipt"]);
    editor.offers(&flow.cursor_behind("send(&input.user_id, &receipt"), &["receipt"]);
    editor.offers(&flow.cursor_behind("Ok(order_"), &["order_id"]);
    // Where several bodies run at once.
    editor.offers(&flow.cursor_behind("if order."), &["user_id", "items"]);
    editor.offers(&flow.cursor_behind("double: u64 = slip."), &["id", "total"]);
    editor.offers(&flow.cursor_behind("= again."), &["id", "total"]);
    editor.offers(&flow.cursor_behind("other."), &["len"]);
    editor.offers(&flow.cursor_behind("user_id: slip."), &["id", "total"]);
    // Deep inside of control flow.
    editor.offers(&flow.cursor_behind("if total > limit && ctx.deps."), &["stripe", "mailer"]);
}

fn completion_while_half_typed(editor: &mut Session) {
    for (typed, offered) in [
        ("let more: u64 = ctx.deps.$0", ["stripe", "mailer"]),
        ("let more: u64 = ctx.deps.$0;", ["stripe", "mailer"]),
        ("let more: u64 = receipt.$0", ["id", "total"]),
        ("let more: u64 = ctx.deps.stripe.charge(&receipt.$0", ["id", "total"]),
        ("let more: u64 = ctx.deps.stripe.charge(&input.user_id, rec$0", ["receipt", "input"]),
        ("let more: u64 = ctx.deps.stripe.charge(&input.$0).await", ["user_id", "items"]),
        ("let more: u64 = $0", ["receipt", "total"]),
        ("let more: u64 = if receipt.$0", ["id", "total"]),
        ("let more: u64 = match receipt.$0 {", ["id", "total"]),
        ("let more: Rec$0", ["Receipt", "Result"]),
        ("'more: { ctx.deps.$0 }", ["stripe", "mailer"]),
        ("'more: { for item in &input.$0 }", ["user_id", "items"]),
        ("'more: { ctx.deps.mailer.send(&receipt.$0 }", ["id", "total"]),
    ] {
        editor.offers(&Flow::with_step(typed), &offered);
        editor.offers(&Flow::with_plain(typed), &offered);
    }
    for (typed, offered) in [
        ("for item in &input.items { #[step] 'more: { ctx.deps.mailer.send(item, &receipt.$0 } }", ["id", "total"]),
        ("match total { 0 => {} more => { #[step] let more: Receipt = ctx.deps.$0 } }", ["stripe", "mailer"]),
        ("#[each] let more: Vec<u64> = for item in &input.items { receipt.$0 };", ["id", "total"]),
        ("#[each] let more: Vec<u64> = for item in &input.$0", ["user_id", "items"]),
        ("#[parallel] let (a, b): (u64, u64) = (#[step] receipt.$0, #[step] 1);", ["id", "total"]),
        ("#[parallel] let (a, b): (u64, u64) = (#[step] 1, #[step] ctx.deps.$0", ["stripe", "mailer"]),
        ("#[child] let more: String = process_order(OrderInput { user_id: receipt.$0", ["id", "total"]),
        ("#[step(compensate = { ctx.deps.$0 })] let more: u64 = total;", ["stripe", "mailer"]),
        (
            "#[step(retry(max_attempts = 2, when = |error| error.$0))] let more: u64 = total;",
            ["is_transient", "to_string(as ToString)"],
        ),
    ] {
        editor.offers(&Flow::with_plain(typed), &offered);
    }
}

fn completion_in_an_attribute(editor: &mut Session) {
    let flow = Flow::sound();
    editor.offers(&flow.cursor_behind("tx = ctx.deps."), &["db"]);
    editor.offers(&flow.cursor_behind("when = OrderError::"), &["is_transient"]);
}

fn completion_in_a_flow_that_breaks_a_rule(editor: &mut Session) {
    let flow = Flow::with_plain("let late: u64 = ctx.deps.stripe.charge(&input.user_id, total, None).await?.total;");
    assert!(editor.diagnostics_of(&flow).iter().any(|message| message.contains("`.await`")));
    editor.offers(&flow.cursor_behind("&receipt."), &["id", "total"]);
    editor.offers(&flow.cursor_behind("late: u64 = ctx.deps."), &["stripe", "mailer"]);
}

fn definitions(editor: &mut Session) {
    let flow = Flow::sound();
    editor.leads(&flow.cursor_in("&receipt.id"), "let receipt: Receipt");
    editor.leads(&flow.cursor_in("receipt.total == 0"), "let receipt: Receipt");
    editor.leads(&flow.cursor_in("charge(&input"), "async fn charge");
    editor.leads(&flow.cursor_in("mailer.send"), "mailer: Mailer");
    editor.leads(&flow.cursor_in("ctx.deps.mailer"), "ctx: Ctx<Deps>");
    editor.leads(&flow.cursor_in("input.items.is_empty"), "input: OrderInput");
    editor.leads(&flow.cursor_in("total > limit {"), "Totals { tax, total }");
    editor.leads(&flow.cursor_in("is_transient))"), "fn is_transient");
    editor.leads(&flow.cursor_in("process_order(input)"), "async fn process_order");
}

fn definitions_beside_a_half_typed_line(editor: &mut Session) {
    for typed in ["let more: u64 = receipt.", "let more: u64 = ctx.deps.stripe.charge(", "let more: u64 ="] {
        let flow = Flow::with_step(typed);
        editor.leads(&flow.cursor_in("charge(&input"), "async fn charge");
        editor.leads(&flow.cursor_in("&receipt.id"), "let receipt: Receipt");
        editor.leads(&flow.cursor_in("ctx.deps.mailer"), "ctx: Ctx<Deps>");
    }
}
