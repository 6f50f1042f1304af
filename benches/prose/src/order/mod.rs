//! Row b: the order flow, once for each kind of database, since a transaction's body is written in its words.

mod postgres;
mod sqlite;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_protocol::order::{self as shop, ORDERS_TABLE, Order, Receipt};
use bench_protocol::{Args, Beats, Meter, setting, unsupported};
use prose::store::BoxFuture;
use prose::{Event, EventRecord, PublishError, Publisher, Relay};
use serde::Serialize;
use tokio::sync::Notify;

use crate::place::Both;
use crate::{Result, at_once, place};

const STEPS: usize = 5;

/// What the flows find in `ctx.deps`.
struct Shop<Db> {
    db: Db,
    beats: Beats,
}

/// An order, and which run it is of.
type Numbered = (usize, Order);

#[derive(Serialize, Event)]
#[event(type = "order.confirmed")]
struct Confirmed(shop::OrderConfirmed);

impl Confirmed {
    fn new(order: &Order, receipt: &Receipt) -> Self {
        Self(shop::confirmed(order, receipt))
    }
}

/// Takes everything, and does nothing with it but count.
#[derive(Clone, Default)]
struct Receiver(Arc<Received>);

#[derive(Default)]
struct Received {
    count: AtomicUsize,
    more: Notify,
}

impl Publisher for Receiver {
    fn publish<'a>(&'a self, _channel: &'a str, event: &'a EventRecord) -> BoxFuture<'a, Result<(), PublishError>> {
        std::hint::black_box(event);
        self.0.count.fetch_add(1, Ordering::Release);
        self.0.more.notify_one();
        Box::pin(async { Ok(()) })
    }
}

impl Receiver {
    /// Waits for the events of so many orders: publishing is the last of the five steps.
    async fn has(&self, orders: usize) {
        while self.0.count.load(Ordering::Acquire) < orders {
            self.0.more.notified().await;
        }
    }
}

pub(crate) async fn measure(args: &Args) -> Result<()> {
    let beats = Beats::new(args.runs, STEPS);
    setting("events: a relay with a publisher that counts them; the clock stops at the last");
    match place::both(args).await? {
        Some(Both::Sqlite(store, db)) => {
            sqlx::query(ORDERS_TABLE).execute(db.pool()).await?;
            let receiver = Receiver::default();
            let relay = Relay::start(&store, receiver.clone());
            let shop = Arc::new(Shop { db, beats });
            let meter = Meter::start();
            let deps = Arc::clone(&shop);
            let call =
                move |run| sqlite::order((run, shop::order(run))).deps(Arc::clone(&deps)).durable(&store, id(run));
            at_once::run(args, move |run| finish(call(run))).await?;
            receiver.has(args.runs).await;
            end(args, meter, &shop.beats);
            relay.stop().await;
        }
        Some(Both::Postgres(store, db)) => {
            sqlx::query(ORDERS_TABLE).execute(db.pool()).await?;
            let receiver = Receiver::default();
            let relay = Relay::start(&store, receiver.clone());
            let shop = Arc::new(Shop { db, beats });
            let meter = Meter::start();
            let deps = Arc::clone(&shop);
            let call =
                move |run| postgres::order((run, shop::order(run))).deps(Arc::clone(&deps)).durable(&store, id(run));
            at_once::run(args, move |run| finish(call(run))).await?;
            receiver.has(args.runs).await;
            end(args, meter, &shop.beats);
            relay.stop().await;
        }
        None => unsupported("it has no transactions"),
    }
    Ok(())
}

fn id(run: usize) -> String {
    format!("run-{run}")
}

async fn finish<E: std::error::Error + Send + Sync + 'static>(
    call: impl Future<Output = Result<Receipt, E>>,
) -> Result<()> {
    call.await?;
    Ok(())
}

fn end(args: &Args, meter: Meter, beats: &Beats) {
    meter.finish(args.runs * STEPS);
    beats.emit();
}
