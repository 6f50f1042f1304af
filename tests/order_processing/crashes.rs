//! A SIGKILL at every step, before and after its commit, and several callers at once.

use std::process::Stdio;

use serde_json::json;

use crate::harness::{STEPS, Shop};

/// What the outside world is asked when the process dies between this step's body and its commit: that once more.
fn requests_after_a_crash_before_the_commit_of(step: &str) -> (usize, usize, usize) {
    match step {
        "charge_payment" => (2, 1, 1),
        "send_confirmation" => (1, 2, 1),
        _ => (1, 1, 1),
    }
}

#[test]
fn a_kill_before_the_commit_of_any_step_repeats_that_step_only() {
    let shop = Shop::open();
    for (done_before, step) in STEPS.iter().enumerate() {
        let run_id = format!("before_{step}");
        shop.run(&run_id, &["--crash-before-commit", step]).assert_killed();
        let checkpoint = shop.checkpoint(&run_id);
        assert_eq!(checkpoint["status"], "running");
        assert_eq!(checkpoint["completed_steps"], json!(STEPS[..done_before]), "{step}");
        shop.finish(&run_id);
        assert_eq!(shop.world(&run_id).requests(), requests_after_a_crash_before_the_commit_of(step), "{step}");
    }
}

#[test]
fn a_kill_after_the_commit_of_any_step_repeats_nothing() {
    let shop = Shop::open();
    for (index, step) in STEPS.iter().enumerate() {
        let run_id = format!("after_{step}");
        shop.run(&run_id, &["--crash-after", step]).assert_killed();
        let checkpoint = shop.checkpoint(&run_id);
        let last = index + 1 == STEPS.len(); // its commit is the run's end as well
        assert_eq!(checkpoint["status"], if last { "completed" } else { "running" });
        assert_eq!(checkpoint["completed_steps"], json!(STEPS[..=index]), "{step}");
        shop.finish(&run_id);
        assert_eq!(shop.world(&run_id).requests(), (1, 1, 1), "{step}");
    }
}

#[test]
fn a_step_is_named_as_on_the_page_too() {
    let shop = Shop::open();
    for step in ["validateOrder", "calculateTotal", "chargePayment", "persistOrder", "sendConfirmation"] {
        let run_id = format!("page_{step}");
        shop.run(&run_id, &["--crash-after", step]).assert_killed();
        shop.finish(&run_id);
    }
}

#[test]
fn a_run_that_is_killed_at_every_step_in_turn_still_does_everything_once() {
    let shop = Shop::open();
    for step in STEPS {
        shop.run("ord_1", &["--crash-before-commit", step]).assert_killed();
        shop.run("ord_1", &["--crash-after", step]).assert_killed();
    }
    shop.finish("ord_1");
}

#[test]
fn a_run_that_several_processes_ask_for_at_once_is_done_once() {
    let shop = Shop::open();
    let callers: Vec<_> = (0..4)
        .map(|_| shop.command("ord_1", &[]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
        .collect();
    let outputs: Vec<_> = callers.into_iter().map(|caller| caller.wait_with_output().unwrap()).collect();
    assert!(outputs.iter().all(|output| output.status.success()), "{outputs:?}");
    assert!(outputs.iter().all(|output| output.stdout == outputs[0].stdout), "{outputs:?}");
    assert_eq!(shop.world("ord_1").requests(), (1, 1, 1));
    assert_eq!(shop.order_rows("ord_1"), 1);
}
