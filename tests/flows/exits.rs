//! Leaving early: `return`, `?`, `break` out of blocks, failures.

use super::support::*;
use prose::{Ctx, ValidationError, flow};

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

/// Leaves bodies early: with a value, with an error, and with a value of another step's type behind a retry.
#[flow]
async fn early_in_bodies(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    #[step]
    let first: u32 = {
        ctx.tell("first");
        let Some(first) = input.items.first() else { return Ok(7) };
        if *first == 0 {
            return Err(Failure("zero".into()));
        }
        *first
    };
    #[step(retry(max_attempts = 2, delay = "1ms"))]
    let second: String = {
        ctx.tell(format!("second {first}"));
        if input.fast {
            return Ok(format!("fast {first}"));
        }
        input.id.clone()
    };
    #[step]
    'third: {
        ctx.tell(format!("third {second}"));
        if first > 2 {
            return Ok(());
        }
        ctx.tell("to its end");
    }
    Ok(format!("{first} {second}"))
}

#[tokio::test]
async fn early_exits_of_bodies() {
    sweep(early_in_bodies, orders()).await;
}

/// Leaves the body around it with a value: `return` stands in no body.
macro_rules! unless {
    ($found:expr, $otherwise:expr) => {
        match $found {
            Some(found) => found,
            None => return Ok($otherwise),
        }
    };
}

/// Leaves bodies early, where only a macro says so.
#[flow]
async fn early_by_macro(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    #[step]
    let first: u32 = {
        ctx.tell("first");
        let first = unless!(input.items.first(), 7);
        *first
    };
    #[step(retry(max_attempts = 2, delay = "1ms"))]
    let second: String = {
        ctx.tell(format!("second {first}"));
        format!("with {}", unless!(input.coupon.as_ref(), "none".to_owned()))
    };
    Ok(format!("{first} {second}"))
}

#[tokio::test]
async fn early_exits_by_macro() {
    sweep(early_by_macro, orders()).await;
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

/// Several returns at every place a `return` can stand, and a flow that ends with one.
#[flow]
async fn many_returns(ctx: Ctx<Deps>, input: (u32, Order)) -> Result<u32, Failure> {
    let (way, order) = input;
    let size = if way == 0 { return Ok(0) } else { order.items.len() as u32 };
    #[step]
    'first: {
        ctx.tell(format!("{way} {size}"));
    }
    let text = match order.coupon {
        Some(coupon) if way == 1 => {
            #[step]
            'coupon: {
                ctx.tell(coupon);
            }
            return Ok(1);
        }
        Some(coupon) => coupon,
        None => return Err(Failure::new("none")),
    };
    for item in &order.items {
        let checked = item.checked_sub(way).ok_or(Failure::new("low"))?;
        #[step]
        'item: {
            ctx.tell(format!("{checked} {text}"));
        }
        if checked == 1 {
            return Ok({
                let all = size + checked;
                all * 100
            });
        }
    }
    #[step]
    let last: u32 = {
        if text.len() > 100 {
            return Ok(7);
        }
        ctx.tell(format!("last {text}"));
        size
    };
    return Ok(last);
}

#[tokio::test]
async fn returns_everywhere() {
    let ways = [0, 1, 2, 3, 5].into_iter().flat_map(|way| orders().into_iter().map(move |order| (way, order)));
    sweep(many_returns, ways.collect::<Vec<_>>()).await;
}

/// A step that fails for good in a branch of a loop, a validation that fails, and steps before and behind them.
#[flow]
async fn failing_bodies(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<u32, Failure> {
    #[validate]
    'has_input: {
        ctx.tell("validate");
        if input.is_empty() {
            return Err(ValidationError::single("input", "none").into());
        }
    }
    let mut n = 0;
    for number in &input {
        if *number > 2 {
            #[transaction(tx = ctx.deps.db, retry(max_attempts = 2, delay = "1ms"))]
            'row: {
                ctx.tell(format!("row {number} {n}"));
                tx.push(format!("{number}"));
                if *number > 5 {
                    return Err(Failure(format!("{number} is many")));
                }
            }
        } else {
            #[step]
            'step: {
                ctx.tell(format!("step {number} {n}"));
                if *number == 0 {
                    return Err(Failure::new("zero"));
                }
            }
        }
        n += number;
    }
    Ok(n)
}

#[tokio::test]
async fn bodies_that_fail() {
    sweep(failing_bodies, [vec![], vec![1, 3], vec![3, 0, 3], vec![1, 4, 9, 1]]).await;
}

/// A step is the last statement of a block, a branch, an arm, a loop.
#[flow]
async fn steps_at_the_end(ctx: Ctx<Deps>, input: Order) -> Result<(), Failure> {
    {
        let size = input.items.len();
        #[step]
        'block: {
            ctx.tell(format!("{size}"));
        }
    }
    match input.coupon.as_deref() {
        Some(coupon) => {
            #[step]
            'arm: {
                ctx.tell(coupon);
            }
        }
        None => {}
    };
    if input.fast {
        #[event("orders")]
        OrderPlaced { order_id: input.id.clone(), total: 1 };
    } else {
        #[transaction(tx = ctx.deps.db)]
        let _row: String = {
            ctx.tell("row");
            tx.push("row".into());
            "row".into()
        };
    }
    for item in input.items {
        #[step]
        let _unused: u32 = {
            ctx.tell(format!("{item}"));
            item
        };
    }
    Ok(())
}

#[tokio::test]
async fn a_step_as_the_last_statement() {
    sweep(steps_at_the_end, orders()).await;
}
