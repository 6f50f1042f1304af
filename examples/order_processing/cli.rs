//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::crash::{CrashPoint, Step};

/// An order that survives `kill -9`.
///
/// Without a command it tells the whole story, with a real SIGKILL of a real process.
#[derive(Debug, Parser)]
#[command(name = "order_processing")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Processes one order; called again with the same run id, goes on where it was or returns the saved result.
    ///
    /// Talks to STRIPE_API_BASE (with STRIPE_SECRET_KEY), SMTP_URL and EVENTS_URL. For what is not set it starts
    /// stand-ins, which remember beside the database, in FILE.world.jsonl.
    ///
    /// The result is on stdout, as JSON. Exit status: 0 done, 1 the flow failed (its error is the last line of stderr,
    /// as JSON), 2 bad arguments or input.
    Run(RunArgs),
    /// Prints the checkpoint of a run as JSON. Exit status 1 if there is no such run, or no such file.
    Show(ShowArgs),
    /// Prints as JSON what the stand-ins beside a database were asked.
    World(WorldArgs),
    /// The stand-ins themselves; ends when its stdin does.
    #[command(hide = true)]
    StandIns {
        /// The file in which they remember.
        #[arg(long, value_name = "FILE")]
        memory: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The SQLite file for runs and orders; made if it does not exist.
    #[arg(long, value_name = "FILE")]
    pub(crate) db: PathBuf,
    /// The run's id. Without --input it is the order's id as well.
    #[arg(long, value_name = "ID")]
    pub(crate) run_id: String,
    /// The order as JSON: {"orderId", "userId", "items": [{"sku", "price", "quantity"}]}. Without it, the example's order.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) input: Option<PathBuf>,
    /// Kill this process right after the commit that holds STEP.
    #[arg(long, value_name = "STEP", conflicts_with = "crash_before_commit")]
    crash_after: Option<Step>,
    /// Kill this process when the body of STEP has run, before its commit.
    #[arg(long, value_name = "STEP")]
    crash_before_commit: Option<Step>,
}

impl RunArgs {
    pub(crate) fn crash_point(&self) -> Option<CrashPoint> {
        self.crash_after.map(CrashPoint::After).or(self.crash_before_commit.map(CrashPoint::BeforeCommit))
    }
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The SQLite file; not made if it does not exist.
    #[arg(long, value_name = "FILE")]
    pub(crate) db: PathBuf,
    /// The run's id.
    #[arg(long, value_name = "ID")]
    pub(crate) run_id: String,
}

#[derive(Debug, Args)]
pub(crate) struct WorldArgs {
    /// The SQLite file beside which the stand-ins remember.
    #[arg(long, value_name = "FILE")]
    pub(crate) db: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn crash_point(option: &str, step: &str) -> Result<Option<CrashPoint>, clap::Error> {
        let words = ["order_processing", "run", "--db", "f", "--run-id", "r", option, step];
        match Cli::try_parse_from(words)?.command {
            Some(Command::Run(args)) => Ok(args.crash_point()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn steps_are_named_as_in_the_flow_or_as_on_the_page() {
        for name in ["charge_payment", "chargePayment"] {
            assert_eq!(crash_point("--crash-after", name).unwrap(), Some(CrashPoint::After(Step::ChargePayment)));
        }
        let before = crash_point("--crash-before-commit", "orders").unwrap();
        assert_eq!(before, Some(CrashPoint::BeforeCommit(Step::Orders)));
        assert!(crash_point("--crash-after", "no_such_step").is_err());
    }
}
