//! The table of orders.
//!
//! An order's id is not unique in it, on purpose: if the transaction were ever done twice, there would be two rows to see.

use prose::{Database, DatabaseError};
use prose_sqlite::SqliteDatabase;

const TABLE: &str = "create table if not exists orders (
    row integer primary key,
    order_id text not null,
    user_id text not null,
    total real not null,
    receipt_id text not null
)";

/// An order as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct OrderRow {
    pub(crate) order_id: String,
    pub(crate) user_id: String,
    pub(crate) total: f64,
}

/// Makes the table, if it is not there yet.
pub(crate) async fn create_table(db: &SqliteDatabase) -> Result<(), DatabaseError> {
    let mut open = db.begin(None).await?;
    sqlx::query(TABLE).execute(&mut **SqliteDatabase::tx(&mut open)).await.map_err(failed)?;
    db.commit(open, None).await
}

/// All orders that are stored.
pub(crate) async fn all(db: &SqliteDatabase) -> Result<Vec<OrderRow>, DatabaseError> {
    let mut open = db.begin(None).await?;
    let rows = sqlx::query_as("select order_id, user_id, total from orders order by row");
    rows.fetch_all(&mut **SqliteDatabase::tx(&mut open)).await.map_err(failed)
}

fn failed(error: sqlx::Error) -> DatabaseError {
    DatabaseError::failed(format!("the table of orders: {error}"), error)
}
