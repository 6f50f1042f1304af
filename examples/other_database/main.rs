//! A flow whose transactions run in a library that prose has no crate for: here tokio-postgres. See `database.rs`.
//!
//! ```text
//! cargo run --example other_database     on the Postgres at PROSE_TEST_POSTGRES, else at postgres://postgres@127.0.0.1:5432/postgres
//! ```
//!
//! It opens an account in a table of its own, twice under one run id: the second call returns the first one's result. `tests.rs` shows
//! what the receipts are for.

mod database;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use prose::{Ctx, MemoryStore, flow};
use tokio_postgres::Config;

use database::TokioPostgres;

pub(crate) struct Bank {
    db: TokioPostgres,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum BankError {
    #[error("Postgres: {0}")]
    Postgres(#[from] tokio_postgres::Error),
    #[error("the notary is out")]
    NoNotary,
}

/// Opens an account, and has it certified.
#[flow]
pub(crate) async fn open_account(ctx: Ctx<Bank>, (owner, notary_is_in): (String, bool)) -> Result<i32, BankError> {
    #[transaction(tx = ctx.deps.db, isolation = "repeatable read", retry(max_attempts = 3, delay = "50ms"))]
    let number: i32 = {
        let row = tx.query_one("insert into accounts (owner) values ($1) returning number", &[&owner]).await?;
        row.get(0)
    };

    #[step]
    'certify: {
        if !notary_is_in {
            return Err(BankError::NoNotary);
        }
    }
    Ok(number)
}

/// The server that the tests use as well.
pub(crate) fn config() -> Result<Config, tokio_postgres::Error> {
    let given = std::env::var("PROSE_TEST_POSTGRES").ok();
    given.unwrap_or_else(|| "postgres://postgres@127.0.0.1:5432/postgres".to_owned()).parse()
}

/// A bank in a schema of its own, so that it leaves nothing behind.
pub(crate) async fn open_bank(mut config: Config, schema: &str) -> Result<Arc<Bank>, tokio_postgres::Error> {
    let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(&format!("create schema {schema}")).await?;
    config.options(format!("-c search_path={schema}"));
    let db = TokioPostgres::open(config).await?;
    let table = "create table accounts (number serial primary key, owner text not null)";
    db.connect().await?.batch_execute(table).await?;
    Ok(Arc::new(Bank { db }))
}

pub(crate) async fn close_bank(bank: &Bank, schema: &str) -> Result<(), tokio_postgres::Error> {
    bank.db.connect().await?.batch_execute(&format!("drop schema {schema} cascade")).await
}

#[allow(clippy::print_stdout, reason = "an example tells what it does")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let schema = format!("prose_other_database_{}", std::process::id());
    let bank = open_bank(config()?, &schema).await.map_err(|error| {
        format!("no Postgres: {error}. Start one (docker run -p 5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust postgres), or set PROSE_TEST_POSTGRES")
    })?;
    let store = MemoryStore::new();
    let call = || open_account(("Ada".to_owned(), true)).deps(Arc::clone(&bank)).durable(&store, "ada");
    println!("account {}, and once more: account {}", call().await?, call().await?);
    close_bank(&bank, &schema).await?;
    Ok(())
}
