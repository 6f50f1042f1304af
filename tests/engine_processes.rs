//! Engines of several processes on one store, of which some die, are stopped, or drain.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test that called it")]
#![cfg(unix)]

#[path = "engine_processes/flows.rs"]
mod flows;
#[path = "engine_processes/ground.rs"]
mod ground;
#[path = "engine_processes/joins.rs"]
mod joins;
#[path = "engine_processes/parts.rs"]
mod parts;
#[path = "engine_processes/poison.rs"]
mod poison;
#[path = "engine_processes/takeover.rs"]
mod takeover;

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((part, place)) = prose_store_tests::process::part() else { return };
    ground::runtime().block_on(parts::play(&part, &place));
    // What listens on stdin, if anything does, is not waited for.
    std::process::exit(0);
}
