//! Values: control flow as a value, deferred values, `mut` variables, slots.

use super::support::*;
use prose::{Ctx, flow};

/// A slot that is used at the end of a branch, and once more behind it.
#[flow]
async fn given_back(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut list = input.items.clone();
    let size = if input.fast {
        list.push(1);
        let list = list.len();
        list * 2
    } else {
        #[step]
        'slow: {
            ctx.tell("slow");
        }
        return Ok(0);
    };
    list.push(2);
    let total = list.len() + size;
    #[step]
    'end: {
        ctx.tell(format!("{total}"));
    }
    Ok(total)
}

#[tokio::test]
async fn a_slot_is_given_back() {
    sweep(given_back, orders()).await;
}

/// An `if` and a block as values.
#[flow]
async fn values(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let base = if input.fast {
        #[step]
        let fast: u32 = {
            ctx.tell("fast");
            10
        };
        fast + 1
    } else {
        20
    };
    let (low, mut high): (u32, u32) = {
        let size = input.items.len() as u32;
        #[step]
        'measure: {
            ctx.tell(format!("measure {size} {base}"));
        }
        (size, size * 2)
    };
    let unused = if let Some(coupon) = &input.coupon {
        #[step]
        'coupon: {
            ctx.tell(coupon);
        }
        base
    } else {
        0
    };
    high += unused;
    #[step]
    'end: {
        ctx.tell(format!("{low} {high}"));
    }
    Ok(low + high)
}

#[tokio::test]
async fn an_if_and_a_block_as_values() {
    sweep(values, orders()).await;
}

/// `mut` variables that change between steps, in branches, and in a step's output.
#[flow]
async fn changing(ctx: Ctx<Deps>, input: Order) -> Result<Vec<u32>, Failure> {
    let mut list = input.items.clone();
    let mut sum = 0;
    list.push(1);
    #[step]
    let mut made: Vec<u32> = {
        ctx.tell(format!("make {list:?}"));
        list.iter().map(|one| one * 2).collect()
    };
    sum += made.len();
    made.push(100);
    if input.fast {
        list.clear();
        #[step]
        'fast: {
            ctx.tell(format!("fast {made:?} {sum}"));
        }
        list.push(9);
        sum += 1;
    } else {
        made.pop();
    }
    for one in &list {
        sum += *one as usize;
    }
    #[step]
    let more: Vec<u32> = {
        ctx.tell(format!("more {list:?} {made:?} {sum}"));
        made
    };
    list.extend(more);
    list.push(sum as u32);
    #[step(retry(max_attempts = 3))]
    'end: {
        ctx.tell(format!("end {list:?}"));
    }
    list.sort();
    Ok(list)
}

#[tokio::test]
async fn mut_variables() {
    sweep(changing, orders()).await;
}

/// What no point needs, but a stretch of a branch does: `mut`, moved, borrowed, and used twice.
#[flow]
async fn slots(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut names = vec![input.id.as_str()];
    let counter = std::cell::Cell::new(0);
    let gone = String::from("gone");
    let mut result = 0;
    if input.items.len() > 1 {
        names.push("many");
        counter.set(counter.get() + names.len());
        if input.fast {
            names.push("fast");
            result += names.len() + counter.get() + gone.len();
            #[step]
            'fast: {
                ctx.tell(format!("fast {result}"));
            }
        } else if counter.get() > 0 {
            let taken = gone;
            result += names.concat().len() + taken.len();
            #[step]
            'slow: {
                ctx.tell(format!("slow {result}"));
            }
        } else {
            drop(gone);
        }
    }
    #[step]
    let size: usize = {
        ctx.tell(format!("end {result}"));
        result
    };
    Ok(size)
}

#[tokio::test]
async fn what_no_point_needs() {
    sweep(slots, orders()).await;
}

/// Declared first, given a value later.
#[flow]
async fn deferred(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let name;
    let mut size: u32;
    if input.fast {
        name = "fast".to_owned();
        #[step]
        'fast: {
            ctx.tell(format!("fast {name}"));
        }
        size = 1;
    } else {
        #[step]
        let made: u32 = {
            ctx.tell("slow");
            7
        };
        name = format!("slow {made}");
        size = made;
    }
    #[step]
    'middle: {
        ctx.tell(format!("{name} {size}"));
    }
    size += 1;
    let total;
    total = size * 2;
    #[step]
    'end: {
        ctx.tell(format!("{name} {size} {total}"));
    }
    Ok(name)
}

#[tokio::test]
async fn deferred_values() {
    sweep(deferred, orders()).await;
}

/// A variable that control flow is assigned to.
#[flow]
async fn assigned(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut best = 0;
    let last: u32;
    for item in input.items.clone() {
        best = if item > best {
            #[step]
            let rated: u32 = {
                ctx.tell(format!("rate {item} over {best}"));
                item + 1
            };
            rated
        } else {
            best
        };
    }
    last = match input.coupon.as_deref() {
        Some("SAVE") => {
            #[step]
            let cut: u32 = {
                ctx.tell(format!("cut {best}"));
                best / 2
            };
            cut
        }
        _ => best,
    };
    #[step]
    'end: {
        ctx.tell(format!("{best} {last}"));
    }
    Ok(last)
}

#[tokio::test]
async fn control_flow_that_is_assigned() {
    sweep(assigned, orders()).await;
}
