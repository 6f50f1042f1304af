//! Loops around steps.

use super::support::*;
use prose::{Ctx, flow};
use std::collections::{BTreeMap, VecDeque};

/// A `for` over what is borrowed, with a running total.
#[flow]
async fn running_total(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut total = 0;
    for item in &input.items {
        #[step]
        let price: u32 = {
            ctx.tell(format!("{item} of {total}"));
            item * 2
        };
        total += price;
    }
    Ok(total)
}

#[tokio::test]
async fn a_running_total() {
    sweep(running_total, orders()).await;
}

/// A `for` over what is consumed.
#[flow]
async fn consumed(ctx: Ctx<Deps>, input: Order) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    let items: Vec<String> = input.items.iter().map(|item| format!("item {item}")).collect();
    for (place, item) in items.into_iter().enumerate() {
        if place == 1 {
            continue;
        }
        #[step]
        'look: {
            ctx.tell(format!("{place} {item}"));
        }
        names.push(item);
    }
    #[step]
    'end: {
        ctx.tell(format!("{names:?}"));
    }
    Ok(names)
}

#[tokio::test]
async fn a_consumed_list() {
    sweep(consumed, orders()).await;
}

/// A `while let` on a queue that the code between the steps pushes to.
#[flow]
pub(super) async fn queue(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut todo: VecDeque<(u32, String)> = input.items.iter().map(|item| (*item, "root".to_owned())).collect();
    let mut done = 0;
    while let Some((size, of)) = todo.pop_front() {
        #[step]
        let parts: u32 = {
            ctx.tell(format!("{size} of {of}"));
            size / 2
        };
        if parts > 0 {
            todo.push_back((parts, format!("{of}/{size}")));
        }
        done += 1;
    }
    Ok(done)
}

#[tokio::test]
async fn a_queue_that_grows() {
    sweep(queue, orders()).await;
}

/// Labelled loops that are left and continued from inside, with a value.
#[flow]
async fn labelled(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut seen = Vec::new();
    'outer: for (row, a) in input.items.iter().enumerate() {
        for b in 0..*a {
            #[step]
            let product: u32 = {
                ctx.tell(format!("{row}: {a} {b}"));
                a * b
            };
            if product == 6 {
                continue 'outer;
            }
            if product > 8 {
                break 'outer;
            }
            seen.push(product);
        }
        #[step]
        'row: {
            ctx.tell(format!("row {row}"));
        }
    }
    let mut n = 0;
    let found = loop {
        n += 1;
        #[step]
        let square: u32 = {
            ctx.tell(format!("square {n}"));
            n * n
        };
        if square > seen.len() as u32 {
            break square + n;
        }
    };
    #[step]
    'end: {
        ctx.tell(format!("{found} {seen:?}"));
    }
    Ok(found)
}

#[tokio::test]
async fn labelled_loops() {
    let small = Order { items: vec![2, 3], ..order() };
    sweep(labelled, orders().into_iter().chain([small])).await;
}

/// Two loops over the same list, a map in order, a `mut` element, shadowed names.
#[flow]
async fn twice(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let counts: BTreeMap<String, u32> = input.items.iter().map(|item| (format!("n{item}"), *item)).collect();
    for item in &input.items {
        #[step]
        'first: {
            ctx.tell(format!("first {item}"));
        }
    }
    let mut out = String::new();
    for (name, count) in &counts {
        let name = name.repeat(2);
        #[step]
        let name: String = {
            ctx.tell(format!("{name} {count}"));
            name.clone()
        };
        out += &name;
    }
    for mut item in input.items.clone() {
        item += 1;
        #[step]
        'second: {
            ctx.tell(format!("second {item}"));
        }
        item += out.len() as u32;
        #[step]
        'third: {
            ctx.tell(format!("third {item}"));
        }
    }
    Ok(out)
}

#[tokio::test]
async fn several_loops() {
    sweep(twice, orders()).await;
}

/// A change that a `continue` follows, in a turn that may be the last, where the steps of the loop see another variable of that name.
#[flow]
async fn changed_last(ctx: Ctx<Deps>, input: Order) -> Result<Vec<u32>, Failure> {
    let mut seen = vec![input.items.len() as u32];
    #[step]
    'first: {
        ctx.tell(format!("{seen:?}"));
    }
    for item in &input.items {
        if item % 2 == 1 {
            seen.push(*item);
            continue;
        }
        let seen = item + 1;
        #[step]
        'even: {
            ctx.tell(format!("{seen}"));
        }
    }
    #[step]
    'last: {
        ctx.tell(format!("{seen:?}"));
    }
    Ok(seen)
}

#[tokio::test]
async fn a_change_in_the_last_turn() {
    sweep(changed_last, orders()).await;
}

/// A loop over what the turn of another loop has, which is moved behind it.
#[flow]
async fn batches(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut total = 0;
    for mut batch in [input.items.clone(), input.items] {
        batch.push(total);
        for item in batch.iter().rev() {
            #[step]
            let one: u32 = {
                ctx.tell(format!("{item} {total}"));
                item + 1
            };
            total += one;
        }
        #[step]
        'done: {
            let batch: Vec<u32> = batch;
            ctx.tell(format!("{batch:?}"));
        }
    }
    Ok(total)
}

#[tokio::test]
async fn lists_that_are_moved_behind_their_loop() {
    sweep(batches, orders()).await;
}
