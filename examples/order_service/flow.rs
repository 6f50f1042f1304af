//! The flow: an order, with somebody's approval in front of the charge when it is a large one.

use prose::{Ctx, flow};
use serde::{Deserialize, Serialize};

use crate::database::OrdersDatabase;
use crate::shop::mail::Mailer;
use crate::shop::order::{OrderConfirmed, OrderError, OrderInput, OrderReceipt, OrderStatus, Totals};
use crate::shop::payment::{Receipt, Stripe};

/// Whoever orders for more waits for an approval.
const NEEDS_APPROVAL_ABOVE: f64 = 1_000.0;

/// What the steps work with.
#[derive(Debug)]
pub(crate) struct OrderDeps {
    pub(crate) stripe: Stripe,
    pub(crate) mailer: Mailer,
    pub(crate) db: OrdersDatabase,
}

/// What somebody says of a large order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Approval {
    pub(crate) approved: bool,
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

    if total > NEEDS_APPROVAL_ABOVE {
        // The run leaves memory here, until `POST /orders/{id}/approval` sends it.
        #[signal]
        let approval: Approval;

        if !approval.approved {
            return Err(OrderError::NotApproved);
        }
    }

    // The key is the same for every attempt, also behind a crash: the service charges once. An outage of two minutes fails no order.
    #[step(name = "charge_payment", timeout = "10s",
           retry(max_attempts = 10, delay = "500ms", backoff = 2.0, max_delay = "30s", when = OrderError::is_transient))]
    let receipt: Receipt = ctx.deps.stripe.charge(&input.user_id, total, key(&ctx)).await?;

    // A plain insert, no upsert: the row and the record that this step is done are one commit.
    #[transaction(tx = ctx.deps.db, name = "persist_order")]
    let order_id: String = {
        tx.insert(&input, total, &receipt.id).await?;
        input.order_id.clone()
    };

    #[step]
    'send_confirmation: {
        ctx.deps.mailer.send_confirmation(&input.user_id, &order_id, key(&ctx)).await?;
    }

    #[event("orders", name = "orders")]
    OrderConfirmed { order_id: order_id.clone(), user_id: input.user_id.clone(), total };

    Ok(OrderReceipt { order_id, total, receipt_id: receipt.id, status: OrderStatus::Confirmed })
}

/// The step's key; without durability there is none, and the correlation id has to do.
fn key<D>(ctx: &Ctx<D>) -> &str {
    ctx.idempotency_key().unwrap_or_else(|| ctx.correlation_id())
}
