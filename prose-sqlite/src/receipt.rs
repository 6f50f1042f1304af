//! Receipts: what says that a transaction is committed, where the run is kept elsewhere.
//!
//! The row is inserted first, in the transaction itself, and completed last. While it is not committed no other execution of the step
//! can write to the file; once it is, whoever begins the step finds it.

use std::time::Duration;

use prose::{DatabaseError, Json};
use sqlx::{SqliteConnection, SqlitePool};

use crate::clock;
use crate::database::SqliteDatabase;

/// Not a part of the store's schema: the file may be no store's. The name of a step is unique within its run.
const CREATE: &str = "\
    create table if not exists prose_receipts ( \
        uid  text    not null, \
        step text    not null, \
        at   integer not null, \
        given text, \
        primary key (uid, step) \
    ) strict, without rowid";

/// So many are deleted in one transaction, so that others do not wait long.
const PRUNE_AT_ONCE: i64 = 1_000;

/// What came of looking for a receipt.
pub(crate) enum Receipt {
    /// There was none; now there is one, to be completed.
    Begun,
    /// The transaction was committed before, and this is what its body has given.
    Complete(String),
}

/// Makes sure that there is a table of receipts. Whoever calls this has the file's turn.
pub(crate) async fn prepare(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    sqlx::query(CREATE).execute(pool).await.map(drop)
}

/// Begins a receipt, or finds it.
pub(crate) async fn begin(sql: &mut SqliteConnection, uid: &str, step: &str) -> Result<Receipt, sqlx::Error> {
    let found: Option<Option<String>> =
        sqlx::query_scalar("select given from prose_receipts where uid = ?1 and step = ?2")
            .bind(uid)
            .bind(step)
            .fetch_optional(&mut *sql)
            .await?;
    if let Some(Some(given)) = found {
        return Ok(Receipt::Complete(given));
    }
    sqlx::query("insert into prose_receipts (uid, step, at) values (?1, ?2, ?3) on conflict do nothing")
        .bind(uid)
        .bind(step)
        .bind(clock::now())
        .execute(sql)
        .await?;
    Ok(Receipt::Begun)
}

/// Completes it. `false`: the body has removed it.
pub(crate) async fn complete(
    sql: &mut SqliteConnection,
    uid: &str,
    step: &str,
    given: &Json,
) -> Result<bool, sqlx::Error> {
    let completed = sqlx::query("update prose_receipts set given = ?3, at = ?4 where uid = ?1 and step = ?2")
        .bind(uid)
        .bind(step)
        .bind(given.as_str())
        .bind(clock::now())
        .execute(sql)
        .await?;
    Ok(completed.rows_affected() == 1)
}

impl SqliteDatabase {
    /// Forgets the receipts of transactions that were committed more than `older_than` ago. Returns how many.
    ///
    /// A receipt keeps its step from running again where the run is kept in another place than this file: while the run itself does
    /// not know that it is done, which may be until somebody calls it again, and while a process that had the run may be stopped and
    /// wake. So let them be older than any run may stay unfinished. Runs kept in this file have no receipts.
    ///
    /// # Errors
    /// [`DatabaseError::Failed`], in words that name the file and say what to do.
    pub async fn prune_receipts(&self, older_than: Duration) -> Result<u64, DatabaseError> {
        let age = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
        let before = clock::now().saturating_sub(age);
        let mut pruned = 0;
        loop {
            let turn = self.gate().lock_owned().await;
            self.prepare_receipts().await?;
            let deleted = sqlx::query(
                "delete from prose_receipts where (uid, step) in \
                 (select uid, step from prose_receipts where at <= ?1 limit ?2)",
            )
            .bind(before)
            .bind(PRUNE_AT_ONCE)
            .execute(self.pool())
            .await
            .map_err(|error| self.failed(error))?
            .rows_affected();
            drop(turn);
            pruned += deleted;
            if deleted < PRUNE_AT_ONCE as u64 {
                return Ok(pruned);
            }
        }
    }
}
