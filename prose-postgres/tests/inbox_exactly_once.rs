//! A thousand events, delivered three times each in random order to sixteen consumers at once, and to processes that are killed: each is
//! applied once, by plain updates.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(unix)]

mod common;

use common::Schema;
use prose_postgres::{Delivery, PostgresInbox};
use prose_store_tests::deliveries::{deliver_all, random, seed, shuffled};
use prose_store_tests::process::{Other, part, say};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool, SqlSafeStr, SqlStr};

const EVENTS: usize = 1_000;
const TIMES: usize = 3;

/// A consumer's tables, its inbox, and what it does with an event.
#[derive(Clone)]
struct Projection {
    pool: PgPool,
    inbox: PostgresInbox,
    total: SqlStr,
    event: SqlStr,
}

impl Projection {
    async fn open(url: &str, schema: &str, at_once: u32) -> Self {
        let pool = PgPoolOptions::new().max_connections(at_once).connect(url).await.unwrap();
        let inbox = PostgresInbox::builder(&pool, "projection").schema(schema).open().await.unwrap();
        let sql = |template: &str| AssertSqlSafe(template.replace("{s}", schema)).into_sql_str();
        let total = sql("update \"{s}\".total set events = events + 1");
        Self { total, event: sql("update \"{s}\".events set applied = applied + 1 where event = $1"), pool, inbox }
    }

    async fn create_tables(&self, schema: &str) {
        let sql = format!(
            "create table \"{schema}\".total (events bigint not null); insert into \"{schema}\".total values (0); \
             create table \"{schema}\".events (event bigint primary key, applied bigint not null); \
             insert into \"{schema}\".events select n, 0 from generate_series(0, {}) n",
            EVENTS - 1
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&self.pool).await.unwrap();
    }

    /// No upsert and no check of its own: the inbox alone keeps a repeat from being applied.
    async fn deliver(&self, event: usize) -> Result<Delivery, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        let delivery = self.inbox.once(&format!("run_{event}:confirmed"), &mut tx).await?;
        if delivery.is_first() {
            sqlx::query(self.event.clone()).bind(event as i64).execute(&mut *tx).await?;
            sqlx::query(self.total.clone()).execute(&mut *tx).await?;
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

    async fn assert_each_applied_once(&self, schema: &str) {
        let sql = format!(
            "select (select events from \"{schema}\".total), count(*) filter (where applied = 1), count(*) from \"{schema}\".events"
        );
        let found: (i64, i64, i64) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&self.pool).await.unwrap();
        assert_eq!(found, (EVENTS as i64, EVENTS as i64, EVENTS as i64), "total, applied once, events");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_events_three_times_to_sixteen_consumers_are_each_applied_once() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let projection = Projection::open(&schema.url, &schema.name, 16).await;
    projection.create_tables(&schema.name).await;
    let seed = seed();
    println!("to repeat it, set PROSE_SEED={seed}");
    assert_eq!(projection.deliver_all(16, seed, || ()).await, EVENTS);
    projection.assert_each_applied_once(&schema.name).await;
}

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((seed, place)) = part() else { return };
    let (schema, url) = place.split_once(' ').unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let projection = Projection::open(url, schema, 8).await;
        projection.deliver_all(8, seed.parse().unwrap(), || say("applied")).await;
    });
}

/// Two processes apply the events at once; the older one is killed at a random moment, and another begins with all of them anew: whatever it
/// had not acknowledged, and more. The last two may end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_that_are_killed_leave_no_event_out_and_apply_none_twice() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let projection = Projection::open(&schema.url, &schema.name, 2).await;
    projection.create_tables(&schema.name).await;
    let (seed, place) = (seed(), format!("{} {}", schema.name, schema.url));
    println!("to repeat it, set PROSE_SEED={seed}");
    let another = |round| Other::plays(&seed.wrapping_add(round).to_string(), &place);
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
    projection.assert_each_applied_once(&schema.name).await;
}
