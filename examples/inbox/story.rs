//! The whole story: orders are taken, their events consumed, and the consumer is killed in the middle.

use std::path::Path;
use std::time::Duration;

use crate::Failure;
use crate::consumer_process::{ConsumerProcess, Deliveries};
use crate::order::EVENTS;
use crate::output::line;
use crate::projection::Projection;
use crate::publishing::{CUSTOMERS, ORDERS, Shop, order};
use crate::stream::Stream;

/// Behind how many deliveries the consumer is killed.
const KILLED_BEHIND: u64 = 40;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Tells it, and fails where anything is not as promised. Nothing of it stays.
pub(crate) async fn tell() -> Result<(), Failure> {
    let folder = tempfile::Builder::new().prefix("inbox-").tempdir()?;
    let stream = Stream::of(&format!("prose_inbox_{}_{:x}", std::process::id(), moment())).await?;
    stream.create().await?;
    let told = tokio::time::timeout(PATIENCE, tell_in(folder.path(), &stream)).await;
    stream.delete().await?;
    told.map_err(|_| format!("it takes longer than {PATIENCE:?}"))?
}

async fn tell_in(folder: &Path, stream: &Stream) -> Result<(), Failure> {
    line("\nEach event once, though some come twice\n")?;
    line(&format!(
        "  {ORDERS} orders publish {} events to the stream {}; their runs are in orders.db.",
        EVENTS * ORDERS,
        stream.name()
    ))?;
    line("  A process of its own adds the events up in billing.db.\n")?;

    // Kept open to the end, like a service that goes on: it may have events to publish when its calls are over.
    let shop = Shop::open(folder, stream).await?;
    let (published, deliveries) = tokio::join!(shop.take_all_orders(), consume(folder, stream));
    published?;
    verdict(deliveries?, &Projection::open(folder).await?).await
}

/// A consumer that is killed, and one that goes on where it was.
async fn consume(folder: &Path, stream: &Stream) -> Result<Deliveries, Failure> {
    let mut deliveries = Deliveries::default();
    let mut killed = ConsumerProcess::start(folder, stream, Some(KILLED_BEHIND))?;
    while deliveries.all() < KILLED_BEHIND {
        if !killed.hear(&mut deliveries).await? {
            return Err("the consumer has ended too early".into());
        }
    }
    killed.kill().await?;
    line(&format!(
        "  The consumer is killed with SIGKILL: {KILLED_BEHIND} events are applied, the last ones not yet acknowledged."
    ))?;

    let mut other = ConsumerProcess::start(folder, stream, None)?;
    line("  It is started again, and what was not acknowledged is delivered again.\n")?;
    hear_until_all_is_acknowledged(&mut other, &mut deliveries, stream).await?;
    other.tell_to_end();
    while other.hear(&mut deliveries).await? {}
    other.ended().await?;
    Ok(deliveries)
}

async fn hear_until_all_is_acknowledged(
    consumer: &mut ConsumerProcess,
    deliveries: &mut Deliveries,
    stream: &Stream,
) -> Result<(), Failure> {
    let acknowledged = async {
        while !all_is_acknowledged(stream).await? {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    };
    tokio::pin!(acknowledged);
    loop {
        tokio::select! {
            done = &mut acknowledged => return done,
            said = consumer.hear(deliveries) => if !said? {
                return Err("the consumer has ended too early".into());
            },
        }
    }
}

async fn all_is_acknowledged(stream: &Stream) -> Result<bool, Failure> {
    let progress = stream.progress().await?;
    Ok(progress.published >= EVENTS * ORDERS && progress.open == 0)
}

/// Compares what the consumer has added up with what was ordered.
async fn verdict(deliveries: Deliveries, projection: &Projection) -> Result<(), Failure> {
    let (all, Deliveries { first, repeated }) = (deliveries.all(), deliveries);
    line(&format!("  {all:>4} deliveries\n  {repeated:>4} repeats, recognised by the inbox\n  {first:>4} applied\n"))?;
    let found = projection.accounts().await?;
    for (customer, ordered, paid) in &found {
        line(&format!("  {customer:<8} ordered {ordered:>6} cents, paid {paid:>6} cents"))?;
    }
    if found != expected() {
        return Err(format!("\n  ✗ The sums are wrong: they should be {:?}", expected()).into());
    }
    if first != EVENTS * ORDERS || repeated == 0 {
        return Err("\n  ✗ Not every event was applied once, or none came twice".into());
    }
    Ok(line("\n  ✓ All as promised: every event is in the sums once.")?)
}

/// By customer, as the projection has them.
fn expected() -> Vec<(String, i64, i64)> {
    let mut customers = CUSTOMERS;
    customers.sort_unstable();
    let sum = |customer: &str| {
        (0..ORDERS).map(order).filter(|order| order.customer == customer).map(|order| order.cents).sum()
    };
    customers.map(|customer| (customer.to_owned(), sum(customer), sum(customer))).into()
}

/// Tells this story's stream from those of others.
fn moment() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_micros()
}
