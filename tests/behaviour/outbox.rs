//! The outbox and its relay: events are part of their step's commit, and arrive whatever the broker does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prose::store::BoxFuture;
use prose::{
    Ctx, Error, Event, EventRecord, MemoryPublisher, MemoryStore, PublishError, Publisher, Relay, Status, Store, flow,
};
use serde::Serialize;

use super::support::{CrashingStore, Failure, Log, until_stuck};

#[derive(Serialize, Event)]
#[event(type = "told")]
struct Told(f64);

#[derive(Clone, Default)]
struct Deps {
    log: Log,
    /// Whether the step behind the event fails.
    fails: Arc<Mutex<bool>>,
}

#[flow]
async fn tell(ctx: Ctx<Deps>, number: f64) -> Result<(), Failure> {
    #[event("told", name = "first")]
    Told(number);

    #[event("told", name = "second")]
    vec![Told(1.0), Told(2.0)];

    #[step]
    'work: {
        ctx.deps.log.add("work");
        if *ctx.deps.fails.lock().unwrap() {
            return Err(Failure::Boom("work"));
        }
    }
    Ok(())
}

/// A broker that does what it is told to, by the number of the publication, from 1. Clones share it.
#[derive(Clone)]
struct Broker {
    has: MemoryPublisher,
    asked: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<Answer>>,
}

/// What it answers to the nth publication of this id.
type Answer = Box<dyn FnMut(usize, &str) -> Result<(), PublishError> + Send>;

impl Broker {
    fn answering(answer: impl FnMut(usize, &str) -> Result<(), PublishError> + Send + 'static) -> Self {
        Self { has: MemoryPublisher::new(), asked: Arc::default(), answer: Arc::new(Mutex::new(Box::new(answer))) }
    }

    fn up() -> Self {
        Self::answering(|_, _| Ok(()))
    }

    /// Down for the first `n` publications.
    fn down_for(n: usize) -> Self {
        let mut left = n;
        Self::answering(move |_, _| match left.checked_sub(1) {
            Some(less) => {
                left = less;
                Err(PublishError::new("the broker does not answer"))
            }
            None => Ok(()),
        })
    }

    /// Rejects this event for as long as it is told to.
    fn rejecting(event: &'static str) -> (Self, Arc<Mutex<bool>>) {
        let rejects = Arc::new(Mutex::new(true));
        let asked = rejects.clone();
        let broker = Self::answering(move |_, id| match id == event && *asked.lock().unwrap() {
            true => Err(PublishError::rejected("too large")),
            false => Ok(()),
        });
        (broker, rejects)
    }

    fn has(&self) -> Vec<String> {
        self.has.published().into_iter().map(|(_, event)| event.id).collect()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Publisher for Broker {
    fn publish<'a>(&'a self, channel: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let nth = {
                let mut asked = self.asked.lock().unwrap();
                asked.push(event.id.clone());
                asked.iter().filter(|id| **id == event.id).count()
            };
            let answer = (self.answer.lock().unwrap_or_else(PoisonError::into_inner))(nth, &event.id);
            answer?;
            self.has.publish(channel, event).await
        })
    }
}

