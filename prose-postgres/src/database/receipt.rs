//! Receipts: rows in the business database that say which transactions of runs kept elsewhere are committed.
//!
//! ```text
//! insert the row, if it is not there complete ──▶ the body ──▶ complete it ──▶ COMMIT
//!   └▶ another transaction has it: wait for its end └▶ it is complete: take what it says
//! ```

use std::time::Duration;

use prose::DatabaseError;
use sqlx::PgConnection;

use super::PostgresDatabase;
use crate::error::code;
use crate::names::Schema;

/// A receipt's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Receipt<'a> {
    pub(super) schema: &'a Schema,
    pub(super) uid: &'a str,
    pub(super) step: &'a str,
}

/// One that is not complete is of a body that has committed by itself: the step is not done.
const INSERT: &str = "\
    insert into {s}.receipts as receipt (uid, step, begun_at) values ($1, $2, clock_timestamp()) \
    on conflict (uid, step) do update set begun_at = excluded.begun_at where receipt.given is null";

const READ: &str = "select given from {s}.receipts where uid = $1 and step = $2";

/// Written as an insertion, because that reads no page of the table: where all is serializable, a reader and a writer of one page make
/// one another fail.
const COMPLETE: &str = "\
    insert into {s}.receipts as receipt (uid, step, begun_at, given, completed_at) \
    select $1, $2, clock_timestamp(), $3, clock_timestamp() where current_setting('prose.transaction', true) = $4 \
    on conflict (uid, step) do update set given = excluded.given, completed_at = excluded.completed_at \
        where receipt.given is null";

const TABLE: &str = "\
    create table if not exists {s}.receipts (uid text collate \"C\" not null, step text collate \"C\" not null, begun_at timestamptz not null, \
        given text, completed_at timestamptz, primary key (uid, step)); \
    create index if not exists receipts_completed on {s}.receipts (completed_at)";

const PRUNE: &str = "\
    delete from {s}.receipts where ctid = any(array( \
        select ctid from {s}.receipts where completed_at <= clock_timestamp() - make_interval(secs => $1) \
        order by completed_at limit $2 for update skip locked))";

/// How many receipts are deleted in one statement, so that others do not wait long.
const PRUNE_AT_ONCE: i64 = 1_000;

/// Beyond this nothing is old: instants of Postgres begin in 4713 BC.
const OLDEST: Duration = Duration::from_secs(1_000 * 365 * 24 * 3_600);

impl Receipt<'_> {
    /// Waits for a transaction that has the same one; `false` if it is complete.
    pub(super) async fn insert(self, sql: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let inserting = sqlx::query(self.schema.sql(INSERT)).bind(self.uid).bind(self.step);
        Ok(inserting.execute(sql).await?.rows_affected() > 0)
    }

    /// What a complete one says.
    pub(super) async fn read(self, sql: &mut PgConnection) -> Result<String, sqlx::Error> {
        sqlx::query_scalar(self.schema.sql(READ)).bind(self.uid).bind(self.step).fetch_one(sql).await
    }

    /// `false` if the transaction is not the one that has inserted it.
    pub(super) async fn complete(self, sql: &mut PgConnection, given: &str, nonce: &str) -> Result<bool, sqlx::Error> {
        let completing = sqlx::query(self.schema.sql(COMPLETE)).bind(self.uid).bind(self.step).bind(given).bind(nonce);
        Ok(completing.execute(sql).await?.rows_affected() > 0)
    }
}

impl PostgresDatabase {
    /// Deletes receipts that were completed more than `older_than` ago, a bounded number in each statement, until there are none; how
    /// many. A database without a table of receipts has none.
    ///
    /// A receipt must stay until the run's own store has the step, which may be until somebody calls the run again, and until nobody can be
    /// on the way who does not know: an executor that was stopped in front of the transaction and goes on later would run it again.
    /// Nothing but time tells, so choose an age at which no run is still unfinished. Days cost little: a receipt is as long as what the body gives.
    ///
    /// ```no_run
    /// # async fn prune(db: prose_postgres::PostgresDatabase) -> Result<(), prose::DatabaseError> {
    /// use std::time::Duration;
    ///
    /// let month = Duration::from_secs(30 * 24 * 3_600);
    /// let gone = db.prune_receipts(month).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`DatabaseError::Failed`]; what was deleted by then stays deleted.
    pub async fn prune_receipts(&self, older_than: Duration) -> Result<u64, DatabaseError> {
        if older_than >= OLDEST {
            return Ok(0);
        }
        let sql = self.0.settings.schema.sql(PRUNE);
        let mut pruned = 0;
        loop {
            let pruning = sqlx::query(sql.clone()).bind(older_than.as_secs_f64()).bind(PRUNE_AT_ONCE);
            let gone = match pruning.execute(&self.0.pool).await {
                Ok(done) => done.rows_affected(),
                Err(error) if is_missing(&error) => return Ok(0),
                Err(error) => return Err(self.failed(error)),
            };
            pruned += gone;
            if gone < PRUNE_AT_ONCE.unsigned_abs() {
                return Ok(pruned);
            }
        }
    }

    /// Creates the table. Others may do so at the same moment: who comes second waits, and finds it.
    pub(super) async fn create_receipts(&self) -> Result<(), sqlx::Error> {
        let schema = &self.0.settings.schema;
        let mut tx = self.0.pool.begin().await?;
        sqlx::query("select pg_advisory_xact_lock(hashtextextended('prose.schema.' || $1, 0))")
            .bind(schema.name())
            .execute(&mut *tx)
            .await?;
        create(&mut tx, schema).await?;
        tx.commit().await
    }

    /// An error of a beginning, which may be that the table cannot be made or written.
    pub(super) fn not_begun(&self, error: sqlx::Error) -> DatabaseError {
        if code(&error).as_deref() != Some("42501") {
            return self.failed(error);
        }
        let (place, schema) = (&self.0.place, &self.0.settings.schema);
        let (name, table) = (schema.name(), schema.sql(TABLE));
        let what = format!(
            "{place} does not let the pool's user make or write the table of receipts, which transactions of runs that are kept \
             elsewhere need; `create schema {name} authorization ..` for it, or run this once as another user: `{}`, and \
             `grant usage on schema {name} to ..`, `grant select, insert, update, delete on {name}.receipts to ..` ({error})",
            table.as_str()
        );
        DatabaseError::failed(what, error)
    }
}

/// Whether there is no table, or not even its schema.
pub(super) fn is_missing(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code == "42P01" || code == "3F000")
}

/// Who may create no schema may use one that is there.
async fn create(sql: &mut PgConnection, schema: &Schema) -> Result<(), sqlx::Error> {
    let there: bool = sqlx::query_scalar("select exists (select from pg_catalog.pg_namespace where nspname = $1)")
        .bind(schema.name())
        .fetch_one(&mut *sql)
        .await?;
    if !there {
        sqlx::raw_sql(schema.sql("create schema {s}")).execute(&mut *sql).await?;
    }
    sqlx::raw_sql(schema.sql(TABLE)).execute(sql).await.map(drop)
}
