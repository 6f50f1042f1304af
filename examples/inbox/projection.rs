//! What the consumer makes of events: for each customer, what was ordered and what was paid.

use std::path::Path;

use prose::EventRecord;
use prose_sqlite::{Delivery, SqliteInbox};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};

use crate::order::{OrderPaid, OrderPlaced};
use crate::{Failure, billing_db};

/// The consumer's own file: its table, and its inbox beside it.
#[derive(Clone, Debug)]
pub(crate) struct Projection {
    pool: SqlitePool,
    inbox: SqliteInbox,
}

impl Projection {
    pub(crate) async fn open(folder: &Path) -> Result<Self, Failure> {
        let options = SqliteConnectOptions::new().filename(billing_db(folder)).create_if_missing(true);
        let pool = SqlitePool::connect_with(options.journal_mode(SqliteJournalMode::Wal)).await?;
        sqlx::query("create table if not exists accounts (customer text primary key, ordered integer, paid integer)")
            .execute(&pool)
            .await?;
        Ok(Self { inbox: SqliteInbox::open(&pool, "billing").await?, pool })
    }

    /// Applies an event, if it is not a repeat: the sums and the note that the event is in them are one commit. Who has awaited this
    /// may acknowledge the message.
    pub(crate) async fn apply(&self, event: &EventRecord) -> Result<Delivery, Failure> {
        let mut tx = self.pool.begin().await?;
        let delivery = self.inbox.once(&event.id, &mut tx).await?;
        if delivery.is_first() {
            let (customer, ordered, paid) = change(event)?;
            sqlx::query("insert into accounts values (?, 0, 0) on conflict do nothing")
                .bind(&customer)
                .execute(&mut *tx)
                .await?;
            // Applied twice, this would be wrong.
            sqlx::query("update accounts set ordered = ordered + ?, paid = paid + ? where customer = ?")
                .bind(ordered)
                .bind(paid)
                .bind(&customer)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(delivery)
    }

    /// What was ordered and paid, by customer.
    pub(crate) async fn accounts(&self) -> Result<Vec<(String, i64, i64)>, Failure> {
        let accounts = sqlx::query_as("select customer, ordered, paid from accounts order by customer");
        Ok(accounts.fetch_all(&self.pool).await?)
    }
}

/// Whose sums an event changes, and by how much.
fn change(event: &EventRecord) -> Result<(String, i64, i64), Failure> {
    match &*event.event_type {
        "order.placed" => {
            let OrderPlaced { customer, cents } = event.data.decode()?;
            Ok((customer, cents, 0))
        }
        "order.paid" => {
            let OrderPaid { customer, cents } = event.data.decode()?;
            Ok((customer, 0, cents))
        }
        other => Err(format!("event `{}` is of type `{other}`, which nobody here knows", event.id).into()),
    }
}
