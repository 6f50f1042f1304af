//! Straight down: steps, transactions, events, retries.

use super::support::*;
use prose::{Ctx, ValidationError, flow};

/// Everything at once, straight down.
#[flow(name = "straight")]
pub(super) async fn straight(ctx: Ctx<Deps>, input: Order) -> Result<(String, u32), Failure> {
    #[validate]
    'has_items: {
        if input.items.is_empty() {
            return Err(ValidationError::single("items", "none").into());
        }
    }
    let rate = 2;
    #[step(name = "price")]
    let Totals { subtotal, tax }: Totals = {
        ctx.tell("price");
        let subtotal = input.items.iter().sum();
        Totals { subtotal, tax: subtotal / rate }
    };
    let total = subtotal + tax;
    #[transaction(tx = ctx.deps.db)]
    let order_id: String = {
        ctx.tell(format!("store {total}"));
        tx.push(format!("{} {total}", input.id));
        input.id.clone()
    };
    #[event("orders")]
    OrderPlaced { order_id: order_id.clone(), total };
    #[transaction(tx = &ctx.deps.db, retry(max_attempts = 2))]
    'mark: {
        ctx.tell("mark");
        tx.push(format!("marked {order_id}"));
    }
    Ok((order_id, total))
}

#[tokio::test]
async fn a_straight_flow() {
    sweep(straight, orders()).await;
}

/// Fails twice, then not; the failures see the same.
#[flow]
async fn retried(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut size = input.items.len();
    size += 1;
    #[step(retry(max_attempts = 3, delay = "1ms", backoff = 1.0, when = |error| error.0 == "again"))]
    let attempts: u32 = {
        ctx.tell(format!("try {size}"));
        if ctx.attempt() < 3 {
            return Err(Failure("again".into()));
        }
        ctx.attempt()
    };
    size += 1;
    #[transaction(tx = ctx.deps.db, retry(max_attempts = 3, delay = "1ms"))]
    let row: u32 = {
        ctx.tell(format!("row {size}"));
        tx.push("row".into());
        if ctx.attempt() < 2 {
            return Err(Failure("rolled back".into()));
        }
        attempts
    };
    Ok(row)
}

#[tokio::test]
async fn retries() {
    sweep(retried, [order()]).await;
}

/// A flow whose result cannot be told from its text: through JSON, and with `Option`s inside.
#[flow]
async fn odd_values(ctx: Ctx<Deps>, input: Vec<Option<u32>>) -> Result<Option<u32>, Failure> {
    let first = input.first().copied().flatten();
    let nothing: Option<u32> = None;
    #[step]
    let unit: () = ctx.tell(format!("{first:?}"));
    #[step]
    let picked: Option<u32> = {
        let () = unit;
        ctx.tell(format!("{nothing:?}"));
        first.or(nothing)
    };
    Ok(picked)
}

#[tokio::test]
async fn options_and_units() {
    sweep(odd_values, [vec![Some(1), None], vec![None]]).await;
}
