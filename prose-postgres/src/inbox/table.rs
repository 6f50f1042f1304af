//! The table of an inbox: found, or created, and seen to be one.

use prose::inbox::InboxError;
use sqlx::{Connection, PgConnection, Row};

use super::failure::{failed, not_created, unusable};
use crate::names::Schema;

/// All that [`once`](super::PostgresInbox::once) needs of the table, its columns, its key and this user's rights, without writing
/// anything: to explain a statement is to plan it.
const CHECK: &str =
    "explain insert into {s}.inbox (consumer, event_id) values ('', '') on conflict (consumer, event_id) do nothing";

/// Makes sure that there is a table that this user may write to, or says why not.
pub(super) async fn prepare(sql: &mut PgConnection, schema: &Schema, place: &str) -> Result<(), InboxError> {
    check_writable(sql, place).await?;
    if !found(sql, schema).await.map_err(|error| failed(place, error))?.table {
        create(sql, schema, place).await?;
    }
    sqlx::raw_sql(schema.sql(CHECK)).execute(sql).await.map_err(|error| unusable(place, error))?;
    Ok(())
}

async fn check_writable(sql: &mut PgConnection, place: &str) -> Result<(), InboxError> {
    let read_only: bool =
        sqlx::query_scalar("select current_setting('transaction_read_only') = 'on' or pg_is_in_recovery()")
            .fetch_one(sql)
            .await
            .map_err(|error| failed(place, error))?;
    if !read_only {
        return Ok(());
    }
    Err(InboxError::new(format!(
        "{place} is read-only, and an inbox writes; connect to the primary server, with a user whose \
         `default_transaction_read_only` is off"
    )))
}

/// Others may start at the same moment, stores too: who comes second waits, and finds the work done. It must see then what others have
/// committed meanwhile, whatever isolation level is usual here.
async fn create(sql: &mut PgConnection, schema: &Schema, place: &str) -> Result<(), InboxError> {
    let failing = |error| failed(place, error);
    let mut tx = sql.begin_with("begin isolation level read committed").await.map_err(failing)?;
    // A store's lock as well.
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('prose.schema.' || $1, 0))")
        .bind(schema.name())
        .execute(&mut *tx)
        .await
        .map_err(failing)?;
    let there = found(&mut tx, schema).await.map_err(failing)?;
    if !there.schema {
        let created = sqlx::raw_sql(schema.sql("create schema {s}")).execute(&mut *tx).await;
        created.map_err(|error| not_created(place, error))?;
    }
    if !there.table {
        let created = sqlx::raw_sql(schema.sql(include_str!("inbox.sql"))).execute(&mut *tx).await;
        created.map_err(|error| not_created(place, error))?;
    }
    tx.commit().await.map_err(failing)
}

struct Found {
    schema: bool,
    table: bool,
}

/// What is there: who may not create a schema or a table may use one that is.
async fn found(sql: &mut PgConnection, schema: &Schema) -> Result<Found, sqlx::Error> {
    let row = sqlx::query(
        "select exists (select from pg_catalog.pg_namespace where nspname = $1) as schema, \
         exists (select from pg_catalog.pg_class inbox join pg_catalog.pg_namespace schema on schema.oid = inbox.relnamespace \
             where schema.nspname = $1 and inbox.relname = 'inbox') as inbox",
    )
    .bind(schema.name())
    .fetch_one(sql)
    .await?;
    Ok(Found { schema: row.try_get("schema")?, table: row.try_get("inbox")? })
}
