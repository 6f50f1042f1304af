//! From the flow to the consumer, on real brokers, with kills on the way: the process that runs the flows and carries their events is
//! killed at random, and so is the broker. Every event arrives, in order, and an inbox applies it once.
//!
//! In the ordinary tests 1,000 runs; the long form, with other numbers on request:
//!
//! ```text
//! PROSE_CHAOS_RUNS=10000 PROSE_CHAOS_KILLS=40 cargo test -p prose-events --test outbox -- --nocapture
//! ```
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_nats::jetstream::{self, consumer::pull, stream};
use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use prose::{Ctx, Event, EventRecord, Publisher, Relay, Store, flow, store::RunKey};
use prose_events::{AmqpPublisher, NatsPublisher};
use prose_sqlite::{SqliteDatabase, SqliteInbox, SqliteStore};
use prose_store_tests::deliveries::random;
use prose_store_tests::process::{Other, part, say};
use prose_test_servers::{PrivateServer, private_nats, private_rabbitmq};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;

#[derive(serde::Serialize, Event)]
#[event(type = "order.told")]
struct Told {
    order: u32,
    what: &'static str,
}

struct Deps {
    db: SqliteDatabase,
}

/// Every tenth order cannot be booked: what stands behind that is never told.
#[flow(name = "order")]
async fn order(ctx: Ctx<Deps>, number: u32) -> Result<(), sqlx::Error> {
    #[event("orders", name = "placed")]
    Told { order: number, what: "placed" };

    #[transaction(tx = ctx.deps.db)]
    'book: {
        sqlx::query("insert into bookings (number) values (?)").bind(number).execute(&mut **tx).await?;
        if is_refused(number) {
            return Err(sqlx::Error::RowNotFound);
        }
    }

    #[event("orders", name = "booked")]
    Told { order: number, what: "booked" };
    Ok(())
}

fn is_refused(number: u32) -> bool {
    number % 10 == 9
}

fn run_id(number: u32) -> String {
    format!("order-{number}")
}

