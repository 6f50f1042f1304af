//! Where the runs are: a SQLite file, or a schema of a Postgres, of this measurement alone.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prose::{EngineBuilder, Store};
use prose_postgres::PostgresStore;
use prose_sqlite::SqliteStore;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::Result;
use super::flows::Seen;

/// A store's place; removed with this, where this made it.
pub(crate) struct Place {
    kind: Kind,
    folder: Option<tempfile::TempDir>,
}

enum Kind {
    Sqlite(PathBuf),
    Postgres { schema: String, url: String },
}

impl Place {
    /// An empty one: in the Postgres at this URL, else in a file.
    pub(crate) fn new(postgres: Option<&str>) -> Result<Self> {
        if let Some(url) = postgres {
            let kind = Kind::Postgres { schema: prose_test_servers::unique("bench"), url: url.to_owned() };
            return Ok(Self { kind, folder: None });
        }
        let folder = tempfile::tempdir()?;
        Ok(Self { kind: Kind::Sqlite(folder.path().join("runs.db")), folder: Some(folder) })
    }

    /// The one that another process has [written](Self::text).
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (kind, rest) = text.split_once(' ').ok_or("no place")?;
        let kind = match (kind, rest.split_once(' ')) {
            ("postgres", Some((schema, url))) => Kind::Postgres { schema: schema.to_owned(), url: url.to_owned() },
            _ => Kind::Sqlite(rest.into()),
        };
        Ok(Self { kind, folder: None })
    }

    pub(crate) fn text(&self) -> String {
        match &self.kind {
            Kind::Sqlite(path) => format!("sqlite {}", path.display()),
            Kind::Postgres { schema, url } => format!("postgres {schema} {url}"),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        if self.is_sqlite() { "SQLite" } else { "Postgres" }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.kind, Kind::Sqlite(_))
    }

    pub(crate) async fn store(&self) -> Result<Arc<dyn Store>> {
        Ok(match &self.kind {
            Kind::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
            Kind::Postgres { schema, url } => Arc::new(PostgresStore::builder(url).schema(schema).connect().await?),
        })
    }

    /// The store, and an engine on it that is to be started.
    pub(crate) async fn engine(&self, seen: &Arc<Seen>) -> Result<(Arc<dyn Store>, EngineBuilder<Seen>)> {
        let store = self.store().await?;
        Ok((Arc::clone(&store), super::flows::engine(&store, seen)))
    }

    /// Executes a statement, in the words of the store.
    pub(crate) async fn execute(&self, sqlite: &str, postgres: &str) -> Result<()> {
        match &self.kind {
            Kind::Sqlite(path) => {
                let mut connection = connect(path).await?;
                sqlx::raw_sql(AssertSqlSafe(sqlite)).execute(&mut connection).await?;
                connection.close().await?;
            }
            Kind::Postgres { schema, url } => {
                let mut connection = PgConnection::connect(url).await?;
                let text = format!("set search_path = {schema}; set synchronous_commit = off; {postgres}");
                sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }

    /// How many runs have this status in their rows.
    pub(crate) async fn count(&self, status: &str) -> Result<i64> {
        Ok(match &self.kind {
            Kind::Sqlite(path) => {
                let query = sqlx::query_scalar("select count(*) from prose_runs where status = $1");
                query.bind(status).fetch_one(&mut connect(path).await?).await?
            }
            Kind::Postgres { schema, url } => {
                let text = format!("select count(*) from {schema}.runs where status = $1");
                let query = sqlx::query_scalar(AssertSqlSafe(text)).bind(status);
                query.fetch_one(&mut PgConnection::connect(url).await?).await?
            }
        })
    }

    /// Waits until so many have it.
    pub(crate) async fn until(&self, status: &str, runs: u32) -> Result<()> {
        for _ in 0..6_000 {
            if self.count(status).await? >= i64::from(runs) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("in ten minutes {runs} runs have not become `{status}`").into())
    }

    /// A connection that writes a row beside the runs' tables, to measure the disk with.
    pub(crate) async fn bare(&self) -> Result<Bare> {
        const TABLE: &str = "create table if not exists bare (at integer, text text)";
        Ok(match &self.kind {
            Kind::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path.with_extension("bare")).create_if_missing(true);
                let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
                let mut connection = options.connect().await?;
                sqlx::raw_sql(TABLE).execute(&mut connection).await?;
                Bare::Sqlite(connection)
            }
            Kind::Postgres { schema, url } => {
                let mut connection = PgConnection::connect(url).await?;
                let text = format!("set search_path = {schema}; set synchronous_commit = on; {TABLE}");
                sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await?;
                Bare::Postgres(connection)
            }
        })
    }

    /// Removes it.
    pub(crate) async fn remove(self) -> Result<()> {
        if let Kind::Postgres { schema, url } = &self.kind {
            let mut connection = PgConnection::connect(url).await?;
            sqlx::raw_sql(AssertSqlSafe(format!("drop schema if exists {schema} cascade")))
                .execute(&mut connection)
                .await?;
        }
        self.folder.map_or(Ok(()), tempfile::TempDir::close)?;
        Ok(())
    }
}

/// Writes a row with each insert, and waits for the disk.
pub(crate) enum Bare {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Bare {
    /// How long one took.
    pub(crate) async fn insert(&mut self) -> Result<Duration> {
        const INSERT: &str = "insert into bare (at, text) values ($1, $2)";
        let (began, text) = (Instant::now(), "x".repeat(100));
        match self {
            Self::Sqlite(connection) => {
                sqlx::query(INSERT).bind(1).bind(text).execute(connection).await?;
            }
            Self::Postgres(connection) => {
                sqlx::query(INSERT).bind(1).bind(text).execute(connection).await?;
            }
        }
        Ok(began.elapsed())
    }
}

async fn connect(path: &PathBuf) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(60));
    options.pragma("cache_size", "-200000").connect().await
}
