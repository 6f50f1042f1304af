//! A thousand events, delivered three times each in random order to sixteen consumers at once, and to processes that are killed: each is
//! applied once, by plain updates.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(all(feature = "sqlx", unix))]

use std::path::Path;
use std::time::Duration;

use prose_sqlite::{Delivery, SqliteInbox};
use prose_store_tests::deliveries::{deliver_all, random, seed, shuffled};
use prose_store_tests::process::{Other, part, say};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, SqlitePool};

const EVENTS: usize = 1_000;
const TIMES: usize = 3;

/// A consumer's file, its inbox, and what it does with an event.
#[derive(Clone)]
struct Projection {
    pool: SqlitePool,
    inbox: SqliteInbox,
}

impl Projection {
    async fn open(file: &Path, at_once: u32) -> Self {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        // SQLite has no queue: among so many that write without a pause, somebody may wait for long.
        let options = options.journal_mode(SqliteJournalMode::Wal).busy_timeout(Duration::from_secs(120));
        let pool = SqlitePoolOptions::new().max_connections(at_once).acquire_timeout(Duration::from_secs(120));
        let pool = pool.connect_with(options).await.unwrap();
        Self { inbox: SqliteInbox::open(&pool, "projection").await.unwrap(), pool }
    }

    async fn create_tables(&self) {
        let sql = format!(
            "create table total (events integer not null); insert into total values (0); \
             create table events (event integer primary key, applied integer not null); \
             with recursive n(n) as (select 0 union all select n + 1 from n where n < {}) insert into events select n, 0 from n",
            EVENTS - 1
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&self.pool).await.unwrap();
    }

    /// No upsert and no check of its own: the inbox alone keeps a repeat from being applied.
    async fn deliver(&self, event: usize) -> Result<Delivery, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        let delivery = self.inbox.once(&format!("run_{event}:confirmed"), &mut tx).await?;
        if delivery.is_first() {
            let applied = sqlx::query("update events set applied = applied + 1 where event = ?1").bind(event as i64);
            applied.execute(&mut *tx).await?;
            sqlx::query("update total set events = events + 1").execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(delivery)
    }

    /// All events, three times each, to so many at once; `heard` is told of each delivery that is committed. How many were first ones.
    async fn deliver_all(&self, at_once: usize, seed: u64, heard: fn()) -> usize {
        let projection = self.clone();
        let deliver = move |event| {
            let projection = projection.clone();
            async move {
                let delivery = projection.deliver(event).await.unwrap();
                heard();
                delivery.is_first()
            }
        };
        deliver_all(shuffled(EVENTS, TIMES, seed), at_once, deliver).await
    }

    async fn assert_each_applied_once(&self) {
        let sql = "select (select events from total), count(*) filter (where applied = 1), count(*) from events";
        let found: (i64, i64, i64) = sqlx::query_as(sql).fetch_one(&self.pool).await.unwrap();
        assert_eq!(found, (EVENTS as i64, EVENTS as i64, EVENTS as i64), "total, applied once, events");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_events_three_times_to_sixteen_consumers_are_each_applied_once() {
    let folder = tempfile::tempdir().unwrap();
    let projection = Projection::open(&folder.path().join("projection.db"), 16).await;
    projection.create_tables().await;
    let seed = seed();
    println!("to repeat it, set PROSE_SEED={seed}");
    assert_eq!(projection.deliver_all(16, seed, || ()).await, EVENTS);
    projection.assert_each_applied_once().await;
}

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((seed, file)) = part() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let projection = Projection::open(Path::new(&file), 4).await;
        projection.deliver_all(4, seed.parse().unwrap(), || say("applied")).await;
    });
}

/// Two processes apply the events at once; the older one is killed at a random moment, and another begins with all of them anew: whatever it
/// had not acknowledged, and more. The last two may end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_that_are_killed_leave_no_event_out_and_apply_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("projection.db");
    let projection = Projection::open(&file, 2).await;
    projection.create_tables().await;
    let seed = seed();
    println!("to repeat it, set PROSE_SEED={seed}");
    let another = |round| Other::plays(&seed.wrapping_add(round).to_string(), &file);
    let mut consumer = another(0);
    for round in 1..=12 {
        let next = another(round);
        for _ in 0..1 + random(seed, round) % 100 {
            consumer.heard().unwrap();
        }
        consumer.kill();
        consumer = next;
    }
    let last = another(13);
    for consumer in [consumer, last] {
        assert_eq!(consumer.ends().len(), EVENTS * TIMES);
    }
    projection.assert_each_applied_once().await;
}
