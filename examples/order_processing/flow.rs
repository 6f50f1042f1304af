//! The flow: an ordinary async function. Kill the process anywhere in it and call it again; it goes on where it was.

use prose::{Ctx, flow};

use crate::crash::Crashing;
use crate::shop::mail::Mailer;
use crate::shop::order::{OrderConfirmed, OrderError, OrderInput, OrderReceipt, OrderStatus, Totals};
use crate::shop::payment::{Receipt, Stripe};

/// What the steps work with. A plain program has `db: prose_sqlite::SqliteDatabase` here; this one can crash on demand.
#[derive(Debug)]
pub(crate) struct OrderDeps {
    pub(crate) stripe: Stripe,
    pub(crate) mailer: Mailer,
    pub(crate) db: Crashing<prose_sqlite::SqliteDatabase>,
}

/// Charges, stores and confirms an order.
#[flow(name = "process-order", version = 1)]
pub(crate) async fn process_order(ctx: Ctx<OrderDeps>, input: OrderInput) -> Result<OrderReceipt, OrderError> {
    #[validate]
    'validate_order: {
        input.check()?;
    }

    #[step(name = "calculate_total")]
    let Totals { subtotal, tax, total }: Totals = Totals::of(&input.items);

    // The key is the same for every attempt, also behind a crash: the service charges once.
    #[step(name = "charge_payment", timeout = "10s",
           retry(max_attempts = 3, delay = "500ms", backoff = 2.0, when = OrderError::is_transient))]
    let receipt: Receipt = ctx.deps.stripe.charge(&input.user_id, total, key(&ctx)).await?;

    // A plain insert, no upsert: the row and the record that this step is done are one commit.
    #[transaction(tx = ctx.deps.db, name = "persist_order")]
    let persisted_order_id: String = {
        sqlx::query("insert into orders (order_id, user_id, total, receipt_id) values (?, ?, ?, ?)")
            .bind(&input.order_id)
            .bind(&input.user_id)
            .bind(total)
            .bind(&receipt.id)
            .execute(&mut **tx)
            .await?;
        input.order_id.clone()
    };

    #[step]
    'send_confirmation: {
        ctx.deps.mailer.send_confirmation(&input.user_id, &persisted_order_id, key(&ctx)).await?;
    }

    #[event("orders", name = "orders")]
    OrderConfirmed { order_id: persisted_order_id.clone(), user_id: input.user_id.clone(), total };

    Ok(OrderReceipt { order_id: persisted_order_id, total, receipt_id: receipt.id, status: OrderStatus::Confirmed })
}

/// The step's key; without durability there is none, and the correlation id has to do.
fn key<D>(ctx: &Ctx<D>) -> &str {
    ctx.idempotency_key().unwrap_or_else(|| ctx.correlation_id())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_shows_this_flow() {
        let readme = include_str!("../../README.md");
        let shown = readme.split("```mermaid\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        assert_eq!(shown, super::process_order::GRAPH.to_mermaid());
    }
}
