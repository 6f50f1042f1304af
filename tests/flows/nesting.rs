//! Control flow in control flow: where a run stands is found again, however deep.

use super::support::*;
use prose::{Ctx, flow};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone, Debug)]
struct Cart {
    gift: Option<Gift>,
    groups: Vec<Vec<Kind>>,
    limit: u32,
}

#[derive(Serialize, Deserialize, Clone, Debug)]
struct Gift {
    note: String,
    kinds: Vec<Kind>,
}

fn carts() -> Vec<Cart> {
    let full = Cart {
        gift: Some(Gift { note: "hi".into(), kinds: kinds() }),
        groups: vec![kinds(), Vec::new(), vec![Kind::Cash, Kind::Invoice(None)]],
        limit: 100,
    };
    let short = Cart { limit: 2, ..full.clone() };
    let bare = Cart { gift: None, groups: Vec::new(), limit: 5 };
    vec![full, short, bare]
}

/// A step in a `match` in a `for` in an `if let`, all by borrow.
#[flow]
async fn match_in_for_in_if_let(ctx: Ctx<Deps>, input: Cart) -> Result<u32, Failure> {
    let mut paid = 0;
    if let Some(gift) = &input.gift {
        for (place, kind) in gift.kinds.iter().enumerate() {
            match kind {
                Kind::Card { number, tries } if *tries > 0 => {
                    #[step]
                    let charged: u32 = {
                        ctx.tell(format!("{place} {number} {tries} {paid}"));
                        place as u32 + 1
                    };
                    paid += charged;
                }
                Kind::Invoice(Some(name)) => {
                    let greeting = format!("{} {name}", gift.note);
                    #[step]
                    'write: {
                        ctx.tell(format!("{greeting} {paid}"));
                    }
                }
                Kind::Cash if paid > input.limit => break,
                Kind::Card { .. } | Kind::Invoice(None) => continue,
                Kind::Cash => paid += 10,
            }
            #[step]
            'done: {
                ctx.tell(format!("{place} {kind:?} {paid}"));
            }
        }
    }
    Ok(paid)
}

#[tokio::test]
async fn a_step_in_a_match_in_a_for_in_an_if_let() {
    sweep(match_in_for_in_if_let, carts()).await;
}

/// The same by value: each level moves what it takes apart.
#[flow]
async fn moved_on_the_way_down(ctx: Ctx<Deps>, input: Cart) -> Result<Vec<String>, Failure> {
    let Cart { gift, limit, .. } = input;
    let mut names = Vec::new();
    if let Some(Gift { note, kinds }) = gift {
        for kind in kinds {
            match kind {
                Kind::Card { number, .. } if names.len() as u32 >= limit => {
                    #[step]
                    'over: {
                        ctx.tell(format!("{number} over {limit}"));
                    }
                    return Err(Failure(number));
                }
                Kind::Card { number, tries: mut left } => {
                    while left > 0 {
                        left -= 1;
                        #[step]
                        'attempt: {
                            ctx.tell(format!("{number} {left} {note}"));
                        }
                    }
                    names.push(number);
                }
                Kind::Invoice(Some(name)) => {
                    #[step]
                    let name: String = {
                        ctx.tell(format!("{name} {names:?}"));
                        name
                    };
                    names.push(name);
                }
                Kind::Invoice(None) | Kind::Cash => {}
            }
        }
        names.push(note);
    }
    Ok(names)
}

#[tokio::test]
async fn moves_at_every_level() {
    let full_at_once = Cart { limit: 1, ..carts()[0].clone() };
    sweep(moved_on_the_way_down, carts().into_iter().chain([full_at_once])).await;
}

