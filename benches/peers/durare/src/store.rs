//! The databases: durare's own tables, and the application's beside them.

use std::str::FromStr;
use std::sync::Arc;

use bench_peers::{Failure, Outcome};
use bench_protocol::{Args, setting};
use durare::{PostgresProvider, SqliteProvider, StateProvider};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use crate::flows;

/// Its default is 5. On SQLite one writes at a time, and who waits for that naps; with two, one reads while the other commits, and more are
/// in each other's way.
const SQLITE_CONNECTIONS: u32 = 2;

/// Its default is 8, which its guide calls fit for modest services.
const POSTGRES_CONNECTIONS: u32 = 24;

/// Of its tables on Postgres; the connection that it migrates with stays there, so the application's tables have to be there too.
const SCHEMA: &str = "dbos";

/// A database with durare's tables in it.
#[derive(Clone)]
pub(crate) enum Store {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Store {
    /// The one of this system.
    pub(crate) async fn open(args: &Args) -> Result<Self, Failure> {
        match args.system.as_str() {
            "durare-sqlite" => Self::sqlite(args).await,
            "durare-postgres" => Self::postgres(args).await,
            other => Err(format!("this is durare, not {other}").into()),
        }
    }

    /// As its `connect` does, except for what is told in the settings.
    async fn sqlite(args: &Args) -> Result<Self, Failure> {
        let options = SqliteConnectOptions::new()
            .filename(args.dir.join("durare.db"))
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(std::time::Duration::from_secs(5));
        let pool = SqlitePoolOptions::new().max_connections(SQLITE_CONNECTIONS).connect_with(options).await?;
        Ok(Self::Sqlite(pool))
    }

    async fn postgres(args: &Args) -> Result<Self, Failure> {
        let options = PgConnectOptions::from_str(args.database()?)?.options([("search_path", SCHEMA)]);
        let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).connect_with(options).await?;
        sqlx::query("create schema if not exists dbos").execute(&pool).await?;
        Ok(Self::Postgres(pool))
    }

    pub(crate) fn provider(&self) -> Result<Arc<dyn StateProvider>, Failure> {
        Ok(match self {
            Self::Sqlite(pool) => Arc::new(SqliteProvider::from_pool(pool.clone())),
            Self::Postgres(pool) => Arc::new(PostgresProvider::from_pool_with_schema(pool.clone(), SCHEMA)?),
        })
    }

    /// Prints what matters for speed and durability, as the database itself tells it.
    pub(crate) async fn print_settings(&self) -> Outcome {
        match self {
            Self::Sqlite(pool) => {
                let synchronous: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(pool).await?;
                let journal: String = sqlx::query_scalar("pragma journal_mode").fetch_one(pool).await?;
                if synchronous < 2 {
                    return Err(format!("not durable: synchronous is {synchronous}").into());
                }
                setting(&format!("pool={SQLITE_CONNECTIONS} (default 5)"));
                setting(&format!("synchronous={synchronous} (FULL; its connect() sets NORMAL, which is not durable)"));
                setting(&format!("journal_mode={journal}"));
            }
            Self::Postgres(pool) => {
                let commit: String = sqlx::query_scalar("show synchronous_commit").fetch_one(pool).await?;
                setting(&format!("pool={POSTGRES_CONNECTIONS} (default 8)"));
                setting(&format!("synchronous_commit={commit}"));
            }
        }
        Ok(())
    }

    /// Does this to the application's tables, in front of the work.
    pub(crate) async fn prepare(&self, sql: &'static str) -> Outcome {
        match self {
            Self::Sqlite(pool) => sqlx::raw_sql(sql).execute(pool).await.map(drop)?,
            Self::Postgres(pool) => sqlx::raw_sql(sql).execute(pool).await.map(drop)?,
        }
        Ok(())
    }

    /// How a transaction reads the counter of row c before it writes it.
    pub(crate) fn reads(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => flows::COUNT,
            Self::Postgres(_) => flows::COUNT_LOCKED,
        }
    }

    /// What the counter of row c says.
    pub(crate) async fn counted(&self) -> Result<usize, Failure> {
        self.number(flows::COUNT).await
    }

    /// How many durable timers are set.
    pub(crate) async fn sleeps(&self) -> Result<usize, Failure> {
        self.number("select count(*) from operation_outputs where function_name = 'DBOS.sleep'").await
    }

    async fn number(&self, sql: &'static str) -> Result<usize, Failure> {
        let number: i64 = match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await?,
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await?,
        };
        Ok(usize::try_from(number)?)
    }
}
