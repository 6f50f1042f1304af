//! The table of an inbox: found, or created, and seen to be one.

use prose::inbox::InboxError;
use sqlx::SqlitePool;

use super::failure::{failed, unusable};

const FOUND: &str = "select count(*) = 2 from sqlite_schema where name in ('prose_inbox', 'prose_inbox_seen')";

/// All that the inbox needs of the table, its columns and its key, without writing anything: to explain a statement is to
/// compile it.
const CHECK: &str = "explain insert into prose_inbox (consumer, event_id, seen_at) values ('', '', 0) \
    on conflict (consumer, event_id) do nothing";

/// Makes sure that there is a table, or says why not.
pub(super) async fn prepare(pool: &SqlitePool) -> Result<(), InboxError> {
    let found: bool = sqlx::query_scalar(FOUND).fetch_one(pool).await.map_err(|error| failed(pool, error))?;
    if !found {
        return create(pool).await;
    }
    sqlx::raw_sql(CHECK).execute(pool).await.map_err(|error| unusable(pool, error))?;
    Ok(())
}

/// Others may start at the same moment: who comes second waits, and finds the work done. What is somebody else's stays as it was.
async fn create(pool: &SqlitePool) -> Result<(), InboxError> {
    let mut tx = pool.begin_with("begin immediate").await.map_err(|error| failed(pool, error))?;
    for sql in [include_str!("inbox.sql"), CHECK] {
        sqlx::raw_sql(sql).execute(&mut *tx).await.map_err(|error| unusable(pool, error))?;
    }
    tx.commit().await.map_err(|error| failed(pool, error))
}
