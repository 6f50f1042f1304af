//! Leaving early: `return`, `?`, `break` out of blocks, failures.

use super::support::*;
use prose::{Ctx, flow};

/// Fails in plain code behind a transaction, which is not done again by the next call.
#[flow]
async fn failing(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut count = input.items.len() as u32;
    #[transaction(tx = ctx.deps.db)]
    let mut row: u32 = {
        ctx.tell(format!("row {count}"));
        tx.push(format!("row {count}"));
        count
    };
    count += row;
    row += count;
    if input.fast {
        return Err(Failure(format!("{count} {row}")));
    }
    #[step]
    'end: {
        ctx.tell(format!("{count} {row}"));
    }
    count += 1;
    Err(Failure(format!("at the end {count} {row}")))
}

#[tokio::test]
async fn failures() {
    sweep(failing, orders()).await;
}

/// Leaves early, in plain code, in a branch and behind a `?`.
#[flow]
async fn early(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    #[step]
    let first: u32 = {
        ctx.tell("first");
        input.items.first().copied().unwrap_or_default()
    };
    if first == 0 {
        return Ok(0);
    }
    #[step]
    'second: {
        ctx.tell(format!("second {first}"));
    }
    let third = input.items.get(2).ok_or_else(|| Failure("no third".into()))?;
    let third = *third;
    if input.coupon.is_none() {
        #[step]
        'refuse: {
            ctx.tell("refuse");
        }
        return Err(Failure(format!("no coupon, {third}")));
    }
    #[step]
    let last: u32 = first + third;
    Ok(last)
}

#[tokio::test]
async fn early_exits() {
    sweep(early, orders()).await;
}

/// Blocks in blocks, one left by `break`; variables of a block are forgotten behind it.
#[flow]
async fn nested(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let outer = input.id.clone();
    'shop: {
        let inner = outer.len();
        #[step]
        'enter: {
            ctx.tell(format!("enter {inner}"));
        }
        if input.items.is_empty() {
            break 'shop;
        }
        {
            let deep = inner * 2;
            #[step]
            'buy: {
                ctx.tell(format!("buy {deep} {inner}"));
            }
        }
        #[step]
        'leave: {
            if !input.fast {
                break 'leave;
            }
            ctx.tell(format!("leave {inner}"));
        }
    }
    let inner = "other";
    #[step]
    let end: String = {
        ctx.tell(inner);
        outer
    };
    Ok(end)
}

#[tokio::test]
async fn nested_blocks() {
    sweep(nested, orders()).await;
}

/// Left by the `else` of a view and from within a condition, with nothing behind the block's own end.
#[flow]
async fn left(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut count = input.items.len();
    #[step]
    'begin: {
        ctx.tell(format!("begin {count}"));
    }
    'shop: {
        count += 1;
        let Some(coupon) = &input.coupon else { break 'shop };
        if {
            if input.fast {
                break 'shop;
            }
            count > 1
        } {
            #[step]
            'use_coupon: {
                ctx.tell(coupon);
            }
        }
        return Ok(count);
    }
    #[step]
    'end: {
        ctx.tell(format!("end {count}"));
    }
    Ok(count)
}

#[tokio::test]
async fn a_block_that_is_left_by_an_else_or_a_condition() {
    sweep(left, orders()).await;
}

/// Left in the middle of a stretch that uses what is needed behind the block too: `list`, which no point needs, and
/// `n`, which is out of sight at the next point.
#[flow]
async fn left_midway(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut n = input.items.len() as u32;
    #[step]
    'begin: {
        ctx.tell(format!("begin {n}"));
    }
    let mut list = input.items.clone();
    'shop: {
        n += 1;
        list.push(n);
        if input.fast {
            break 'shop;
        }
        #[step]
        'slow: {
            ctx.tell(format!("slow {n}"));
        }
        if input.items.is_empty() {
            n += 1;
            return Ok(n);
        }
        return Err(Failure(format!("{n}")));
    }
    list.push(3);
    let total: u32 = list.iter().sum();
    {
        let n = "other";
        #[step]
        'shadowed: {
            ctx.tell(format!("{n} {total}"));
        }
    }
    #[step]
    'end: {
        ctx.tell(format!("end {n}"));
    }
    Ok(n)
}

#[tokio::test]
async fn a_block_left_in_the_middle_of_a_stretch() {
    sweep(left_midway, orders()).await;
}
