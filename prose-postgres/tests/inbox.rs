//! The inbox on a real server: first and repeated deliveries, one after the other and at once, hostile ids, forgetting, and all
//! that can be wrong when it is opened. That each event is applied once is in `inbox_exactly_once.rs`.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::HashSet;
use std::time::Duration;

use common::Schema;
use prose_postgres::{Delivery, InboxError, PostgresInbox};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgPool, Postgres, Transaction};

/// A database with an inbox in a schema of its own.
struct Consumer {
    pool: PgPool,
    inbox: PostgresInbox,
    schema: Schema,
}

impl Consumer {
    async fn new() -> Option<Self> {
        let schema = Schema::new(common::url()?);
        let pool = pool(&schema.url).await;
        let inbox = open(&pool, &schema).await.unwrap();
        Some(Self { pool, inbox, schema })
    }

    async fn begin(&self) -> Transaction<'static, Postgres> {
        self.pool.begin().await.unwrap()
    }

    /// A delivery whose transaction is committed.
    async fn delivered(&self, event_id: &str) -> Delivery {
        let mut tx = self.begin().await;
        let delivery = self.inbox.once(event_id, &mut tx).await.unwrap();
        tx.commit().await.unwrap();
        delivery
    }

    /// A second delivery in a transaction of this isolation level, which has its snapshot already; it is under way.
    async fn second(
        &self,
        isolation: &'static str,
        event_id: &'static str,
    ) -> tokio::task::JoinHandle<Result<Delivery, sqlx::Error>> {
        let mut tx = self.pool.begin_with(isolation).await.unwrap();
        sqlx::query("select 1").execute(&mut *tx).await.unwrap();
        let inbox = self.inbox.clone();
        let second = tokio::spawn(async move {
            let delivery = inbox.once(event_id, &mut tx).await?;
            tx.commit().await?;
            Ok(delivery)
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        second
    }

    async fn rows(&self) -> i64 {
        let count = format!("select count(*) from \"{}\".inbox", self.schema.name);
        sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&self.pool).await.unwrap()
    }
}

async fn pool(url: &str) -> PgPool {
    PgPoolOptions::new().max_connections(4).connect(url).await.unwrap()
}

async fn open(pool: &PgPool, schema: &Schema) -> Result<PostgresInbox, InboxError> {
    PostgresInbox::builder(pool, "mailer").schema(&schema.name).open().await
}

#[track_caller]
fn assert_words(error: &InboxError, words: &[&str]) {
    let error = error.to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
}

fn sqlstate(error: &sqlx::Error) -> String {
    error.as_database_error().unwrap().code().unwrap().into_owned()
}

