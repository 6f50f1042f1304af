//! Where runs and orders are kept: in an SQLite file, or in Postgres. A `Database` of this service's own, made of two that there are.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use prose::{Beginning, Begun, Database, DatabaseError, Record, Store, StoreError};
use prose_postgres::{PostgresDatabase, PostgresStore};
use prose_sqlite::{SqliteDatabase, SqliteStore};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::shop::order::OrderInput;

/// An order's id is not unique in the table, on purpose: if the transaction were ever done twice, there would be two rows to see.
const SQLITE_TABLE: &str = "create table if not exists orders (
    row integer primary key,
    order_id text not null,
    user_id text not null,
    total real not null,
    receipt_id text not null
)";

const POSTGRES_TABLE: &str = "create table if not exists orders (
    row bigint generated always as identity primary key,
    order_id text not null,
    user_id text not null,
    total double precision not null,
    receipt_id text not null
)";

/// Of several instances that start at once, one creates the table.
const ONE_AT_A_TIME: &str = "select pg_advisory_xact_lock(hashtextextended('order_service.orders', 0))";

/// Where things are kept, by `DATABASE_URL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Place {
    /// `postgres://..`, `sqlite:path`, or nothing, which is `orders.db` here.
    pub(crate) fn of(url: Option<String>) -> Result<Self, String> {
        let Some(url) = url else { return Ok(Self::Sqlite("orders.db".into())) };
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return named(url).map(Self::Postgres);
        }
        match url.strip_prefix("sqlite://").or(url.strip_prefix("sqlite:")) {
            Some(path) if path.contains('?') => {
                Err("DATABASE_URL: sqlite:path takes no options behind a `?`".to_owned())
            }
            Some(path) if path.starts_with(':') => {
                Err("DATABASE_URL: runs are to survive, so they need a file".to_owned())
            }
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            _ => Err("DATABASE_URL is neither postgres://.. nor sqlite:path/to/file.db".to_owned()),
        }
    }

    /// The file beside which the stand-ins remember, if they are needed.
    pub(crate) fn file(&self) -> PathBuf {
        match self {
            Self::Sqlite(path) => path.clone(),
            Self::Postgres(_) => "order_service".into(),
        }
    }

    /// Opens the store of runs, and the database of orders, which are the same.
    pub(crate) async fn open(&self) -> Result<(Arc<dyn Store>, OrdersDatabase), OpenError> {
        match self {
            Self::Sqlite(path) => {
                let store = SqliteStore::open(path).await?;
                let db = store.database().await?;
                sqlx::query(SQLITE_TABLE).execute(db.pool()).await?;
                Ok((Arc::new(store), OrdersDatabase::Sqlite(db)))
            }
            Self::Postgres(url) => {
                let store = PostgresStore::connect(url).await?;
                let pool = PgPoolOptions::new().max_connections(10).connect(url).await?;
                create_table(&pool).await?;
                Ok((Arc::new(store), OrdersDatabase::Postgres(PostgresDatabase::new(pool))))
            }
        }
    }
}

/// Without a name it would be the database of whoever is logged in, in which nobody expects these tables.
fn named(url: String) -> Result<String, String> {
    match PgConnectOptions::from_str(&url) {
        Ok(options) if options.get_database().is_some_and(|name| !name.is_empty()) => Ok(url),
        Ok(_) => Err("DATABASE_URL names no database: postgres://server/name".to_owned()),
        Err(error) => Err(format!("DATABASE_URL: {error}")),
    }
}

async fn create_table(pool: &PgPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query(ONE_AT_A_TIME).execute(&mut *tx).await?;
    sqlx::query(POSTGRES_TABLE).execute(&mut *tx).await?;
    tx.commit().await
}

/// The service has nowhere to keep things.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the database of orders cannot be used: {0}")]
    Orders(#[from] sqlx::Error),
}

/// The database of orders.
#[derive(Debug)]
pub(crate) enum OrdersDatabase {
    Sqlite(SqliteDatabase),
    Postgres(PostgresDatabase),
}

/// An open transaction on it.
pub(crate) enum OrdersTx {
    Sqlite(<SqliteDatabase as Database>::Open),
    Postgres(<PostgresDatabase as Database>::Open),
}

impl OrdersTx {
    /// Stores an order.
    pub(crate) async fn insert(&mut self, order: &OrderInput, total: f64, receipt_id: &str) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(open) => {
                sqlx::query("insert into orders (order_id, user_id, total, receipt_id) values (?, ?, ?, ?)")
                    .bind(&order.order_id)
                    .bind(&order.user_id)
                    .bind(total)
                    .bind(receipt_id)
                    .execute(&mut **SqliteDatabase::tx(open))
                    .await?;
            }
            Self::Postgres(open) => {
                sqlx::query("insert into orders (order_id, user_id, total, receipt_id) values ($1, $2, $3, $4)")
                    .bind(&order.order_id)
                    .bind(&order.user_id)
                    .bind(total)
                    .bind(receipt_id)
                    .execute(&mut **PostgresDatabase::tx(open))
                    .await?;
            }
        }
        Ok(())
    }
}

/// Hands each call on to the database that there is.
impl Database for OrdersDatabase {
    type Tx = OrdersTx;
    type Open = OrdersTx;

    async fn begin(&self, beginning: Beginning<'_>) -> Result<Begun<OrdersTx>, DatabaseError> {
        Ok(match self {
            Self::Sqlite(db) => opened(db.begin(beginning).await?, OrdersTx::Sqlite),
            Self::Postgres(db) => opened(db.begin(beginning).await?, OrdersTx::Postgres),
        })
    }

    fn is_home_of(&self, store: &dyn Store) -> bool {
        match self {
            Self::Sqlite(db) => db.is_home_of(store),
            Self::Postgres(db) => db.is_home_of(store),
        }
    }

    fn tx(open: &mut OrdersTx) -> &mut OrdersTx {
        open
    }

    async fn commit(&self, open: OrdersTx, record: Option<Record<'_>>) -> Result<(), DatabaseError> {
        match (self, open) {
            (Self::Sqlite(db), OrdersTx::Sqlite(open)) => db.commit(open, record).await,
            (Self::Postgres(db), OrdersTx::Postgres(open)) => db.commit(open, record).await,
            _ => unreachable!("a database is given the transactions that it has begun"),
        }
    }
}

fn opened<O>(begun: Begun<O>, of: impl Fn(O) -> OrdersTx) -> Begun<OrdersTx> {
    match begun {
        Begun::Open(open) => Begun::Open(of(open)),
        Begun::WithReceipt(open) => Begun::WithReceipt(of(open)),
        Begun::Done(given) => Begun::Done(given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_tells_where() {
        let place = |url: &str| Place::of(Some(url.to_owned()));
        assert_eq!(Place::of(None), Ok(Place::Sqlite("orders.db".into())));
        assert_eq!(place("sqlite:a/b.db"), Ok(Place::Sqlite("a/b.db".into())));
        assert_eq!(place("postgres://localhost/x"), Ok(Place::Postgres("postgres://localhost/x".into())));
        for refused in ["mysql://x", "sqlite:", "sqlite:x.db?mode=ro", "sqlite::memory:", "file:x.db", "x.db"] {
            assert!(place(refused).is_err(), "{refused}");
        }
        if std::env::var_os("PGDATABASE").is_none() {
            for nameless in ["postgres://", "postgres://localhost", "postgres://localhost/", "postgres://:x"] {
                assert!(place(nameless).is_err(), "{nameless}");
            }
        }
    }
}
