//! Steps and transactions that are undone, when the flow fails for good behind them.

use super::support::*;
use prose::{Ctx, flow};

fn never() -> Result<(), Failure> {
    Err(Failure::new("cannot be undone"))
}

/// Steps in a loop, in a branch, and a transaction, each undone in reverse with what it saw then; one undoing is tried twice, one fails.
#[flow]
async fn undone(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut total = 0;
    for item in &input.items {
        #[step(compensate = {
            ctx.tell(format!("release {reserved}"));
        })]
        let mut reserved: u32 = {
            ctx.tell(format!("reserve {item} {total}"));
            item * 10
        };
        reserved += 1;
        total += reserved;
    }
    if input.fast {
        #[transaction(tx = ctx.deps.db, compensate = {
            ctx.tell(format!("unbook {booked} of {}", input.id));
            tx.push(format!("unbook {booked}"));
        })]
        let booked: String = {
            ctx.tell(format!("book {total}"));
            tx.push("book".into());
            format!("b{total}")
        };
        #[step(name = "label", compensate(run = {
            ctx.tell("unlabel");
            if ctx.attempt() == 1 {
                return Err(Failure::new("once more"));
            }
        }, retry(max_attempts = 2, delay = "1ms")))]
        'label: {
            ctx.tell(format!("label {booked}"));
        }
    } else {
        #[step(compensate = {
            ctx.tell("cannot");
            never()?;
        })]
        'final_sale: {
            ctx.tell(format!("sold {total}"));
        }
    }
    #[step]
    'check: {
        ctx.tell(format!("check {total}"));
        if input.coupon.is_none() {
            return Err(Failure::new("no coupon"));
        }
    }
    if input.items.is_empty() {
        return Err(Failure::new("empty"));
    }
    Ok(total)
}

#[tokio::test]
async fn what_was_done_is_undone() {
    sweep(undone, orders()).await;
}