/// Early returns from three levels, one of them with a step on the way out.
#[flow]
async fn out_of_three_levels(ctx: Ctx<Deps>, input: Cart) -> Result<String, Failure> {
    let mut count = 0;
    for (row, group) in input.groups.iter().enumerate() {
        for kind in group {
            count += 1;
            if let Kind::Invoice(name) = kind {
                #[step]
                'ask: {
                    ctx.tell(format!("{row} {name:?} {count}"));
                }
                if count > input.limit {
                    return Ok(format!("{row} {count}"));
                }
                if name.is_none() && row == 2 {
                    let last = format!("nobody in {row}");
                    #[step]
                    'give_up: {
                        ctx.tell(format!("{last} {count}"));
                    }
                    return Err(Failure(last));
                }
            }
        }
    }
    #[step]
    'end: {
        ctx.tell(format!("{count}"));
    }
    Ok("through".into())
}

#[tokio::test]
async fn returns_from_three_levels() {
    sweep(out_of_three_levels, carts()).await;
}

/// Three loops in one another, of three kinds, with steps at each level; the keys are those of the iterations.
#[flow]
pub(super) async fn three_deep(ctx: Ctx<Deps>, input: u32) -> Result<String, Failure> {
    let mut keys = String::new();
    for i in 0..input {
        let mut j = 0;
        while j < i {
            for k in [5, 6] {
                #[step]
                let key: String = {
                    ctx.tell(format!("{i} {j} {k}"));
                    ctx.idempotency_key().unwrap_or(&format!("run:key[{i}][{j}][{}]", k - 5)).to_owned()
                };
                keys += &key;
            }
            #[step]
            'second: {
                ctx.tell(format!("{i} {j} {keys}"));
            }
            j += 1;
        }
        #[step]
        'first: {
            ctx.tell(format!("{i} {j} {keys}"));
        }
    }
    Ok(keys)
}

#[tokio::test]
async fn keys_of_three_loops() {
    sweep(three_deep, [0, 3]).await;
    let all = three_deep(2).deps(Deps::of(&super::harness::World::in_memory())).await.unwrap();
    assert_eq!(all, "run:key[1][0][0]run:key[1][0][1]");
}

/// Inner loops begin anew in each turn of the outer one; two in a row, and one in one branch only.
#[flow]
async fn inner_loops(ctx: Ctx<Deps>, input: Vec<Order>) -> Result<u32, Failure> {
    let mut total = 0;
    for order in &input {
        let mut own = 0;
        for item in &order.items {
            #[step]
            let price: u32 = {
                ctx.tell(format!("{} {item} {own}", order.id));
                item + 1
            };
            own += price;
        }
        if order.fast {
            for item in order.items.iter().rev() {
                #[step]
                'pack: {
                    ctx.tell(format!("{item} {own} {total}"));
                }
                own += 1;
            }
        } else {
            let mut boxes = own / 5;
            while boxes > 0 {
                #[step]
                'carry: {
                    ctx.tell(format!("{boxes} {total}"));
                }
                boxes -= 1;
            }
        }
        total += own;
    }
    Ok(total)
}

#[tokio::test]
async fn loops_in_each_turn() {
    sweep(inner_loops, [orders()]).await;
}

/// `continue` and `break` of every label, from plain loops inside of plain code as well.
#[flow]
async fn jumps(ctx: Ctx<Deps>, input: Vec<Vec<u32>>) -> Result<Vec<u32>, Failure> {
    let mut seen = Vec::new();
    'rows: for row in &input {
        let mut sum = 0;
        for number in row {
            match number {
                0 => continue 'rows,
                9 => break 'rows,
                8 => break,
                _ => sum += number,
            }
        }
        'cells: for number in row {
            if *number == 8 {
                continue;
            }
            loop {
                sum += 1;
                #[step]
                let state: u32 = {
                    ctx.tell(format!("{row:?} {number} {sum} {seen:?}"));
                    sum % 4
                };
                match state {
                    0 => continue 'cells,
                    1 => break 'cells,
                    2 if sum > 12 => continue 'rows,
                    3 => break,
                    _ => {}
                }
            }
            seen.push(sum);
        }
        #[step]
        'row: {
            ctx.tell(format!("{row:?} {seen:?}"));
        }
    }
    #[step]
    'end: {
        ctx.tell(format!("{seen:?}"));
    }
    Ok(seen)
}

