//! What goes wrong around a relay, and must not stop the events of others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prose::store::BoxFuture;
use prose::{Ctx, Event, EventRecord, MemoryPublisher, MemoryStore, PublishError, Publisher, Relay, flow};
use serde::Serialize;

use super::support::Failure;

#[derive(Serialize, Event)]
#[event(type = "told")]
struct Told(u64);

#[flow]
async fn to_the_dead(ctx: Ctx, number: u64) -> Result<(), Failure> {
    #[event("dead")]
    Told(number);
    Ok(())
}

#[flow]
async fn to_the_living(ctx: Ctx, number: u64) -> Result<(), Failure> {
    #[event("alive", name = "first")]
    Told(number);
    #[event("alive", name = "second")]
    Told(number);
    Ok(())
}

#[derive(Clone, Default)]
struct Broker {
    has: MemoryPublisher,
    hangs: Arc<Mutex<Option<String>>>,
    panics: Arc<Mutex<Option<String>>>,
    /// As `NatsPublisher` and `AmqpPublisher` find out that nobody answers.
    silent: Arc<AtomicBool>,
}

impl Broker {
    fn has(&self) -> Vec<String> {
        self.has.published().into_iter().map(|(_, event)| event.id).collect()
    }
}

impl Publisher for Broker {
    fn publish<'a>(&'a self, channel: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>> {
        Box::pin(async move {
            if channel == "dead" {
                return Err(PublishError::new("that broker is down"));
            }
            if self.hangs.lock().unwrap().as_ref() == Some(&event.id) {
                std::future::pending::<()>().await;
            }
            if self.panics.lock().unwrap().as_ref() == Some(&event.id) {
                std::panic::resume_unwind(Box::new("as told"));
            }
            if self.silent.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_secs(10)).await;
                return Err(PublishError::new("no answer within 10 s"));
            }
            self.has.publish(channel, event).await
        })
    }
}

/// The docs say to write a publisher that chooses the broker by channel.
#[tokio::test(start_paused = true)]
async fn of_two_brokers_one_that_is_down_does_not_keep_the_other_ones_events() {
    let (store, broker) = (MemoryStore::new(), Broker::default());
    // Committed while nobody publishes.
    for number in 0..520 {
        let call = to_the_dead(number).publisher(broker.clone()).durable(&store, format!("dead-{number}"));
        call.await.unwrap();
    }
    let _relay = Relay::start(&store, broker.clone());
    to_the_living(1).durable(&store, "alive").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(broker.has(), ["alive:first", "alive:second"]);
}

#[tokio::test(start_paused = true)]
async fn a_publish_that_hangs_keeps_no_other_runs_events() {
    let (store, broker) = (MemoryStore::new(), Broker::default());
    *broker.hangs.lock().unwrap() = Some("a:first".into());
    let _relay = Relay::start(&store, broker.clone());
    to_the_living(1).durable(&store, "a").await.unwrap();
    to_the_living(1).durable(&store, "b").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(broker.has(), ["b:first", "b:second"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_at_which_the_publisher_panics_does_not_repeat_the_one_before_for_ever() {
    let (store, broker) = (MemoryStore::new(), Broker::default());
    *broker.panics.lock().unwrap() = Some("a:second".into());
    let _relay = Relay::start(&store, broker.clone());
    to_the_living(1).durable(&store, "a").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(broker.has().len() < 10, "published {} times", broker.has().len());
}

/// The runtime of a relay may end before the process does, and before its store.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_whose_runtime_has_ended_keeps_no_other_relay_from_publishing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let first = prose_sqlite::SqliteStore::open(&path).await.unwrap();
    let store = first.clone();
    let relay = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let relay = Relay::start(&store, MemoryPublisher::new());
            tokio::time::sleep(Duration::from_millis(200)).await;
            relay
        })
    });
    drop(relay.join().unwrap());
    let second = prose_sqlite::SqliteStore::open(&path).await.unwrap();
    let broker = MemoryPublisher::new();
    let _relay = Relay::start(&second, broker.clone());
    to_the_living(1).durable(&second, "a").await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(broker.published().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_half_a_second_where_the_broker_is_known_to_be_down() {
    let (store, broker) = (MemoryStore::new(), Broker::default());
    broker.silent.store(true, Ordering::SeqCst);
    let _relay = Relay::start(&store, broker.clone());
    to_the_living(1).durable(&store, "a").await.unwrap();
    tokio::time::sleep(Duration::from_secs(61)).await;
    let start = tokio::time::Instant::now();
    to_the_living(1).durable(&store, "b").await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_is_stopped_begins_no_publication() {
    let (store, broker) = (MemoryStore::new(), Broker::default());
    broker.silent.store(true, Ordering::SeqCst);
    let mut calls = tokio::task::JoinSet::new();
    let relay = Relay::start(&store, broker.clone());
    for number in 0..512 {
        calls.spawn(to_the_living(1).durable(&store, format!("r{number}")));
    }
    calls.join_all().await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let start = tokio::time::Instant::now();
    relay.stop().await;
    assert!(start.elapsed() < Duration::from_secs(11), "{:?}", start.elapsed());
}

struct OnFile {
    db: prose_sqlite::SqliteDatabase,
    store: prose_sqlite::SqliteStore,
}

#[flow]
async fn inside(ctx: Ctx<OnFile>, number: u64) -> Result<u64, Failure> {
    #[transaction(tx = ctx.deps.db)]
    let millis: u64 = {
        let start = std::time::Instant::now();
        let _tx = tx;
        let call = to_the_living(number).publisher(MemoryPublisher::new()).durable(&ctx.deps.store, "inside");
        call.await.unwrap_err();
        start.elapsed().as_millis() as u64
    };
    Ok(millis)
}

/// It was at once before there was an outbox. All who write to the file wait meanwhile, and other processes for 5 s at most.
#[tokio::test(flavor = "multi_thread")]
async fn a_durable_call_in_a_transaction_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = prose_sqlite::SqliteStore::open(folder.path().join("runs.db")).await.unwrap();
    let deps = OnFile { db: store.database().await.unwrap(), store: store.clone() };
    let millis = inside(1).deps(deps).durable(&store, "outside").await.unwrap();
    assert!(millis < 1_000, "{millis} ms");
}
