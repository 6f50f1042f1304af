//! Each event once, though some come twice: the two sides of "at least once", as two processes.
//!
//! ```sh
//! nats-server -js &              # or PROSE_TEST_NATS=nats://.. for one that runs elsewhere
//! cargo run --example inbox
//! ```
//!
//! One process runs flows, which publish their events to NATS JetStream; the flows are durable in a SQLite file, `orders.db`. The other
//! (this program once more, with the argument `consume`) adds the events up in a file of its own, `billing.db`, by plain updates. In the
//! middle it is killed with SIGKILL, behind a commit and before its acknowledgement, and started again: what it had not acknowledged is
//! delivered once more. Its [`SqliteInbox`](prose_sqlite::SqliteInbox) tells the repeats, and the sums are right.
//!
//! Read `projection.rs` first: that is all that a consumer has to do. Around it: `order.rs` (the flow and its events), `publishing.rs` (who
//! runs it), `consuming.rs` (the loop over messages), `stream.rs` (what is asked of NATS), `consumer_process.rs` (how the second process is
//! started, heard and killed), `story.rs` (all together).

mod consumer_process;
mod consuming;
mod order;
mod output;
mod projection;
mod publishing;
mod story;
mod stream;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Why it did not go as it should, in words.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Flows that publish events, and a consumer that applies each of them once.
///
/// Without a command it tells the whole story, with a real SIGKILL of a real process. It needs a NATS server with JetStream: the one at
/// PROSE_TEST_NATS, else at 127.0.0.1:4222.
#[derive(Debug, Parser)]
#[command(name = "inbox")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The consumer; ends when its stdin does.
    #[command(hide = true)]
    Consume(consuming::Consume),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        None => story::tell().await,
        Some(Command::Consume(consume)) => consume.run().await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Not `eprintln!`, which panics where nobody listens.
            let _ = writeln!(std::io::stderr(), "{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Where the consumer keeps what it knows.
fn billing_db(folder: &std::path::Path) -> PathBuf {
    folder.join("billing.db")
}