/// The ids of an order's events, in order.
fn events_of(number: u32) -> Vec<String> {
    let told = if is_refused(number) { ["placed"].as_slice() } else { ["placed", "booked"].as_slice() };
    told.iter().map(|step| format!("{}:{step}", run_id(number))).collect()
}

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((part, place)) = part() else { return };
    let (file, url) = place.split_once('|').unwrap();
    runtime().block_on(async {
        match part.as_str() {
            "over NATS" => {
                works(file, NatsPublisher::connect(url).await.unwrap().timeout(Duration::from_secs(2))).await
            }
            "over AMQP" => {
                let publisher = AmqpPublisher::new(url).unwrap().exchange("").unwrap();
                works(file, publisher.timeout(Duration::from_secs(2))).await;
            }
            other => panic!("nobody knows how to play `{other}`"),
        }
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Runs all orders to their end, 64 at once, and ends when all that they have told is published.
async fn works(file: &str, publisher: impl Publisher) {
    let store = SqliteStore::open(file).await.unwrap();
    let db = store.database().await.unwrap();
    sqlx::query("create table if not exists bookings (number integer)").execute(db.pool()).await.unwrap();
    let (deps, relay) = (Arc::new(Deps { db }), Relay::start(&store, publisher));
    futures_util::stream::iter(0..runs())
        .for_each_concurrent(64, |number| {
            let call = order(number).deps(Arc::clone(&deps)).durable(&store, run_id(number));
            async move {
                let outcome = call.await;
                assert_eq!(outcome.is_err(), is_refused(number), "order {number}: {outcome:?}");
            }
        })
        .await;
    say("all have run");
    for number in 0..runs() {
        while store.outbox().unpublished(&RunKey::new(run_id(number))).await.unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    relay.stop().await;
    say("all is told");
}

fn runs() -> u32 {
    from_env("PROSE_CHAOS_RUNS", 1_000)
}

fn kills() -> u32 {
    from_env("PROSE_CHAOS_KILLS", 6)
}

fn from_env(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// The consumer's side: an inbox, and what it has applied.
struct Consumer {
    pool: SqlitePool,
    inbox: SqliteInbox,
    /// The ids of each order's events, as they were delivered for the first time.
    order: HashMap<String, Vec<String>>,
    deliveries: u32,
    applied: Arc<AtomicUsize>,
}

impl Consumer {
    async fn new(folder: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(folder.join("consumer.db")).create_if_missing(true);
        let pool = SqlitePool::connect_with(options).await.unwrap();
        sqlx::query("create table applied (id text)").execute(&pool).await.unwrap();
        let inbox = SqliteInbox::open(&pool, "test").await.unwrap();
        Self { pool, inbox, order: HashMap::new(), deliveries: 0, applied: Arc::default() }
    }

    /// Applies an event by a plain insert.
    async fn apply(&mut self, payload: &[u8]) {
        let event: EventRecord = serde_json::from_slice(payload).unwrap();
        self.deliveries += 1;
        let mut tx = self.pool.begin().await.unwrap();
        if self.inbox.once(&event.id, &mut tx).await.unwrap().is_first() {
            sqlx::query("insert into applied (id) values (?)").bind(&event.id).execute(&mut *tx).await.unwrap();
            self.order.entry(event.subject.unwrap()).or_default().push(event.id);
            self.applied.fetch_add(1, Ordering::Relaxed);
        }
        tx.commit().await.unwrap();
    }

    async fn assert_all_once_in_order(&self) {
        let expected: BTreeMap<_, _> = (0..runs()).map(|number| (run_id(number), events_of(number))).collect();
        let other = expected.iter().filter(|(run, events)| self.order.get(*run) != Some(*events));
        let other: Vec<_> = other.map(|(run, events)| (run, events, self.order.get(run))).take(9).collect();
        assert!(other.is_empty(), "expected, and found: {other:?}");
        assert_eq!(self.order.len(), expected.len());
        let count: (i64, i64) =
            sqlx::query_as("select count(*), count(distinct id) from applied").fetch_one(&self.pool).await.unwrap();
        let events = expected.values().map(Vec::len).sum::<usize>() as i64;
        assert_eq!(count, (events, events));
    }
}

/// Kills the worker and the broker at random, lets the last worker end, and the consumer take what is left.
async fn survive(part: &str, server: &PrivateServer, folder: &Path, applied: &AtomicUsize) -> u32 {
    let place = format!("{}|{}", folder.join("flows.db").display(), server.url());
    let seed = prose_store_tests::deliveries::seed();
    let mut killed = 0;
    for round in 0..kills() {
        let worker = Other::plays(part, &place);
        tokio::time::sleep(Duration::from_millis(100 + random(seed, u64::from(round)) % 500)).await;
        if round % 3 == 1 {
            tokio::task::block_in_place(|| {
                server.kill();
                server.start();
            });
        }
        killed += 1;
        let said = tokio::task::block_in_place(|| worker.kill());
        if said.contains(&"all is told".to_owned()) {
            break;
        }
    }
    let said = tokio::task::block_in_place(|| Other::plays(part, &place).ends());
    assert_eq!(said, ["all have run", "all is told"]);
    let expected = (0..runs()).map(|number| events_of(number).len()).sum::<usize>();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(300);
    while applied.load(Ordering::Relaxed) < expected && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Whatever should not be on its way.
    tokio::time::sleep(Duration::from_secs(3)).await;
    killed
}

async fn bookings(folder: &Path) -> (i64, i64) {
    let options = SqliteConnectOptions::new().filename(folder.join("flows.db"));
    let pool = SqlitePool::connect_with(options).await.unwrap();
    sqlx::query_as("select count(*), count(distinct number) from bookings").fetch_one(&pool).await.unwrap()
}

/// The whole of a test: kills, and a consumer meanwhile.
fn holds<C: Future<Output = Consumer>>(
    part: &str,
    server: Option<PrivateServer>,
    consume: impl FnOnce(String, Consumer, Arc<AtomicBool>) -> C,
) {
    let Some(server) = server else { return };
    runtime().block_on(async {
        let (folder, over) = (tempfile::tempdir().unwrap(), Arc::new(AtomicBool::new(false)));
        let consumer = Consumer::new(folder.path()).await;
        let applied = Arc::clone(&consumer.applied);
        let consuming = consume(server.url().to_owned(), consumer, Arc::clone(&over));
        let surviving = async {
            let killed = survive(part, &server, folder.path(), &applied).await;
            over.store(true, Ordering::Relaxed);
            killed
        };
        let (killed, consumer) = tokio::join!(surviving, consuming);
        println!("{part}: {} runs, {killed} kills, {} deliveries", runs(), consumer.deliveries);
        consumer.assert_all_once_in_order().await;
        let booked = i64::from((0..runs()).filter(|number| !is_refused(*number)).count() as u32);
        assert_eq!(bookings(folder.path()).await, (booked, booked));
    });
}

#[test]
fn every_event_arrives_over_nats_whoever_is_killed() {
    let server = private_nats();
    server.as_ref().into_iter().for_each(create_stream);
    holds("over NATS", server, consume_nats);
}

fn create_stream(server: &PrivateServer) {
    runtime().block_on(async {
        let jetstream = jetstream::new(async_nats::connect(server.url()).await.unwrap());
        let subjects = vec!["prose.>".to_owned()];
        // As if the broker recognised no repeat: the inbox must.
        let duplicate_window = Duration::from_millis(100);
        let config = stream::Config { name: "ORDERS".into(), subjects, duplicate_window, ..Default::default() };
        jetstream.create_stream(config).await.unwrap();
    });
}

async fn consume_nats(url: String, mut consumer: Consumer, over: Arc<AtomicBool>) -> Consumer {
    while !over.load(Ordering::Relaxed) {
        if let Err(error) = consume_nats_once(&url, &mut consumer, &over).await {
            println!("the consumer connects again: {error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    consumer
}

async fn consume_nats_once(url: &str, consumer: &mut Consumer, over: &AtomicBool) -> Result<(), async_nats::Error> {
    let jetstream = jetstream::new(async_nats::connect(url).await?);
    let config =
        pull::Config { durable_name: Some("test".into()), ack_wait: Duration::from_secs(2), ..Default::default() };
    let pull = jetstream.get_stream("ORDERS").await?.get_or_create_consumer("test", config).await?;
    while !over.load(Ordering::Relaxed) {
        let mut batch = pull.fetch().max_messages(100).expires(Duration::from_millis(500)).messages().await?;
        while let Some(message) = batch.next().await {
            let message = message?;
            consumer.apply(&message.payload).await;
            message.ack().await?;
        }
    }
    Ok(())
}

/// Runs complete without it, nobody waits long, and nothing is told twice or forgotten when it is there.
fn holds_without_a_broker<P: Publisher, F: Future<Output = P>, C: Future<Output = Consumer>>(
    server: Option<PrivateServer>,
    publisher: impl FnOnce(String) -> F,
    consume: impl FnOnce(String, Consumer, Arc<AtomicBool>) -> C,
) {
    let Some(server) = server else { return };
    server.stop();
    runtime().block_on(async {
        let (folder, over) = (tempfile::tempdir().unwrap(), Arc::new(AtomicBool::new(false)));
        let store = SqliteStore::open(folder.path().join("flows.db")).await.unwrap();
        let db = store.database().await.unwrap();
        sqlx::query("create table bookings (number integer)").execute(db.pool()).await.unwrap();
        let deps = Arc::new(Deps { db });
        let relay = Relay::start(&store, publisher(server.url().to_owned()).await);
        let calls =
            (0..9).map(|number| order(number).deps(Arc::clone(&deps)).durable(&store, run_id(number)).into_future());
        futures_util::future::join_all(calls).await.into_iter().for_each(|outcome| outcome.unwrap());
        let mut left = 0;
        for number in 0..9 {
            left += store.outbox().unpublished(&RunKey::new(run_id(number))).await.unwrap();
        }
        assert_eq!(left, 18, "the broker is down");
        tokio::task::block_in_place(|| server.start());
        let consumer = Consumer::new(folder.path()).await;
        let applied = Arc::clone(&consumer.applied);
        let consuming = consume(server.url().to_owned(), consumer, Arc::clone(&over));
        let waiting = async {
            while applied.load(Ordering::Relaxed) < 18 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            over.store(true, Ordering::Relaxed);
        };
        let arrived = async { tokio::join!(consuming, waiting).0 };
        let consumer = tokio::time::timeout(Duration::from_secs(120), arrived).await.expect("all events arrive");
        for number in 0..9 {
            assert_eq!(consumer.order[&run_id(number)], events_of(number));
        }
        relay.stop().await;
    });
}

#[test]
fn nats_may_be_down_at_the_start() {
    let server = private_nats();
    server.as_ref().into_iter().for_each(create_stream);
    let publisher =
        |url: String| async move { NatsPublisher::connect(&url).await.unwrap().timeout(Duration::from_secs(1)) };
    holds_without_a_broker(server, publisher, consume_nats);
}

#[test]
fn rabbitmq_may_be_down_at_the_start() {
    let publisher = |url: String| async move {
        AmqpPublisher::new(&url).unwrap().exchange("").unwrap().timeout(Duration::from_secs(1))
    };
    holds_without_a_broker(private_rabbitmq(), publisher, consume_amqp);
}

#[test]
fn every_event_arrives_over_rabbitmq_whoever_is_killed() {
    let server = private_rabbitmq();
    server.as_ref().into_iter().for_each(create_queue);
    holds("over AMQP", server, consume_amqp);
}

/// RabbitMQ writes down a new queue a while after it has said that it is there: killed before, it has lost the queue, with all that was
/// confirmed to be in it. A queue that has seen an orderly restart stays.
fn create_queue(server: &PrivateServer) {
    runtime().block_on(async {
        let connection = Connection::connect(server.url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let durable = QueueDeclareOptions { durable: true, ..Default::default() };
        channel.queue_declare("orders".into(), durable, FieldTable::default()).await.unwrap();
    });
    server.stop();
    server.start();
}

async fn consume_amqp(url: String, mut consumer: Consumer, over: Arc<AtomicBool>) -> Consumer {
    while !over.load(Ordering::Relaxed) {
        if let Err(error) = consume_amqp_once(&url, &mut consumer, &over).await {
            println!("the consumer connects again: {error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    consumer
}

async fn consume_amqp_once(url: &str, consumer: &mut Consumer, over: &AtomicBool) -> Result<(), lapin::Error> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare("orders".into(), durable, FieldTable::default()).await?;
    channel.basic_qos(100, BasicQosOptions::default()).await?;
    let (options, table) = (BasicConsumeOptions::default(), FieldTable::default());
    let mut deliveries = channel.basic_consume("orders".into(), "test".into(), options, table).await?;
    while !over.load(Ordering::Relaxed) {
        let Ok(delivery) = tokio::time::timeout(Duration::from_millis(500), deliveries.next()).await else { continue };
        let Some(delivery) = delivery else { return Ok(()) };
        let delivery = delivery?;
        consumer.apply(&delivery.data).await;
        delivery.ack(BasicAckOptions::default()).await?;
    }
    Ok(())
}
