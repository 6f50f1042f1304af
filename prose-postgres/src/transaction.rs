//! The store's own transactions: several statements, each of which sees what was committed before it. Where a lock is what orders two
//! writes, the statement behind the lock is the one that looks.

use prose::store::RunKey;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, PgConnection, Postgres};

use crate::core::Core;
use crate::text::key as key_text;

/// An open transaction. Dropped without a [`commit`](Self::commit) it is gone with its connection, and nothing of it was done.
#[derive(Debug)]
pub(crate) struct Transaction {
    connection: PoolConnection<Postgres>,
    committed: bool,
}

impl Core {
    pub(crate) async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        self.begin_with("begin".to_owned()).await
    }

    /// Waits for the others that send a signal to this run, or let it wait: one that is sent before its run is there has no row to lock.
    pub(crate) async fn begin_for(&self, key: &RunKey) -> Result<Transaction, sqlx::Error> {
        let (high, low) = halves(hash(&[self.schema.name(), &key_text(key)]));
        self.begin_with(format!("begin; select pg_advisory_xact_lock({high}, {low})")).await
    }

    async fn begin_with(&self, begin: String) -> Result<Transaction, sqlx::Error> {
        let connection = self.pool.acquire().await?;
        let mut transaction = Transaction { connection, committed: false };
        sqlx::raw_sql(AssertSqlSafe(begin)).execute(transaction.sql()).await?;
        Ok(transaction)
    }
}

impl Transaction {
    pub(crate) fn sql(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("commit").execute(self.sql()).await?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.committed {
            self.connection.close_on_drop();
        }
    }
}

/// FNV-1a: the same in every process. Two texts with one hash wait for each other now and then, no more.
fn hash(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// As the locks with two numbers take it: those with one are the instances'.
fn halves(hash: u64) -> (i32, i32) {
    (((hash >> 32) as u32).cast_signed(), (hash as u32).cast_signed())
}
