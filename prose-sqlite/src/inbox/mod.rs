//! [`SqliteInbox`]: applies each event once, in a consumer's own SQLite file.

mod failure;
mod table;

use std::time::Duration;

use prose::inbox::{Delivery, InboxError, check_consumer, check_event_id};
use sqlx::{Sqlite, SqlitePool, Transaction};

use self::failure::failed;
use crate::clock;

/// Applies each event once: a consumer's memory of the events that it has applied, in the consumer's own SQLite file. Clones share the
/// pool.
///
/// Events are published at least once, and brokers deliver at least once: repeats are part of every working day. [`once`](Self::once) notes
/// an event's id in the transaction that applies the event, so both are committed or neither is.
///
/// ```
/// use prose_sqlite::{Delivery, SqliteInbox};
/// # use sqlx::SqlitePool;
/// # use sqlx::sqlite::SqliteConnectOptions;
///
/// async fn apply(event_id: &str, inbox: &SqliteInbox, pool: &SqlitePool) -> Result<Delivery, sqlx::Error> {
///     let mut tx = pool.begin().await?;
///     let delivery = inbox.once(event_id, &mut tx).await?; // first of all: see there
///     if delivery.is_first() {
///         sqlx::query("update stock set booked = booked + 1").execute(&mut *tx).await?; // no upsert, no check of its own
///     }
///     tx.commit().await?;
///     Ok(delivery) // and only now acknowledge the message
/// }
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let options = SqliteConnectOptions::new().filename(folder.path().join("stock.db")).create_if_missing(true);
/// let pool = SqlitePool::connect_with(options).await?;
/// # sqlx::raw_sql("create table stock (booked integer); insert into stock values (0)").execute(&pool).await?;
/// let inbox = SqliteInbox::open(&pool, "stock").await?;
///
/// assert_eq!(apply("ord_1:confirmed", &inbox, &pool).await?, Delivery::First);
/// assert_eq!(apply("ord_1:confirmed", &inbox, &pool).await?, Delivery::Repeated);
/// let booked: i64 = sqlx::query_scalar("select booked from stock").fetch_one(&pool).await?;
/// assert_eq!(booked, 1);
/// # Ok(()) }
/// ```
///
/// # The consumer's name
/// Several consumers of the same events may share a file: each notes ids under its own name, and all processes of one consumer use
/// the same. An event's id is unique for **one publishing service** (it is `{run_id}:{step}`): who takes events from several opens an
/// inbox for each, named `stock:orders` and `stock:returns`, say.
///
/// # The file
/// It is the application's; the table is `prose_inbox`, and no pragma is changed. What is acknowledged must not be lost with the
/// machine, so the pool syncs at each commit: SQLite's default, `synchronous=FULL`, does. It may be a store's file as well: then the
/// transactions wait for the store's writes as those of another process do, or, in a flow's `#[transaction]`, stand in its queue.
///
/// # How long it remembers
/// Until [`prune`](Self::prune): what is delivered again after that is applied again. Until then ids must not be used for other events:
/// if a run is deleted and its id given to another run, that one's events have the ids of the first one's, and count as
/// repeats.
#[derive(Clone, Debug)]
pub struct SqliteInbox {
    pool: SqlitePool,
    consumer: String,
}

const NOTE: &str = "insert into prose_inbox (consumer, event_id, seen_at) values (?1, ?2, ?3) \
    on conflict (consumer, event_id) do nothing";

/// A few at a time: whoever writes to the file meanwhile does not wait long.
const PRUNE: &str = "delete from prose_inbox where consumer = ?1 and event_id in \
    (select event_id from prose_inbox where consumer = ?1 and seen_at <= ?2 order by seen_at limit ?3)";

/// How many ids are forgotten in one statement.
const PRUNE_AT_ONCE: i64 = 1_000;

/// Between two statements, so that others come in: SQLite has no queue, who waits for the file looks again every now and then.
const PRUNE_PAUSE: Duration = Duration::from_millis(10);

