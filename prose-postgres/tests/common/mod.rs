//! A Postgres for the tests, with a schema for each that is gone when the test is over.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::str::FromStr;
use std::time::Duration;

use prose_postgres::{PostgresDatabase, PostgresStore, PostgresStoreBuilder};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};

/// The server's URL; `None` where there is none, which has been told then.
pub(crate) fn url() -> Option<String> {
    prose_test_servers::postgres().map(|server| server.url().to_owned())
}

/// A schema that nobody else uses, dropped with this.
pub(crate) struct Schema {
    pub(crate) url: String,
    pub(crate) name: String,
}

impl Schema {
    pub(crate) fn new(url: String) -> Self {
        Self { url, name: prose_test_servers::unique("prose") }
    }

    pub(crate) fn builder(&self) -> PostgresStoreBuilder {
        // Many tests run at once, and the server has only so many connections.
        PostgresStore::builder(&self.url).schema(&self.name).max_connections(4)
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        self.builder().connect().await.unwrap()
    }

    /// Where unqualified names are found in this schema.
    pub(crate) fn options(&self) -> PgConnectOptions {
        PgConnectOptions::from_str(&self.url).unwrap().options([("search_path", &self.name)])
    }

    pub(crate) fn pool(&self, most: u32) -> PgPool {
        let options = PgPoolOptions::new().max_connections(most).acquire_timeout(Duration::from_secs(10));
        options.connect_lazy_with(self.options())
    }

    /// A database of the application, with a table, and receipts beside it.
    pub(crate) async fn database(&self) -> PostgresDatabase {
        let pool = self.pool(4);
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create schema if not exists {}", self.name)))
            .execute(&pool)
            .await
            .unwrap();
        sqlx::raw_sql("create table if not exists orders (id text)").execute(&pool).await.unwrap();
        PostgresDatabase::new(pool).schema(&self.name).unwrap()
    }
}

/// The orders that are committed.
pub(crate) async fn orders(db: &PostgresDatabase) -> Vec<String> {
    sqlx::query_scalar("select id from orders order by id").fetch_all(db.pool()).await.unwrap()
}

impl Drop for Schema {
    fn drop(&mut self) {
        let (url, name) = (self.url.clone(), self.name.replace('"', "\"\""));
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut sql = PgConnection::connect(&url).await.unwrap();
                let drop = sqlx::AssertSqlSafe(format!("drop schema if exists \"{name}\" cascade"));
                sqlx::raw_sql(drop).execute(&mut sql).await.unwrap();
            });
        });
        dropped.join().unwrap();
    }
}
