//! Beginning a transaction: one round trip, and one more for a receipt.

use prose::{Begun, DatabaseError, Isolation, Json};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::pair::Partner;
use super::receipt::{Receipt, is_missing};
use super::{OpenTransaction, PostgresDatabase};
use crate::link::millis;
use crate::patience::Patience;

impl PostgresDatabase {
    /// Begins. Nothing is done yet, so that a lost connection costs no more than another attempt.
    pub(super) async fn begin_for(
        &self,
        partner: Partner,
        isolation: Option<Isolation>,
    ) -> Result<Begun<OpenTransaction>, DatabaseError> {
        let mut patience = Patience::new();
        loop {
            let error = match self.try_begin(&partner, isolation).await {
                Ok(begun) => return begun,
                Err(error) if matches!(partner, Partner::Receipt { .. }) && is_missing(&error) => {
                    let Err(error) = self.create_receipts().await else { continue };
                    error
                }
                Err(error) => error,
            };
            if matches!(error, sqlx::Error::PoolTimedOut) || !patience.again(&error).await {
                return Err(self.not_begun(error));
            }
        }
    }

    async fn try_begin(
        &self,
        partner: &Partner,
        isolation: Option<Isolation>,
    ) -> Result<Result<Begun<OpenTransaction>, DatabaseError>, sqlx::Error> {
        let mut open = self.open(partner, isolation).await?;
        let Partner::Receipt { uid, step } = partner else { return Ok(Ok(Begun::Open(open))) };
        let receipt = Receipt { schema: &self.0.settings.schema, uid, step };
        if receipt.insert(&mut open.tx).await? {
            return Ok(Ok(Begun::WithReceipt(open)));
        }
        let given = receipt.read(&mut open.tx).await?;
        // Its row is locked as long as this is open.
        open.tx.rollback().await?;
        Ok(match Json::parse(given) {
            Ok(given) => Ok(Begun::Done(given)),
            Err(error) => Err(self.unreadable(step, error)),
        })
    }

    async fn open(&self, partner: &Partner, isolation: Option<Isolation>) -> Result<OpenTransaction, sqlx::Error> {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let durable = match partner {
            Partner::None => "",
            Partner::Store(_) | Partner::Receipt { .. } => self.durable().await?,
        };
        let begin = self.text(&nonce, partner, isolation, durable);
        let pool = self.0.pool.clone();
        // On a task of its own: the driver forgets a transaction whose beginning nobody waits for, and would leave it open.
        let beginning = tokio::spawn(async move { pool.begin_with(begin).await });
        let tx = beginning.await.map_err(|_| sqlx::Error::WorkerCrashed)??;
        Ok(OpenTransaction { tx, nonce, partner: partner.clone() })
    }

    /// All that a transaction begins with, in one message. Nothing here reads a row: a snapshot is taken by the body's first statement.
    fn text(&self, nonce: &str, partner: &Partner, isolation: Option<Isolation>, durable: &str) -> SqlStr {
        let isolation = isolation.map(|level| format!(" isolation level {}", level.as_str())).unwrap_or_default();
        let idle = self.idle_limit(partner);
        let settings =
            format!("set local prose.transaction = '{nonce}'; set local idle_in_transaction_session_timeout = {idle}");
        AssertSqlSafe(format!("begin{isolation}; {settings}{durable}")).into_sql_str()
    }

    /// As Postgres takes it: milliseconds, and zero for no limit.
    fn idle_limit(&self, partner: &Partner) -> i32 {
        let wished = match self.0.settings.idle {
            limit if limit.is_zero() => None,
            limit => Some(limit),
        };
        let limit = match partner {
            Partner::Store(core) => {
                let most = core.instance.lease() * 3 / 4;
                Some(wished.map_or(most, |wished| wished.min(most)))
            }
            Partner::None | Partner::Receipt { .. } => wished,
        };
        limit.map_or(0, |limit| millis(limit).max(1))
    }

    /// What to set where the pool's connections would acknowledge a COMMIT that is not on disk: the step's record relies on it.
    async fn durable(&self) -> Result<&'static str, sqlx::Error> {
        let asking = self.0.durable.get_or_try_init(|| async {
            let mode: String =
                sqlx::query_scalar("select current_setting('synchronous_commit')").fetch_one(&self.0.pool).await?;
            Ok::<_, sqlx::Error>(match mode.as_str() {
                "on" | "remote_apply" => "",
                _ => "; set local synchronous_commit = on",
            })
        });
        asking.await.copied()
    }
}
