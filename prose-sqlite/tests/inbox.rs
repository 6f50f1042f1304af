//! The inbox in files of all kinds: first and repeated deliveries, one after the other and at once, hostile ids, forgetting, and all
//! that can be wrong when it is opened. That each event is applied once is in `inbox_exactly_once.rs`.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(feature = "sqlx")]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use prose::Store;
use prose_sqlite::{Delivery, InboxError, SqliteInbox, SqliteStore};
use prose_store_tests::new_run;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, Sqlite, SqlitePool, Transaction};

/// A file with an inbox.
struct Consumer {
    pool: SqlitePool,
    inbox: SqliteInbox,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Consumer {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        let pool = pool(&path).await;
        Self { inbox: SqliteInbox::open(&pool, "mailer").await.unwrap(), pool, path, _folder: folder }
    }

    async fn begin(&self) -> Transaction<'static, Sqlite> {
        self.pool.begin().await.unwrap()
    }

    /// A delivery whose transaction is committed.
    async fn delivered(&self, event_id: &str) -> Delivery {
        let mut tx = self.begin().await;
        let delivery = self.inbox.once(event_id, &mut tx).await.unwrap();
        tx.commit().await.unwrap();
        delivery
    }

    async fn execute(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&self.pool).await.unwrap();
    }

    async fn rows(&self) -> i64 {
        sqlx::query_scalar("select count(*) from prose_inbox").fetch_one(&self.pool).await.unwrap()
    }
}

/// As an application opens its file, without a word on how.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).create_if_missing(true)
}

async fn pool(path: &Path) -> SqlitePool {
    SqlitePool::connect_with(options(path).journal_mode(SqliteJournalMode::Wal)).await.unwrap()
}

#[track_caller]
fn assert_words(error: &InboxError, words: &[&str]) {
    let error = error.to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
}

#[tokio::test]
async fn an_event_is_first_once_and_then_repeated() {
    let consumer = Consumer::new().await;
    assert_eq!(consumer.delivered("ord_1:confirmed").await, Delivery::First);
    assert_eq!(consumer.delivered("ord_1:confirmed").await, Delivery::Repeated);
    assert_eq!(consumer.delivered("ord_2:confirmed").await, Delivery::First);
    assert_eq!(SqliteInbox::open(&pool(&consumer.path).await, "mailer").await.unwrap().consumer(), "mailer");
    assert_eq!(consumer.delivered("ord_1:confirmed").await, Delivery::Repeated);
}

#[tokio::test]
async fn what_rolls_back_was_not_seen() {
    let consumer = Consumer::new().await;
    let mut tx = consumer.begin().await;
    assert!(consumer.inbox.once("a", &mut tx).await.unwrap().is_first());
    assert!(!consumer.inbox.once("a", &mut tx).await.unwrap().is_first(), "it knows what it has noted itself");
    tx.rollback().await.unwrap();
    let mut dropped = consumer.begin().await;
    assert!(consumer.inbox.once("a", &mut dropped).await.unwrap().is_first());
    drop(dropped);
    assert_eq!(consumer.delivered("a").await, Delivery::First);
}

#[tokio::test]
async fn a_savepoint_takes_the_note_back_with_it() {
    use sqlx::Acquire;
    let consumer = Consumer::new().await;
    let mut tx = consumer.begin().await;
    let mut savepoint = tx.begin().await.unwrap();
    assert!(consumer.inbox.once("a", &mut savepoint).await.unwrap().is_first());
    savepoint.rollback().await.unwrap();
    assert!(consumer.inbox.once("a", &mut tx).await.unwrap().is_first());
    tx.commit().await.unwrap();
    assert_eq!(consumer.delivered("a").await, Delivery::Repeated);
}