const READ_COMMITTED: &str = "begin";
const REPEATABLE_READ: &str = "begin isolation level repeatable read";
const SERIALIZABLE: &str = "begin isolation level serializable";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_first_once_and_then_repeated() {
    let Some(consumer) = Consumer::new().await else { return };
    assert_eq!(consumer.delivered("ord_1:confirmed").await, Delivery::First);
    assert_eq!(consumer.delivered("ord_1:confirmed").await, Delivery::Repeated);
    assert_eq!(consumer.delivered("ord_2:confirmed").await, Delivery::First);
    assert_eq!(open(&consumer.pool, &consumer.schema).await.unwrap().consumer(), "mailer");
    assert_eq!(consumer.delivered("ord_1:confirmed").await, Delivery::Repeated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_knows_what_it_has_noted_itself() {
    let Some(consumer) = Consumer::new().await else { return };
    let mut tx = consumer.begin().await;
    assert!(consumer.inbox.once("a", &mut tx).await.unwrap().is_first());
    assert!(!consumer.inbox.once("a", &mut tx).await.unwrap().is_first());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_rolls_back_was_not_seen() {
    let Some(consumer) = Consumer::new().await else { return };
    let mut tx = consumer.begin().await;
    assert!(consumer.inbox.once("a", &mut tx).await.unwrap().is_first());
    tx.rollback().await.unwrap();
    let mut dropped = consumer.begin().await;
    assert!(consumer.inbox.once("a", &mut dropped).await.unwrap().is_first());
    drop(dropped);
    assert_eq!(consumer.delivered("a").await, Delivery::First);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_savepoint_takes_the_note_back_with_it() {
    let Some(consumer) = Consumer::new().await else { return };
    let mut tx = consumer.begin().await;
    let mut savepoint = tx.begin().await.unwrap();
    assert!(consumer.inbox.once("a", &mut savepoint).await.unwrap().is_first());
    savepoint.rollback().await.unwrap();
    assert!(consumer.inbox.once("a", &mut tx).await.unwrap().is_first());
    tx.commit().await.unwrap();
    assert_eq!(consumer.delivered("a").await, Delivery::Repeated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_are_apart() {
    let Some(consumer) = Consumer::new().await else { return };
    assert_eq!(consumer.delivered("a").await, Delivery::First);
    let other = PostgresInbox::builder(&consumer.pool, "stock").schema(&consumer.schema.name).open().await.unwrap();
    let mut tx = consumer.begin().await;
    assert!(other.once("a", &mut tx).await.unwrap().is_first());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_delivery_waits_for_the_first_and_is_repeated_or_first_as_that_one_ended() {
    let Some(consumer) = Consumer::new().await else { return };
    for (event, commits, expected) in [("a", true, Delivery::Repeated), ("b", false, Delivery::First)] {
        let mut first = consumer.begin().await;
        assert!(consumer.inbox.once(event, &mut first).await.unwrap().is_first());
        let second = consumer.second(READ_COMMITTED, event).await;
        assert!(!second.is_finished(), "it waits");
        if commits {
            first.commit().await.unwrap()
        } else {
            first.rollback().await.unwrap()
        }
        assert_eq!(second.await.unwrap().unwrap(), expected);
        assert_eq!(consumer.delivered(event).await, Delivery::Repeated);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_snapshot_a_second_delivery_is_a_serialization_error_and_then_repeated() {
    let Some(consumer) = Consumer::new().await else { return };
    for (event, isolation) in [("a", REPEATABLE_READ), ("b", SERIALIZABLE)] {
        let mut first = consumer.pool.begin_with(isolation).await.unwrap();
        assert!(consumer.inbox.once(event, &mut first).await.unwrap().is_first());
        let second = consumer.second(isolation, event).await;
        assert!(!second.is_finished(), "it waits");
        first.commit().await.unwrap();
        assert_eq!(sqlstate(&second.await.unwrap().unwrap_err()), "40001", "{isolation}");
        let again = consumer.second(isolation, event).await.await.unwrap();
        assert_eq!(again.unwrap(), Delivery::Repeated, "{isolation}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_snapshot_a_second_delivery_is_first_if_the_other_was_rolled_back() {
    let Some(consumer) = Consumer::new().await else { return };
    for (event, isolation) in [("a", REPEATABLE_READ), ("b", SERIALIZABLE)] {
        let mut first = consumer.begin().await;
        assert!(consumer.inbox.once(event, &mut first).await.unwrap().is_first());
        let second = consumer.second(isolation, event).await;
        first.rollback().await.unwrap();
        assert_eq!(second.await.unwrap().unwrap(), Delivery::First, "{isolation}");
    }
}

/// What the documentation of `once` says of several events in one transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_take_the_same_events_in_opposite_orders_do_not_wait_for_ever() {
    let Some(consumer) = Consumer::new().await else { return };
    let both = async |first: &str, second: &str| {
        let mut tx = consumer.begin().await;
        let _noted = consumer.inbox.once(first, &mut tx).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let second = consumer.inbox.once(second, &mut tx).await?;
        tx.commit().await?;
        Ok::<Delivery, sqlx::Error>(second)
    };
    let (one, other) = tokio::join!(both("a", "b"), both("b", "a"));
    let (done, failed) = if one.is_ok() { (one, other) } else { (other, one) };
    assert!(done.unwrap().is_first());
    assert_eq!(sqlstate(&failed.unwrap_err()), "40P01");
    assert_eq!(
        (consumer.delivered("a").await, consumer.delivered("b").await),
        (Delivery::Repeated, Delivery::Repeated)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_ids_are_told_apart_byte_by_byte() {
    let Some(consumer) = Consumer::new().await else { return };
    let long = "ü".repeat(500_000);
    let (longer, almost) = (format!("{long}!"), format!("{long}?"));
    let (limit, beyond) = ("x".repeat(1_000), "x".repeat(1_001));
    // How a long id is kept, as an id of its own.
    let hash = "0".repeat(64);
    let forged = [format!("{}\u{1}#{hash}", "x".repeat(100)), format!("{}\0{}", "x".repeat(100), &hash[1..])];
    let ids = [
        "\0",
        "\u{1}",
        "\u{1}0",
        "\0\0",
        "a\0b",
        "a",
        "A",
        "a ",
        " a",
        "ä",
        "a\u{308}",
        "'; drop table x; --",
        "\\",
        "\u{10ffff}",
        "\r\n",
        &long,
        &longer,
        &almost,
        &limit,
        &beyond,
        &forged[0],
        &forged[1],
    ];
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    for id in ids {
        assert_eq!(consumer.delivered(id).await, Delivery::First, "{:.80?}", id);
    }
    for id in ids {
        assert_eq!(consumer.delivered(id).await, Delivery::Repeated, "{:.80?}", id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_id_is_refused_and_notes_nothing() {
    let Some(consumer) = Consumer::new().await else { return };
    let mut tx = consumer.begin().await;
    let error = consumer.inbox.once("", &mut tx).await.unwrap_err();
    assert!(matches!(&error, sqlx::Error::InvalidArgument(message) if message.contains("Nats-Msg-Id")), "{error}");
    assert!(consumer.inbox.once("a", &mut tx).await.unwrap().is_first(), "the transaction goes on");
    tx.commit().await.unwrap();
    assert_eq!(consumer.rows().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pruning_forgets_what_is_old_of_this_consumer_alone() {
    let Some(consumer) = Consumer::new().await else { return };
    let schema = &consumer.schema.name;
    // More than two batches of old ones, the last of them an hour old; and old ones of another consumer.
    let fill = format!(
        "insert into \"{schema}\".inbox select 'mailer', 'old' || n, now() - interval '1 hour' - interval '1 second' * n \
             from generate_series(0, 2499) n; \
         insert into \"{schema}\".inbox select 'stock', 'old' || n, now() - interval '1 year' from generate_series(1, 10) n"
    );
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&consumer.pool).await.unwrap();
    assert_eq!(consumer.delivered("young").await, Delivery::First);

    assert_eq!(consumer.inbox.prune(Duration::MAX).await.unwrap(), 0);
    assert_eq!(consumer.inbox.prune(Duration::from_secs(7200)).await.unwrap(), 0);
    assert_eq!(consumer.delivered("old7").await, Delivery::Repeated);
    assert_eq!(consumer.inbox.prune(Duration::from_secs(1800)).await.unwrap(), 2_500);
    assert_eq!(consumer.rows().await, 11);
    assert_eq!(consumer.delivered("young").await, Delivery::Repeated);
    assert_eq!(consumer.delivered("old7").await, Delivery::First, "what was forgotten is new");
    assert_eq!(consumer.inbox.prune(Duration::ZERO).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pruning_does_not_wait_for_an_open_delivery() {
    let Some(consumer) = Consumer::new().await else { return };
    assert_eq!(consumer.delivered("a").await, Delivery::First);
    let mut tx = consumer.begin().await;
    assert!(!consumer.inbox.once("a", &mut tx).await.unwrap().is_first());
    assert!(consumer.inbox.once("b", &mut tx).await.unwrap().is_first());
    let pruned = tokio::time::timeout(Duration::from_secs(5), consumer.inbox.prune(Duration::ZERO)).await.unwrap();
    assert_eq!(pruned.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_open_it_at_once_and_stores_beside_them() {
    let Some(url) = common::url() else { return };
    for _ in 0..3 {
        let schema = Schema::new(url.clone());
        // An isolation level under which a transaction does not see what others commit meanwhile.
        let options: PgConnectOptions = url.parse().unwrap();
        let options = options.options([("default_transaction_isolation", "serializable")]);
        let pool = PgPoolOptions::new().max_connections(8).connect_with(options).await.unwrap();
        let inboxes = (0..8).map(|_| open(&pool, &schema));
        let stores = (0..2).map(|_| schema.store());
        let (opened, _stores) =
            tokio::join!(futures_util::future::join_all(inboxes), futures_util::future::join_all(stores));
        for inbox in opened {
            inbox.unwrap();
        }
    }
}

/// A role of this test, which is removed with it; and the URL with which it connects.
struct Role {
    name: String,
    url: String,
    owner: PgPool,
}

impl Role {
    async fn new(owner: &PgPool, url: &str) -> Self {
        let name = prose_test_servers::unique("prose_role");
        let role = Self { url: url.replacen("postgres@", &format!("{name}@"), 1), owner: owner.clone(), name };
        role.told("create role {role} login").await;
        role
    }

    /// What the owner of the database says of the role.
    async fn told(&self, sql: &str) {
        let sql = sql.replace("{role}", &self.name);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&self.owner).await.unwrap();
    }

    async fn end(self) {
        self.told("drop owned by {role}; drop role {role}").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_create_it_is_told_and_may_use_one_that_is_there() {
    let Some(url) = common::url() else { return };
    let owner = pool(&url).await;
    let schema = Schema::new(url);
    let name = &schema.name;
    let role = Role::new(&owner, &schema.url).await;
    if role.url == schema.url {
        return role.end().await; // somebody's own server, with another user: nothing to be shown
    }
    let guest = pool(&role.url).await;

    let error = open(&guest, &schema).await.unwrap_err();
    assert_words(&error, &["127.0.0.1:5432", name, "does not let this user create", "grant create on database"]);
    role.told(&format!("create schema \"{name}\"; grant usage on schema \"{name}\" to {{role}}")).await;
    let error = open(&guest, &schema).await.unwrap_err();
    assert_words(&error, &["does not let this user create", "permission denied for schema"]);

    open(&owner, &schema).await.unwrap();
    let error = open(&guest, &schema).await.unwrap_err();
    assert_words(
        &error,
        &["does not let this user do that", "grant select, insert, delete", "permission denied for table"],
    );
    role.told(&format!("grant select, insert on \"{name}\".inbox to {{role}}")).await;
    let inbox = open(&guest, &schema).await.unwrap();
    let mut tx = guest.begin().await.unwrap();
    assert!(inbox.once("a", &mut tx).await.unwrap().is_first());
    tx.commit().await.unwrap();
    assert_words(&inbox.prune(Duration::ZERO).await.unwrap_err(), &["does not let this user", "permission denied"]);

    guest.close().await;
    role.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_server_is_told() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url.clone());
    let options: PgConnectOptions = url.parse().unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.options([("default_transaction_read_only", "on")]))
        .await
        .unwrap();
    assert_words(&open(&pool, &schema).await.unwrap_err(), &["read-only", "primary", &schema.name]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_somebody_else_is_told_and_left_alone() {
    let Some(url) = common::url() else { return };
    let owner = pool(&url).await;
    let foreign = [
        "create table {s}.inbox (id bigint)",
        "create table {s}.inbox (consumer text, event_id text, seen_at timestamptz)",
        "create view {s}.inbox as select 'a' as consumer, 'b' as event_id",
        "create sequence {s}.inbox",
    ];
    for table in foreign {
        let schema = Schema::new(url.clone());
        let quoted = format!("\"{}\"", schema.name);
        let sql = format!("create schema {quoted}; {}", table.replace("{s}", &quoted));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&owner).await.unwrap();
        let error = open(&owner, &schema).await.unwrap_err();
        assert_words(&error, &["something else by the name", "schema of its own", &schema.name]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_a_name_and_a_server_that_is_not_there_are_told() {
    let nowhere: PgConnectOptions = "postgres://me:secret@127.0.0.1:1/shop".parse().unwrap();
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_secs(2)).connect_lazy_with(nowhere);
    let error = PostgresInbox::open(&pool, "mailer").await.unwrap_err();
    assert_words(&error, &["127.0.0.1:1", "`shop`", "schema `prose`"]);
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    for name in ["", "a\0"] {
        assert_words(&PostgresInbox::open(&pool, name).await.unwrap_err(), &["the name of an inbox's consumer"]);
        let builder = PostgresInbox::builder(&pool, "mailer").schema(name);
        assert_words(&builder.open().await.unwrap_err(), &["the name of a schema"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_table_and_a_closed_pool_are_told() {
    let Some(consumer) = Consumer::new().await else { return };
    let drop = format!("drop table \"{}\".inbox", consumer.schema.name);
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&consumer.pool).await.unwrap();
    assert_words(&consumer.inbox.prune(Duration::ZERO).await.unwrap_err(), &["has lost the inbox", "open it again"]);
    let error = consumer.inbox.once("a", &mut consumer.begin().await).await.unwrap_err();
    assert_eq!(sqlstate(&error), "42P01");
    consumer.pool.close().await;
    assert_words(&consumer.inbox.prune(Duration::ZERO).await.unwrap_err(), &["the pool is closed"]);
}