#[tokio::test]
async fn labelled_jumps() {
    let rows = |rows: &[&[u32]]| rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>();
    sweep(jumps, [rows(&[&[1, 2], &[3, 0], &[8, 4], &[7, 7, 7]]), rows(&[&[2, 3, 5], &[1, 9], &[4]]), rows(&[])]).await;
}

/// Labelled blocks that give values, out of loops.
#[flow]
async fn searches(ctx: Ctx<Deps>, input: Order) -> Result<Option<u32>, Failure> {
    let found: Option<(usize, u32)> = 'search: {
        for (place, item) in input.items.iter().enumerate() {
            #[step]
            let fits: bool = {
                ctx.tell(format!("{place} {item}"));
                item % 2 == 0
            };
            if fits {
                break 'search Some((place, *item));
            }
        }
        if input.fast {
            break 'search None;
        }
        #[step]
        let other: u32 = {
            ctx.tell("other");
            7
        };
        Some((99, other))
    };
    let answer = 'outer: loop {
        let inner = loop {
            #[step]
            let draw: u32 = {
                ctx.tell(format!("{found:?}"));
                3
            };
            if draw > 5 {
                break draw;
            }
            if let Some((_, item)) = found {
                break 'outer Some(item + draw);
            }
            break 0;
        };
        if inner == 0 {
            break None;
        }
    };
    #[step]
    'end: {
        ctx.tell(format!("{found:?} {answer:?}"));
    }
    Ok(answer)
}

#[tokio::test]
async fn blocks_and_loops_that_give_values() {
    let odd = Order { items: vec![3, 5], fast: false, ..order() };
    sweep(searches, orders().into_iter().chain([odd])).await;
}

/// Labels that are used again, in one another and one after another.
#[flow]
async fn labels_again(ctx: Ctx<Deps>, input: u32) -> Result<u32, Failure> {
    let mut n = input;
    #[allow(unused_labels)]
    'a: for _ in 0..2 {
        'b: loop {
            n += 1;
            #[step]
            'a: {
                ctx.tell(format!("{n}"));
            }
            if n % 2 == 0 {
                break 'b;
            }
            if n > 9 {
                break 'a;
            }
        }
    }
    'b: {
        #[step]
        'b: {
            ctx.tell(format!("{n}"));
        }
        if n > 5 {
            break 'b;
        }
        n += 100;
    }
    Ok(n)
}

#[tokio::test]
async fn labels_used_again() {
    sweep(labels_again, [0, 1, 9]).await;
}

/// Blocks, branches and loops as the values of one another.
#[flow]
async fn values_in_values(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let score = {
        let base = match input.coupon.as_deref() {
            Some("SAVE") if input.fast => {
                let mut n = 0;
                loop {
                    n += 1;
                    #[step]
                    let more: bool = {
                        ctx.tell(format!("save {n}"));
                        n < 2
                    };
                    if !more {
                        break n;
                    }
                }
            }
            Some(other) => {
                #[step]
                let length: usize = {
                    ctx.tell(other);
                    other.len()
                };
                length
            }
            None => 0,
        };
        let extra = if base > 2 {
            let items = input.items.len();
            #[step]
            'extra: {
                ctx.tell(format!("{base} {items}"));
            }
            items
        } else if let Some(first) = input.items.first() {
            *first as usize
        } else {
            #[step]
            let none: usize = {
                ctx.tell("none");
                0
            };
            none
        };
        base * 10 + extra
    };
    #[step]
    'end: {
        ctx.tell(format!("{score}"));
    }
    Ok(score as u32)
}

#[tokio::test]
async fn values_of_values() {
    sweep(values_in_values, orders()).await;
}