impl SqliteInbox {
    /// Opens the inbox of a consumer, creating the table where it is missing. Any number of processes may do so at once.
    ///
    /// # Errors
    /// In words that name the file and say what to do: it is missing, no database, read-only or locked; or the table `prose_inbox` is
    /// somebody else's, or the consumer's name is empty or longer than 200 bytes. Nothing was changed then.
    pub async fn open(pool: &SqlitePool, consumer: impl Into<String>) -> Result<Self, InboxError> {
        let consumer = consumer.into();
        check_consumer(&consumer)?;
        table::prepare(pool).await?;
        Ok(Self { pool: pool.clone(), consumer })
    }

    /// Whether the event is to be applied in this transaction: [`Delivery::First`] if none that is committed has noted it,
    /// and from then on this one has. If the transaction rolls back, or the process dies before its commit, the event counts as not
    /// seen; so does rolling back to a savepoint in front of it.
    ///
    /// **Acknowledge behind the commit**, whatever it said: an event that was acknowledged before may be lost.
    ///
    /// # Call it first
    /// It writes, and SQLite has one writer at a time: this waits until the others have ended (`busy_timeout`, with sqlx 5 seconds), and
    /// then sees what they have committed. But a transaction that has **read** before it writes does not wait: once somebody else has
    /// written behind its first read, or does so just now, it fails at once (`SQLITE_BUSY_SNAPSHOT`, `SQLITE_BUSY`: "database is locked"),
    /// and has to be rolled back and begun anew. So let `once` be the transaction's first statement, or begin with
    /// `pool.begin_with("begin immediate")`.
    ///
    /// # Ids
    /// Any text but the empty one, of any length, compared byte by byte.
    ///
    /// # Errors
    /// Those of the file; [`sqlx::Error::InvalidArgument`] for an empty id. The event is not noted then.
    pub async fn once(&self, event_id: &str, tx: &mut Transaction<'_, Sqlite>) -> Result<Delivery, sqlx::Error> {
        check_event_id(event_id).map_err(|error| sqlx::Error::InvalidArgument(error.to_string()))?;
        let note = sqlx::query(NOTE).bind(&self.consumer).bind(event_id).bind(clock::now());
        let noted = note.execute(&mut **tx).await?.rows_affected();
        Ok(if noted == 0 { Delivery::Repeated } else { Delivery::First })
    }

    /// Forgets the events of this consumer that were applied longer ago, by this machine's clock; how many. They go a thousand
    /// at a time, each thousand in a transaction of its own, with a pause behind it for others who write. Any process may do so at any
    /// time; once a day, say.
    ///
    /// What is delivered again after that is **applied again**. So `older_than` is longer than the longest time after which a repeat can
    /// come, which is never less than: what the broker keeps unacknowledged (NATS: the stream's `max_age`; RabbitMQ: for as
    /// long as the message waits in a queue, a dead letter queue too), plus the longest outage of a publishing service, which publishes anew
    /// what it does not know to have arrived. A row takes a few hundred bytes: thirty days is a good choice.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn daily(inbox: prose_sqlite::SqliteInbox) -> Result<(), prose_sqlite::InboxError> {
    /// let forgotten = inbox.prune(Duration::from_secs(30 * 24 * 3600)).await?;
    /// # let _ = forgotten;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the file is locked for longer than the pool waits, full or read-only. What went before is gone; prune again.
    pub async fn prune(&self, older_than: Duration) -> Result<u64, InboxError> {
        let before = clock::now().saturating_sub(i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX));
        let mut forgotten = 0;
        loop {
            let prune = sqlx::query(PRUNE).bind(&self.consumer).bind(before).bind(PRUNE_AT_ONCE).execute(&self.pool);
            let gone = prune.await.map_err(|error| failed(&self.pool, error))?.rows_affected();
            forgotten += gone;
            if gone < PRUNE_AT_ONCE.unsigned_abs() {
                return Ok(forgotten);
            }
            tokio::time::sleep(PRUNE_PAUSE).await;
        }
    }

    /// The consumer whose inbox it is.
    pub fn consumer(&self) -> &str {
        &self.consumer
    }
}
