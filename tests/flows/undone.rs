//! Steps and transactions that are undone, when the flow fails for good behind them.

use super::children::Parcel;
use super::harness::{self, World};
use super::support::*;
use prose::{CancellationToken, Ctx, flow};

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

/// A child that can be undone, and may fail.
#[flow]
async fn pack(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<Parcel, Failure> {
    #[step(compensate = { ctx.tell(format!("unwrap {wrapped}")); })]
    let wrapped: u32 = {
        ctx.tell(format!("wrap {input:?}"));
        input.len() as u32
    };
    #[step]
    'weigh: {
        ctx.tell(format!("weigh {wrapped}"));
        if wrapped == 0 {
            return Err(Failure::new("nothing to pack"));
        }
    }
    Ok(Parcel { label: format!("{wrapped} items"), weight: wrapped })
}

/// A child fails for good, and its parent, which has done something in front of it and ends with it; or its parent fails behind it.
#[flow]
async fn undone_around_a_child(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    #[step(compensate = { ctx.tell(format!("cancel {booked}")); })]
    let booked: String = {
        ctx.tell(format!("book {}", input.id));
        format!("b-{}", input.id)
    };
    #[child]
    let parcel: Parcel = pack(input.items);
    #[step]
    'send: {
        ctx.tell(format!("send {} {booked}", parcel.label));
        if input.coupon.is_none() {
            return Err(Failure::new("no coupon"));
        }
    }
    Ok(parcel.weight)
}

#[tokio::test]
async fn a_child_that_fails_and_what_its_parent_has_done() {
    sweep(undone_around_a_child, orders()).await;
}

/// What ran at once is undone one after the other, in turns of a loop too.
#[flow]
async fn undone_at_once(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut total = 0;
    for item in &input.items {
        #[parallel]
        let (held, named): (u32, String) = (
            #[step(compensate = { ctx.tell(format!("let go of {held}")); })]
            {
                ctx.tell(format!("hold {item} {total}"));
                tokio::task::yield_now().await;
                item * 2
            },
            #[step(compensate(run = {
                ctx.tell(format!("forget {named}"));
                if ctx.attempt() == 1 {
                    return Err(Failure::new("once more"));
                }
            }, retry(max_attempts = 2, delay = "1ms")))]
            {
                ctx.tell(format!("name {item}"));
                format!("n{item}")
            },
        );
        total += held + named.len() as u32;
    }
    #[parallel]
    let (sealed, checked): (u32, bool) = (
        #[step(compensate = { ctx.tell(format!("unseal {sealed}")); })]
        {
            ctx.tell(format!("seal {total}"));
            total + 1
        },
        #[step]
        {
            ctx.tell(format!("check {total}"));
            if input.coupon.is_none() {
                return Err(Failure::new("no coupon"));
            }
            input.fast
        },
    );
    if !checked {
        return Err(Failure::new("too slow"));
    }
    Ok(sealed)
}

#[tokio::test]
async fn what_was_done_at_once_is_undone() {
    sweep_concurrent(undone_at_once, orders()).await;
}

/// The outside of a run that is cancelled by what it does.
struct Cancelling {
    world: World,
    token: CancellationToken,
}

/// Cancelled in the midst of a step, behind what can be undone.
#[flow]
async fn cancelled(ctx: Ctx<Cancelling>, input: Vec<u32>) -> Result<u32, Failure> {
    let mut total = 0;
    for item in &input {
        #[step(compensate(run = {
            ctx.deps.world.tell(&ctx, format!("give {taken} back"));
            if ctx.attempt() == 1 {
                return Err(Failure::new("once more"));
            }
        }, retry(max_attempts = 2, delay = "1ms")))]
        let taken: u32 = {
            ctx.deps.world.tell(&ctx, format!("take {item} {total}"));
            item + total
        };
        total += taken;
    }
    #[step]
    'wait: {
        ctx.deps.world.tell(&ctx, format!("wait {total}"));
        ctx.deps.token.cancel();
        std::future::pending::<()>().await;
    }
    Ok(total)
}

#[tokio::test]
async fn a_run_that_is_cancelled_is_undone() {
    let call = |world: &World| {
        let token = CancellationToken::new();
        cancelled(vec![3, 4, 5]).deps(Cancelling { world: world.clone(), token: token.clone() }).cancellation(token)
    };
    harness::sweep(call).await.are_all();
}
