//! A Postgres for the tests, with a schema for each that is gone when the test is over.

#![allow(dead_code, reason = "not every test needs all of it")]

pub(crate) mod proxy;

use std::str::FromStr;
use std::time::Duration;

use prose_postgres::{PostgresDatabase, PostgresStore, PostgresStoreBuilder};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

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

/// Another database on the same server, dropped with this.
pub(crate) struct Database {
    pub(crate) url: String,
    server: String,
    name: String,
}

impl Database {
    pub(crate) async fn new(url: &str) -> Self {
        let name = prose_test_servers::unique("prose");
        let mut sql = PgConnection::connect(url).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("create database {name} encoding 'UTF8' template template0"));
        sqlx::raw_sql(create).execute(&mut sql).await.unwrap();
        let options = PgConnectOptions::from_str(url).unwrap().database(&name);
        Self { url: options.to_url_lossy().to_string(), server: url.to_owned(), name }
    }
}

/// A user without any right, dropped with this.
pub(crate) struct Role {
    pub(crate) name: String,
    url: String,
}

impl Role {
    pub(crate) const PASSWORD: &str = "secret-of-the-test";

    pub(crate) async fn new(url: &str) -> Self {
        let role = Self { name: prose_test_servers::unique("user"), url: url.to_owned() };
        role.as_owner(&format!("create role {} login password '{}'", role.name, Self::PASSWORD)).await;
        role
    }

    /// Runs a statement as the tests' own user.
    pub(crate) async fn as_owner(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }

    /// The schema as this user sees it.
    pub(crate) fn pool(&self, schema: &Schema) -> PgPool {
        let options = schema.options().username(&self.name).password(Self::PASSWORD);
        PgPoolOptions::new().max_connections(2).connect_lazy_with(options)
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        run_apart(&self.url, format!("drop owned by {0}; drop role {0}", self.name));
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        run_apart(&self.server, format!("drop database if exists {} with (force)", self.name));
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        run_apart(&self.url, format!("drop schema if exists \"{}\" cascade", self.name.replace('"', "\"\"")));
    }
}

/// On a thread of its own, because it is called where nobody can await.
fn run_apart(url: &str, sql: String) {
    let url = url.to_owned();
    let run = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        });
    });
    run.join().unwrap();
}

/// A store whose connections are cut again and again, for a while; and how many were.
pub(crate) async fn cut_off(url: String, schema: &Schema) -> (PostgresStore, tokio::task::JoinHandle<i64>) {
    let name = prose_test_servers::unique("cut");
    let with_name = format!("{url}{}application_name={name}", if url.contains('?') { '&' } else { '?' });
    let store = PostgresStore::builder(with_name).schema(&schema.name).max_connections(4).connect().await.unwrap();
    let cutting = tokio::spawn(async move {
        let mut sql = PgConnection::connect(&url).await.unwrap();
        let mut cut = 0;
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            let killed: i64 = sqlx::query_scalar(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = $1",
            )
            .bind(&name)
            .fetch_one(&mut sql)
            .await
            .unwrap();
            cut += killed;
        }
        cut
    });
    (store, cutting)
}