#[tokio::test]
async fn consumers_are_apart() {
    let consumer = Consumer::new().await;
    assert_eq!(consumer.delivered("a").await, Delivery::First);
    let other = SqliteInbox::open(&consumer.pool, "stock").await.unwrap();
    assert!(other.once("a", &mut consumer.begin().await).await.unwrap().is_first());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_delivery_waits_for_the_first_and_is_repeated_or_first_as_that_one_ended() {
    let consumer = Consumer::new().await;
    for (event, commits, expected) in [("a", true, Delivery::Repeated), ("b", false, Delivery::First)] {
        let mut first = consumer.begin().await;
        assert!(consumer.inbox.once(event, &mut first).await.unwrap().is_first());
        let (inbox, mut second) = (consumer.inbox.clone(), consumer.begin().await);
        let second = tokio::spawn(async move {
            let delivery = inbox.once(event, &mut second).await.unwrap();
            second.commit().await.unwrap();
            delivery
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!second.is_finished(), "it waits");
        if commits {
            first.commit().await.unwrap()
        } else {
            first.rollback().await.unwrap()
        }
        assert_eq!(second.await.unwrap(), expected);
        assert_eq!(consumer.delivered(event).await, Delivery::Repeated);
    }
}

/// What the documentation of `once` says of transactions that read before it; and what helps.
#[tokio::test]
async fn a_transaction_that_has_read_first_fails_at_once_where_another_has_written_and_an_immediate_one_does_not() {
    let consumer = Consumer::new().await;
    let read = async |tx: &mut Transaction<'static, Sqlite>| {
        sqlx::query("select count(*) from prose_inbox").execute(&mut **tx).await.unwrap();
    };
    let mut late = consumer.begin().await;
    read(&mut late).await;
    assert_eq!(consumer.delivered("a").await, Delivery::First);
    let error = consumer.inbox.once("a", &mut late).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().unwrap(), "517", "SQLITE_BUSY_SNAPSHOT: {error}");
    late.rollback().await.unwrap();

    let mut immediate = consumer.pool.begin_with("begin immediate").await.unwrap();
    read(&mut immediate).await;
    assert!(!consumer.inbox.once("a", &mut immediate).await.unwrap().is_first());
    immediate.commit().await.unwrap();
}

#[tokio::test]
async fn hostile_ids_are_told_apart_byte_by_byte() {
    let consumer = Consumer::new().await;
    let long = "ü".repeat(500_000);
    let (longer, almost) = (format!("{long}!"), format!("{long}?"));
    let ids = [
        "\0",
        "\u{1}",
        "\0\0",
        "a\0b",
        "a\0c",
        "a",
        "A",
        "a ",
        " a",
        "ä",
        "a\u{308}",
        "'; drop table x; --",
        "\\",
        "1",
        "01",
        "1.0",
        "\u{10ffff}",
        "\r\n",
        &long,
        &longer,
        &almost,
    ];
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    for id in ids {
        assert_eq!(consumer.delivered(id).await, Delivery::First, "{:.80?}", id);
    }
    for id in ids {
        assert_eq!(consumer.delivered(id).await, Delivery::Repeated, "{:.80?}", id);
    }
}

#[tokio::test]
async fn an_empty_id_is_refused_and_notes_nothing() {
    let consumer = Consumer::new().await;
    let mut tx = consumer.begin().await;
    let error = consumer.inbox.once("", &mut tx).await.unwrap_err();
    assert!(matches!(&error, sqlx::Error::InvalidArgument(message) if message.contains("Nats-Msg-Id")), "{error}");
    assert!(consumer.inbox.once("a", &mut tx).await.unwrap().is_first(), "the transaction goes on");
    tx.commit().await.unwrap();
    assert_eq!(consumer.rows().await, 1);
}

#[tokio::test]
async fn pruning_forgets_what_is_old_of_this_consumer_alone() {
    let consumer = Consumer::new().await;
    // More than two batches of old ones, the last of them an hour old; and old ones of another consumer.
    let numbers = "with recursive n(n) as (select 0 union all select n + 1 from n where n < 2499)";
    consumer.execute(&format!(
        "insert into prose_inbox {numbers} select 'mailer', 'old' || n, unixepoch() * 1000 - 3600000 - 1000 * n from n; \
         insert into prose_inbox {numbers} select 'stock', 'old' || n, 0 from n limit 10"
    ))
    .await;
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
async fn many_may_open_it_at_once() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        pool(&path).await.close().await;
        let opening = (0..8).map(async |_| SqliteInbox::open(&pool(&path).await, "mailer").await.unwrap());
        futures_util::future::join_all(opening).await;
    }
}

async fn pragmas(pool: &SqlitePool) -> (i64, i64) {
    let pragmas = "select application_id, user_version from pragma_application_id, pragma_user_version";
    sqlx::query_as(pragmas).fetch_one(pool).await.unwrap()
}

