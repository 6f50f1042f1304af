//! An order that survives `kill -9`: payment, database, mail and event, each exactly as often as it should be.
//!
//! ```sh
//! cargo run --example order_processing            # the whole story, with a real SIGKILL
//! cargo run --example order_processing -- --help  # one order at a time
//! ```
//!
//! Read `flow.rs` first. Around it: `../shop/` (the data of an order, clients for payment, mail and events, stand-ins for the outside
//! world), `orders.rs` (the table), `run.rs` (how it is called), `crash.rs` (how it is killed), `story.rs`.

mod cli;
mod crash;
mod failure;
mod flow;
mod orders;
mod progress;
mod run;
#[path = "../shop/mod.rs"]
mod shop;
mod show;
mod story;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr();
    match execute(cli.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn execute(command: Option<Command>) -> Result<(), Failure> {
    match command {
        None => story::tell().await,
        Some(Command::Run(args)) => run::run(&args).await,
        Some(Command::Show(args)) => show::show(&args).await,
        Some(Command::World(args)) => show::world(&args),
        Some(Command::StandIns { memory }) => Ok(shop::stand_ins::serve(&memory).await?),
    }
}

/// What else is logged goes to stderr as well, since stdout carries the result.
fn log_to_stderr() {
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colours).with_target(false).without_time().init();
}
