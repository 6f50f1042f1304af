//! A Postgres for the tests, with a schema for each that is gone when the test is over.

#![allow(dead_code, reason = "not every test needs all of it")]

use prose_postgres::{PostgresStore, PostgresStoreBuilder};
use sqlx::{Connection, PgConnection};

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
