//! The table of orders.
//!
//! An order's id is not unique in it, on purpose: if the transaction were ever done twice, there would be two rows to see.

use prose_sqlite::SqliteDatabase;

const TABLE: &str = "create table if not exists orders (
    row integer primary key,
    order_id text not null,
    user_id text not null,
    total real not null,
    receipt_id text not null
)";

/// Makes the table, if it is not there yet.
pub(crate) async fn create_table(db: &SqliteDatabase) -> sqlx::Result<()> {
    sqlx::query(TABLE).execute(db.pool()).await?;
    Ok(())
}

/// The ids of all orders that are stored.
pub(crate) async fn ids(db: &SqliteDatabase) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("select order_id from orders order by row").fetch_all(db.pool()).await
}
