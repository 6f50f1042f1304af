//! [`PostgresInbox`]: applies each event once, in a consumer's own Postgres database.

mod failure;
mod table;

use std::time::Duration;

use prose::inbox::{Delivery, InboxError, check_consumer, check_event_id};
use sqlx::{PgPool, Postgres, SqlStr, Transaction};

use self::failure::failed;
use crate::names::Schema;
use crate::{link, text};

/// Applies each event once: a consumer's memory of the events that it has applied, in the consumer's own Postgres database. Clones share
/// the pool.
///
/// Events are published at least once, and brokers deliver at least once: repeats are part of every working day. [`once`](Self::once) notes
/// an event's id in the transaction that applies the event, so both are committed or neither is.
///
/// ```no_run
/// use prose::EventRecord;
/// use prose_postgres::PostgresInbox;
/// use sqlx::PgPool;
///
/// async fn apply(event: &EventRecord, inbox: &PostgresInbox, pool: &PgPool) -> Result<(), sqlx::Error> {
///     let mut tx = pool.begin().await?;
///     if inbox.once(&event.id, &mut tx).await?.is_first() {
///         sqlx::query("update stock set booked = booked + 1").execute(&mut *tx).await?; // no upsert, no check of its own
///     }
///     tx.commit().await // and only then acknowledge the message
/// }
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = PgPool::connect("postgres://stock:secret@db.example/stock").await?;
/// let inbox = PostgresInbox::open(&pool, "stock").await?;
/// # let _ = (inbox, apply);
/// # Ok(()) }
/// ```
///
/// # The consumer's name
/// Several consumers of the same events may share a database: each notes ids under its own name, and all processes of one consumer
/// use the same. An event's id is unique for **one publishing service** (it is `{run_id}:{step}`): who takes events from several
/// opens an inbox for each, named `stock:orders` and `stock:returns`, say.
///
/// # The database
/// It need not be the one in which the flows are kept; if it is, the table stands beside the store's, in the schema `prose`. A user that
/// may not create it needs `usage` on the schema, and `select`, `insert` on the table; `delete` to prune.
///
/// # How long it remembers
/// Until [`prune`](Self::prune): what is delivered again after that is applied again. Until then ids must not be used for other events:
/// if a run is deleted and its id given to another run, that one's events have the ids of the first one's, and count as
/// repeats.
#[derive(Clone, Debug)]
pub struct PostgresInbox {
    pool: PgPool,
    consumer: String,
    schema: Schema,
    /// The server, the database and the schema, for messages.
    place: String,
    note: SqlStr,
}

/// How an inbox is opened; made by [`PostgresInbox::builder`].
///
/// ```no_run
/// use prose_postgres::PostgresInbox;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let pool = sqlx::PgPool::connect("postgres://stock:secret@db.example/stock").await?;
/// let inbox = PostgresInbox::builder(&pool, "stock").schema("stock_events").open().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresInboxBuilder {
    pool: PgPool,
    consumer: String,
    schema: String,
}

impl PostgresInboxBuilder {
    /// The schema that the table `inbox` stands in; `prose` unless told otherwise. It is created where it is missing.
    #[must_use]
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = name.into();
        self
    }

    /// Opens it, creating the schema and the table where they are missing. Any number of processes may do so at once.
    ///
    /// # Errors
    /// In words that name the server and say what to do: it cannot be reached, is read-only, lets this user create or write nothing; or
    /// the table `inbox` is somebody else's, the consumer's name is empty or longer than 200 bytes, or the schema's name is
    /// impossible. Nothing was changed then.
    pub async fn open(self) -> Result<PostgresInbox, InboxError> {
        check_consumer(&self.consumer)?;
        let schema = Schema::new(&self.schema).map_err(|error| InboxError::new(error.to_string()))?;
        let place = format!("{}, schema `{}`", link::place(&self.pool.connect_options()), schema.name());
        let mut connection = self.pool.acquire().await.map_err(|error| failed(&place, error))?;
        table::prepare(&mut connection, &schema, &place).await?;
        Ok(PostgresInbox { note: schema.sql(NOTE), pool: self.pool, consumer: self.consumer, schema, place })
    }
}

/// An index takes no long text, so of a long id its hash is kept.
const NOTE: &str = "insert into {s}.inbox (consumer, event_id) values ($1, case \
    when octet_length($2::text) <= 1000 then $2::text \
    else left($2::text, 100) || E'\\x01#' || encode(sha256(convert_to($2::text, 'UTF8')), 'hex') end) \
    on conflict (consumer, event_id) do nothing";

/// A few at a time, so that nobody waits long. By `ctid` and by the statement's own time, so that whatever the planner knows of the table,
/// it goes through no more rows than that: `clock_timestamp` may change from row to row, and is not looked up in an index.
const PRUNE: &str = "\
    delete from {s}.inbox where ctid = any (array( \
        select ctid from {s}.inbox where consumer = $1 and seen_at <= statement_timestamp() - make_interval(secs => $2) \
        order by seen_at limit $3 for update skip locked \
    ))";

