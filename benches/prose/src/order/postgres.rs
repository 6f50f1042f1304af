//! The order flow with its rows in Postgres.

use bench_protocol::order::{self as shop, INSERT_ORDER_POSTGRES, OrderError, Receipt};
use prose::{Ctx, flow};
use prose_postgres::PostgresDatabase;

use super::{Confirmed, Numbered, Shop};

#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Failed {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Order(error) if error.is_transient())
    }
}

#[flow]
pub(super) async fn order(ctx: Ctx<Shop<PostgresDatabase>>, input: Numbered) -> Result<Receipt, Failed> {
    #[validate]
    'validate: {
        ctx.deps.beats.mark(input.0, 0);
        shop::validate(&input.1)?;
    }

    #[step(retry(max_attempts = 3, delay = "500ms", backoff = 2.0, when = Failed::is_transient))]
    let receipt: Receipt = {
        ctx.deps.beats.mark(input.0, 1);
        shop::charge(&input.1, ctx.idempotency_key()).await?
    };

    #[transaction(tx = ctx.deps.db)]
    'persist: {
        ctx.deps.beats.mark(input.0, 2);
        let insert =
            sqlx::query(INSERT_ORDER_POSTGRES).bind(&input.1.id).bind(&input.1.user_id).bind(receipt.cents as i64);
        insert.execute(&mut **tx).await?;
    }

    #[step]
    'mail: {
        ctx.deps.beats.mark(input.0, 3);
        shop::mail(&input.1.user_id, &receipt, ctx.idempotency_key()).await?;
    }

    ctx.deps.beats.mark(input.0, 4);
    #[event("orders")]
    Confirmed::new(&input.1, &receipt);

    Ok(receipt)
}