/// A store refuses files that are somebody else's; the inbox makes none of them so.
#[tokio::test]
async fn it_shares_a_file_with_a_store_whichever_comes_first() {
    for store_first in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        if store_first {
            SqliteStore::open(&path).await.unwrap();
        }
        let pool = pool(&path).await;
        let before = pragmas(&pool).await;
        let inbox = SqliteInbox::open(&pool, "mailer").await.unwrap();
        assert_eq!(pragmas(&pool).await, before);
        let store = SqliteStore::open(&path).await.unwrap();
        store.create(&new_run("a"), prose::store::Commit::empty(1)).await.unwrap();
        // In a flow's transaction, and in one of the application's own.
        let db = store.database().await.unwrap();
        let begun = prose::Database::begin(&db, prose::Beginning::default()).await.unwrap();
        let prose::Begun::Open(mut open) = begun else { panic!("{begun:?}") };
        assert!(
            inbox.once("a", <prose_sqlite::SqliteDatabase as prose::Database>::tx(&mut open)).await.unwrap().is_first()
        );
        prose::Database::commit(&db, open, None).await.unwrap();
        assert!(!inbox.once("a", &mut pool.begin().await.unwrap()).await.unwrap().is_first());
        assert!(store.load("a").await.unwrap().is_some());
    }
}

#[tokio::test]
async fn it_leaves_a_foreign_file_its_own() {
    let folder = tempfile::tempdir().unwrap();
    // In a rollback journal, as SQLite's files are unless told otherwise.
    let pool = SqlitePool::connect_with(options(&folder.path().join("foreign.db"))).await.unwrap();
    sqlx::raw_sql("pragma application_id = 7; pragma user_version = 42").execute(&pool).await.unwrap();
    let inbox = SqliteInbox::open(&pool, "mailer").await.unwrap();
    assert!(inbox.once("a", &mut pool.begin().await.unwrap()).await.unwrap().is_first());
    assert_eq!(pragmas(&pool).await, (7, 42));
}

#[tokio::test]
async fn a_table_of_somebody_else_is_told_and_left_alone() {
    let foreign = [
        "create table prose_inbox (id integer)",
        "create table prose_inbox (consumer text, event_id text, seen_at integer)",
        "create view prose_inbox as select 'a' as consumer, 'b' as event_id, 1 as seen_at",
    ];
    for table in foreign {
        let folder = tempfile::tempdir().unwrap();
        let pool = pool(&folder.path().join("shop.db")).await;
        sqlx::raw_sql(table).execute(&pool).await.unwrap();
        let error = SqliteInbox::open(&pool, "mailer").await.unwrap_err();
        assert_words(&error, &["shop.db", "something else by the name `prose_inbox`", "another file"]);
        let schema: Vec<String> = sqlx::query_scalar("select sql from sqlite_schema").fetch_all(&pool).await.unwrap();
        assert_eq!(schema.join(";").to_lowercase(), table);
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let missing = SqlitePool::connect_lazy_with(SqliteConnectOptions::new().filename(&path));
    assert_words(&SqliteInbox::open(&missing, "mailer").await.unwrap_err(), &["shop.db", "create_if_missing"]);

    let writable = pool(&path).await;
    let reading = SqlitePool::connect_with(options(&path).read_only(true)).await.unwrap();
    assert_words(&SqliteInbox::open(&reading, "mailer").await.unwrap_err(), &["shop.db", "read-only"]);

    let holder = writable.begin_with("begin immediate").await.unwrap();
    let patience = options(&path).busy_timeout(Duration::from_millis(50));
    let impatient = SqlitePool::connect_with(patience).await.unwrap();
    assert_words(&SqliteInbox::open(&impatient, "mailer").await.unwrap_err(), &["shop.db", "is locked"]);
    holder.rollback().await.unwrap();

    let inbox = SqliteInbox::open(&impatient, "mailer").await.unwrap();
    impatient.close().await;
    assert_words(&inbox.prune(Duration::ZERO).await.unwrap_err(), &["shop.db", "is closed"]);

    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "no database, but long enough to be none ".repeat(100)).unwrap();
    let no_database = SqlitePool::connect_lazy_with(options(&text));
    assert_words(
        &SqliteInbox::open(&no_database, "mailer").await.unwrap_err(),
        &["notes.txt", "not an SQLite database"],
    );
    assert_words(&SqliteInbox::open(&writable, "").await.unwrap_err(), &["the name of an inbox's consumer"]);
}