/// How many ids are forgotten in one statement.
const PRUNE_AT_ONCE: i64 = 1_000;

/// Beyond this nothing is old: instants of Postgres begin in 4713 BC.
const OLDEST: Duration = Duration::from_secs(1_000 * 365 * 24 * 3_600);

impl PostgresInbox {
    /// Opens the inbox of a consumer with the usual settings; see [`PostgresInboxBuilder::open`].
    ///
    /// # Errors
    /// As there.
    pub async fn open(pool: &PgPool, consumer: impl Into<String>) -> Result<Self, InboxError> {
        Self::builder(pool, consumer).open().await
    }

    /// Settings other than the usual ones.
    pub fn builder(pool: &PgPool, consumer: impl Into<String>) -> PostgresInboxBuilder {
        PostgresInboxBuilder { pool: pool.clone(), consumer: consumer.into(), schema: "prose".to_owned() }
    }

    /// Whether the event is to be applied in this transaction: [`Delivery::First`] if none that is committed has noted it,
    /// and from then on this one has. One round trip. If the transaction rolls back, or the process dies before its commit, the event
    /// counts as not seen; so does rolling back to a savepoint in front of it.
    ///
    /// **Acknowledge behind the commit**, whatever it said: an event that was acknowledged before may be lost.
    ///
    /// # When the same event is applied elsewhere at the same moment
    /// This waits until the other transaction has ended. If that was rolled back, the event is this one's; if it was
    /// committed, it is [`Delivery::Repeated`] under READ COMMITTED, Postgres's default. Under REPEATABLE READ and SERIALIZABLE, whose
    /// snapshot does not show the other's row, it is a serialization error (SQLSTATE `40001`), as for any statement there: roll
    /// back and apply the event anew, and it is `Repeated`.
    ///
    /// Who applies several events in one transaction should do so in the order of their ids, or two of them may wait for one
    /// another (a deadlock, `40P01`, which Postgres ends after a second).
    ///
    /// # Ids
    /// Any text but the empty one, compared byte by byte. One longer than 1,000 bytes is kept as its first hundred characters and its SHA-256.
    ///
    /// # Errors
    /// Those of the database; [`sqlx::Error::InvalidArgument`] for an empty id. The transaction is to be rolled back then, and the event
    /// is not noted.
    pub async fn once(&self, event_id: &str, tx: &mut Transaction<'_, Postgres>) -> Result<Delivery, sqlx::Error> {
        check_event_id(event_id).map_err(|error| sqlx::Error::InvalidArgument(error.to_string()))?;
        let note = sqlx::query(self.note.clone()).bind(&self.consumer).bind(text::escape(event_id));
        let noted = note.execute(&mut **tx).await?.rows_affected();
        Ok(if noted == 0 { Delivery::Repeated } else { Delivery::First })
    }

    /// Forgets the events of this consumer that were applied longer ago, by the server's clock; how many. They go a thousand
    /// at a time, each thousand in a transaction of its own, and hold up nobody. Any process may do so at any time; once a day, say.
    ///
    /// What is delivered again after that is **applied again**. So `older_than` is longer than the longest time after which a repeat can
    /// come, which is never less than: what the broker keeps unacknowledged (NATS: the stream's `max_age`; RabbitMQ: for as
    /// long as the message waits in a queue, a dead letter queue too), plus the longest outage of a publishing service, which publishes anew
    /// what it does not know to have arrived. A row takes a few hundred bytes: thirty days is a good choice.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn daily(inbox: prose_postgres::PostgresInbox) -> Result<(), prose_postgres::InboxError> {
    /// let forgotten = inbox.prune(Duration::from_secs(30 * 24 * 3600)).await?;
    /// # let _ = forgotten;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the server cannot be reached, or this user may not delete. What went before is gone; prune again.
    pub async fn prune(&self, older_than: Duration) -> Result<u64, InboxError> {
        if older_than >= OLDEST {
            return Ok(0);
        }
        let mut forgotten = 0;
        loop {
            let prune = sqlx::query(self.schema.sql(PRUNE)).bind(&self.consumer);
            let prune = prune.bind(older_than.as_secs_f64()).bind(PRUNE_AT_ONCE).execute(&self.pool);
            let gone = prune.await.map_err(|error| failed(&self.place, error))?.rows_affected();
            forgotten += gone;
            if gone < PRUNE_AT_ONCE.unsigned_abs() {
                return Ok(forgotten);
            }
        }
    }

    /// The consumer whose inbox it is.
    pub fn consumer(&self) -> &str {
        &self.consumer
    }
}
