//! The floors: what is possible on this machine without a library for durable flows, and what one would write by hand.
//!
//! | system | what it does for a step |
//! |---|---|
//! | `raw-log` | appends a record to a file, and `fdatasync` |
//! | `sqlite-insert` | inserts a row, rusqlite, WAL, `synchronous=FULL` |
//! | `hand-naive` | sqlx on SQLite: one table of steps, looked at when a run starts; an insert for each step |
//! | `hand-grouped` | the same, the inserts of all that waits in one transaction |
//! | `postgres-insert` | inserts a row, tokio-postgres, each in a transaction of its own |
//! | `postgres-unnest` | inserts all that waits by one statement, on two connections |
//!
//! Records and rows have the bytes of a commit of prose ([`bench_protocol::COMMIT_BYTES`]). One at a time, `raw-log` and `sqlite-insert` write on
//! the caller's own thread; several share a thread that writes all that waits, then syncs once. Transactions of row c cannot be
//! done together: their callers wait for one another.

mod by_hand;
mod callers;
mod grouped;
mod postgres;
mod raw_log;
mod record;
mod sqlite;

use bench_protocol::{Args, unsupported};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Error> = std::result::Result<T, E>;

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::of_process();
    match (args.system.as_str(), args.row) {
        ("raw-log", 'a') => raw_log::steps(&args).await,
        ("sqlite-insert", 'a' | 'd') => sqlite::steps(&args).await,
        ("sqlite-insert", 'c') => sqlite::transactions(&args).await,
        ("hand-naive", 'a') => by_hand::naive(&args).await,
        ("hand-grouped", 'a') => by_hand::grouped(&args).await,
        ("postgres-insert", 'a') => postgres::steps(&args).await,
        ("postgres-insert", 'c') => postgres::transactions(&args).await,
        ("postgres-unnest", 'a' | 'd') => postgres::batched_steps(&args).await,
        (system, row) => {
            unsupported(&format!("{system} has no row {row}"));
            Ok(())
        }
    }
}