/// Waits, in paused time, until the broker has so many events.
async fn until_it_has(broker: &Broker, events: usize) {
    for _ in 0..100_000 {
        if broker.has().len() >= events {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the broker has {:?}, and was asked for {:?}", broker.has(), broker.asked());
}

#[tokio::test]
async fn with_a_relay_a_flow_needs_no_publisher() {
    let (store, broker) = (MemoryStore::new(), Broker::up());
    let relay = Relay::start(&store, broker.clone());
    tell(0.0).deps(Deps::default()).durable(&store, "r").await.unwrap();
    assert_eq!(broker.has(), ["r:first", "r:second:0", "r:second:1"], "a call waits for its events");
    relay.stop().await;
    let refused = tell(0.0).deps(Deps::default()).durable(&store, "s").await;
    assert!(matches!(refused, Err(Error::NoPublisher { step: "first" })), "{refused:?}");
}

#[tokio::test]
async fn a_relay_publishes_while_a_run_goes_on() {
    #[flow]
    async fn waits(ctx: Ctx<Broker>, _input: ()) -> Result<usize, Failure> {
        #[event("first")]
        Told(0.0);

        #[step]
        let seen: usize = {
            while ctx.deps.has().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            ctx.deps.has().len()
        };
        Ok(seen)
    }
    let (store, broker) = (MemoryStore::new(), Broker::up());
    let seen = waits(()).deps(broker.clone()).publisher(broker.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(seen, 1);
}

/// SEED, fault 7: what was published is not published again from the first.
#[tokio::test]
async fn fault_7_a_run_that_goes_on_publishes_nothing_again() {
    let (store, broker, deps) = (MemoryStore::new(), Broker::up(), Deps::default());
    *deps.fails.lock().unwrap() = true;
    for _ in 0..3 {
        tell(0.0).deps(deps.clone()).publisher(broker.clone()).durable(&store, "r").await.unwrap_err();
    }
    *deps.fails.lock().unwrap() = false;
    tell(0.0).deps(deps.clone()).publisher(broker.clone()).durable(&store, "r").await.unwrap();
    tell(0.0).deps(deps).publisher(broker.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(broker.asked(), ["r:first", "r:second:0", "r:second:1"]);
}

/// A crash in front of the commit that holds an event leaves none; behind it the next call finds it in the outbox.
#[tokio::test]
async fn an_event_is_there_exactly_if_its_commit_is() {
    let store = CrashingStore::default();
    let (broker, deps) = (Broker::down_for(1_000), Deps::default());
    let call = |store: &CrashingStore, broker: &Broker| {
        tell(0.0).deps(deps.clone()).publisher(broker.clone()).durable(store, "r")
    };
    // Commits: the entrance of `first`, then of `second`, which holds the first event.
    assert!(until_stuck(call(&store.crash_after(1), &broker)).await.is_none());
    assert_eq!(store.outbox().unpublished(&prose::store::RunKey::new("r")).await.unwrap(), 0);
    assert!(until_stuck(call(&store.crash_after(1), &broker)).await.is_none());
    assert_eq!(store.outbox().unpublished(&prose::store::RunKey::new("r")).await.unwrap(), 1);
    let up = Broker::up();
    call(&store, &up).await.unwrap();
    assert_eq!(up.has(), ["r:first", "r:second:0", "r:second:1"]);
}

#[tokio::test]
async fn of_several_events_all_are_recorded_or_none() {
    #[flow]
    async fn several(_ctx: Ctx, _input: ()) -> Result<(), Failure> {
        #[event("numbers")]
        vec![Told(1.0), Told(f64::NAN)];
        Ok(())
    }
    let (store, broker) = (MemoryStore::new(), Broker::up());
    let failed = several(()).publisher(broker.clone()).durable(&store, "r").await;
    assert!(matches!(failed, Err(Error::Unsavable { .. })), "{failed:?}");
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(broker.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_down_holds_up_no_run_and_gets_all_events_when_it_is_back() {
    let (store, broker) = (MemoryStore::new(), Broker::down_for(20));
    let relay = Relay::start(&store, broker.clone());
    for run in ["a", "b"] {
        tell(0.0).deps(Deps::default()).durable(&store, run).await.unwrap();
        assert_eq!(store.load(run).await.unwrap().unwrap().status, Status::Completed);
    }
    assert!(broker.has().is_empty(), "it is down for longer than a call waits");
    until_it_has(&broker, 6).await;
    for run in ["a", "b"] {
        let of_run: Vec<_> = broker.has().into_iter().filter(|id| id.starts_with(run)).collect();
        assert_eq!(of_run.len(), 3, "{of_run:?}");
    }
    relay.stop().await;
}

/// A hiccup is waited for by the call itself.
#[tokio::test]
async fn an_event_that_did_not_arrive_is_published_again_with_the_same_id() {
    let (store, broker) = (MemoryStore::new(), Broker::down_for(1));
    tell(0.0).deps(Deps::default()).publisher(broker.clone()).durable(&store, "r").await.unwrap();
    let asked = broker.asked();
    assert_eq!(asked, ["r:first", "r:first", "r:second:0", "r:second:1"]);
    assert_eq!(broker.has(), asked[1..]);
}

#[tokio::test]
async fn what_a_call_has_left_the_next_one_publishes() {
    let (store, broker) = (MemoryStore::new(), Broker::up());
    tell(0.0).deps(Deps::default()).publisher(Broker::down_for(1_000)).durable(&store, "r").await.unwrap();
    tell(0.0).deps(Deps::default()).publisher(broker.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(broker.has(), ["r:first", "r:second:0", "r:second:1"]);
}

/// The event before it is confirmed first, also where confirmations take their time.
#[tokio::test(start_paused = true)]
async fn events_of_a_run_on_a_channel_are_published_one_after_the_other() {
    /// Takes long, and counts how many it is asked for at once on one channel of a run.
    #[derive(Clone, Default)]
    struct Slow(Arc<Mutex<Vec<String>>>, Log);
    impl Publisher for Slow {
        fn publish<'a>(&'a self, _: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>> {
            Box::pin(async move {
                let queue = event.id.rsplit_once(':').map(|(queue, _)| queue.to_owned()).unwrap();
                assert!(!self.0.lock().unwrap().contains(&queue), "two at once");
                self.0.lock().unwrap().push(queue.clone());
                tokio::time::sleep(Duration::from_millis(100)).await;
                self.0.lock().unwrap().retain(|other| *other != queue);
                self.1.add(&event.id);
                Ok(())
            })
        }
    }
    #[flow]
    async fn many(_ctx: Ctx, _input: ()) -> Result<(), Failure> {
        #[event("numbers")]
        (0..20).map(|number| Told(f64::from(number))).collect::<Vec<_>>();
        Ok(())
    }
    let (store, broker) = (MemoryStore::new(), Slow::default());
    let relay = Relay::start(&store, broker.clone());
    for run in ["a", "b", "c"] {
        many(()).durable(&store, run).await.unwrap();
    }
    relay.stop().await;
    for run in ["a", "b", "c"] {
        let of_run: Vec<_> = broker.1.lines().into_iter().filter(|id| id.starts_with(run)).collect();
        assert_eq!(of_run, (0..20).map(|number| format!("{run}:numbers:{number}")).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejected_event_is_tried_again_then_parked_and_may_be_released() {
    let (broker, rejects) = Broker::rejecting("r:second:0");
    let store = MemoryStore::new();
    let relay = Relay::builder(&store, broker.clone()).max_rejections(3).start();
    tell(0.0).deps(Deps::default()).durable(&store, "r").await.unwrap();
    until_it_has(&broker, 2).await;
    assert_eq!(broker.has(), ["r:first", "r:second:1"], "a parked event lets the others pass");
    assert_eq!(broker.asked().iter().filter(|id| *id == "r:second:0").count(), 3);

    let parked = store.outbox().parked(0, 10).await.unwrap();
    assert_eq!((parked.len(), parked[0].rejections, parked[0].error.as_str()), (1, 3, "too large"));
    *rejects.lock().unwrap() = false;
    assert!(store.outbox().release(parked[0].id).await.unwrap());
    until_it_has(&broker, 3).await;
    assert!(store.outbox().parked(0, 10).await.unwrap().is_empty());
    relay.stop().await;
}

#[tokio::test(start_paused = true)]
async fn on_an_ordered_channel_later_events_wait_for_a_parked_one() {
    let (broker, rejects) = Broker::rejecting("r:second:0");
    let store = MemoryStore::new();
    let relay = Relay::builder(&store, broker.clone()).ordered("told").max_rejections(2).start();
    for run in ["r", "s"] {
        tell(0.0).deps(Deps::default()).durable(&store, run).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!broker.asked().contains(&"r:second:1".to_owned()), "it waits for the one before");
    assert!(broker.has().contains(&"s:second:1".to_owned()), "other runs do not");
    *rejects.lock().unwrap() = false;
    let parked = store.outbox().parked(0, 10).await.unwrap();
    assert!(store.outbox().release(parked[0].id).await.unwrap());
    until_it_has(&broker, 6).await;
    let of_r: Vec<_> = broker.has().into_iter().filter(|id| id.starts_with("r:")).collect();
    assert_eq!(of_r, ["r:first", "r:second:0", "r:second:1"]);
    relay.stop().await;
}

/// A relay that dies of its publisher's bug would lose every event behind it.
#[tokio::test(start_paused = true)]
async fn a_publisher_that_panics_is_one_that_does_not_answer() {
    let broker = Broker::answering(|nth, _| if nth == 1 { panic!("a bug") } else { Ok(()) });
    let store = MemoryStore::new();
    let relay = Relay::start(&store, broker.clone());
    tell(0.0).deps(Deps::default()).durable(&store, "r").await.unwrap();
    until_it_has(&broker, 3).await;
    relay.stop().await;
}

/// Also relays of calls that come and go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_relays_one_publishes_at_a_time() {
    let (store, broker) = (MemoryStore::new(), Broker::up());
    let relays: Vec<_> = (0..4).map(|_| Relay::start(&store, broker.clone())).collect();
    let mut calls = tokio::task::JoinSet::new();
    for run in 0..32 {
        let call = tell(0.0).deps(Deps::default()).publisher(broker.clone());
        calls.spawn(call.durable(&store, format!("r{run}")).into_future());
    }
    calls.join_all().await.into_iter().for_each(|outcome| outcome.unwrap());
    for relay in relays {
        relay.stop().await;
    }
    let mut asked = broker.asked();
    asked.sort();
    asked.dedup();
    assert_eq!((asked.len(), broker.asked().len()), (96, 96), "each event once");
}

/// What was under way at a stop is noted, and what was not stays.
#[tokio::test]
async fn a_relay_that_is_stopped_has_noted_what_it_has_published() {
    let (store, broker) = (MemoryStore::new(), Broker::up());
    for run in 0..20 {
        let relay = Relay::start(&store, broker.clone());
        let run = format!("r{run}");
        tell(0.0).deps(Deps::default()).durable(&store, &run).await.unwrap();
        relay.stop().await;
        assert_eq!(store.outbox().unpublished(&prose::store::RunKey::new(run)).await.unwrap(), 0);
    }
    assert_eq!(broker.asked().len(), 60);
}
