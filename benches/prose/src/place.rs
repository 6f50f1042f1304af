//! Where the runs are kept, and the application's rows.

use std::sync::Arc;

use bench_protocol::{Args, setting};
use prose::{MemoryStore, Store};
use prose_postgres::{PostgresDatabase, PostgresStore};
use prose_sqlite::{SqliteDatabase, SqliteStore};
use sqlx::postgres::PgPoolOptions;

use crate::Result;

/// How many connections the application has for its transactions.
const CONNECTIONS: u32 = 32;

/// The store of the system that is measured.
pub(crate) async fn store(args: &Args) -> Result<Arc<dyn Store>> {
    Ok(match args.system.as_str() {
        "prose-memory" => {
            setting("not durable: the store is in the process's memory");
            Arc::new(MemoryStore::new())
        }
        "prose-sqlite" => Arc::new(sqlite(args).await?),
        "prose-postgres" => Arc::new(postgres(args).await?),
        other => return Err(format!("there is no system {other}").into()),
    })
}

async fn sqlite(args: &Args) -> Result<SqliteStore> {
    setting("WAL, synchronous=FULL (what the store does by itself)");
    Ok(SqliteStore::open(args.dir.join("runs.db")).await?)
}

async fn postgres(args: &Args) -> Result<PostgresStore> {
    setting("max_connections=10 (as it comes)");
    Ok(PostgresStore::connect(args.database()?).await?)
}

/// The store, and a database of the application in the same place; SQLite or Postgres.
pub(crate) enum Both {
    Sqlite(SqliteStore, SqliteDatabase),
    Postgres(PostgresStore, PostgresDatabase),
}

/// `None` for the memory, which has no transactions.
pub(crate) async fn both(args: &Args) -> Result<Option<Both>> {
    Ok(Some(match args.system.as_str() {
        "prose-sqlite" => {
            let store = sqlite(args).await?;
            let db = store.database().await?;
            Both::Sqlite(store, db)
        }
        "prose-postgres" => {
            let most = CONNECTIONS.min(args.concurrency as u32);
            setting(&format!("the application's pool: as many as runs at once, at most {CONNECTIONS}"));
            let pool = PgPoolOptions::new().min_connections(most).max_connections(most).test_before_acquire(false);
            let db = PostgresDatabase::new(pool.connect(args.database()?).await?);
            Both::Postgres(postgres(args).await?, db)
        }
        _ => return Ok(None),
    }))
}
