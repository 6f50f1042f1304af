//! Loops around steps.

use super::crash::{Deps, sweep};
use super::{Failure, Order, orders};
use prose::{Ctx, flow};
use std::collections::{BTreeMap, VecDeque};

/// A `for` over what is borrowed, with a running total.
#[flow]
async fn running_total(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut total = 0;
    for item in &input.items {
        #[step]
        let price: u32 = {
            ctx.deps.saw(format!("{:?} {item} of {total}", ctx.idempotency_key()));
            item * 2
        };
        total += price;
    }
    Ok(total)
}

#[tokio::test]
async fn a_running_total() {
    for order in orders() {
        sweep(|| running_total(order.clone())).await;
    }
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
            ctx.deps.saw(format!("{place} {item}"));
        }
        names.push(item);
    }
    #[step]
    'end: {
        ctx.deps.saw(format!("{names:?}"));
    }
    Ok(names)
}

#[tokio::test]
async fn a_consumed_list() {
    for order in orders() {
        sweep(|| consumed(order.clone())).await;
    }
}

/// A `while let` on a queue that the code between the steps pushes to.
#[flow]
async fn queue(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut todo: VecDeque<(u32, String)> = input.items.iter().map(|item| (*item, "root".to_owned())).collect();
    let mut done = 0;
    while let Some((size, of)) = todo.pop_front() {
        #[step]
        let parts: u32 = {
            ctx.deps.saw(format!("{size} of {of} {:?}", ctx.idempotency_key()));
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
    for order in orders() {
        sweep(|| queue(order.clone())).await;
    }
}

/// Labelled loops that are left and continued from inside, with a value.
#[flow]
async fn labelled(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut seen = Vec::new();
    'outer: for (row, a) in input.items.iter().enumerate() {
        for b in 0..*a {
            #[step]
            let product: u32 = {
                ctx.deps.saw(format!("{row}: {a} {b} {:?}", ctx.idempotency_key()));
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
            ctx.deps.saw(format!("row {row}"));
        }
    }
    let mut n = 0;
    let found = loop {
        n += 1;
        #[step]
        let square: u32 = {
            ctx.deps.saw(format!("square {n}"));
            n * n
        };
        if square > seen.len() as u32 {
            break square + n;
        }
    };
    #[step]
    'end: {
        ctx.deps.saw(format!("{found} {seen:?}"));
    }
    Ok(found)
}

#[tokio::test]
async fn labelled_loops() {
    for order in orders() {
        sweep(|| labelled(order.clone())).await;
    }
}

#[derive(serde::Serialize, serde::Deserialize, Clone, Debug)]
enum Kind {
    Card { number: String, tries: u32 },
    Invoice(Option<String>),
    Cash,
}

fn kinds() -> Vec<Kind> {
    vec![
        Kind::Card { number: "41".into(), tries: 3 },
        Kind::Card { number: "42".into(), tries: 0 },
        Kind::Invoice(Some("ada".into())),
        Kind::Invoice(None),
        Kind::Cash,
    ]
}

/// A `match` over a borrow, with guards, nested patterns and alternatives, as a value.
#[flow]
async fn by_borrow(ctx: Ctx<Deps>, input: Kind) -> Result<String, Failure> {
    let paid = match &input {
        Kind::Card { number, tries } if *tries > 0 => {
            let mut left = *tries;
            while left > 0 {
                #[step]
                let ok: bool = {
                    ctx.deps.saw(format!("try {number} {left}"));
                    left == 2
                };
                if ok {
                    break;
                }
                left -= 1;
            }
            format!("{number} with {left} left")
        }
        Kind::Invoice(Some(name)) => {
            #[step]
            let address: String = {
                ctx.deps.saw(format!("ask {name}"));
                name.to_uppercase()
            };
            address
        }
        Kind::Card { .. } | Kind::Invoice(None) => "refused".to_owned(),
        Kind::Cash => {
            #[step(name = "count")]
            'count: {
                ctx.deps.saw("count");
            }
            "cash".into()
        }
    };
    #[step]
    'end: {
        ctx.deps.saw(format!("paid {paid}"));
    }
    Ok(paid)
}

#[tokio::test]
async fn a_match_over_a_borrow() {
    for kind in kinds() {
        sweep(|| by_borrow(kind.clone())).await;
    }
}

/// A `match` that moves what it matches.
#[flow]
async fn by_value(ctx: Ctx<Deps>, input: Kind) -> Result<String, Failure> {
    #[step]
    let kind: Kind = input.clone();
    match kind {
        Kind::Card { number, tries: tries @ 1.. } => {
            #[step]
            'charge: {
                ctx.deps.saw(format!("charge {number} {tries}"));
            }
            #[step]
            'again: {
                ctx.deps.saw(format!("again {tries}"));
            }
            Ok(number)
        }
        Kind::Card { number, .. } => Ok(number),
        Kind::Invoice(name) => {
            let Some(name) = name else {
                #[step]
                'nobody: {
                    ctx.deps.saw("nobody");
                }
                return Err(Failure("nobody".into()));
            };
            #[step]
            'ask: {
                ctx.deps.saw(format!("ask {name}"));
            }
            Ok(name)
        }
        Kind::Cash => Ok("cash".into()),
    }
}

#[tokio::test]
async fn a_match_that_moves() {
    for kind in kinds() {
        sweep(|| by_value(kind.clone())).await;
    }
}

/// Chains of `let`s, over borrows and values.
#[flow]
async fn chains(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let owned = input.coupon.clone();
    if let Some(coupon) = &input.coupon
        && !coupon.is_empty()
        && let Some(first) = input.items.first()
        && let Some(taken) = owned
        && input.fast
    {
        #[step]
        let code: String = {
            ctx.deps.saw(format!("{coupon} {first} {taken}"));
            format!("{coupon}{first}")
        };
        #[step]
        'both: {
            ctx.deps.saw(format!("{code} {taken} {first}"));
        }
        return Ok(code);
    } else if input.fast {
        #[step]
        'fast: {
            ctx.deps.saw("fast");
        }
    }
    Ok("none".into())
}

#[tokio::test]
async fn chains_of_lets() {
    for order in orders() {
        sweep(|| chains(order.clone())).await;
    }
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
            ctx.deps.saw(format!("fast {name}"));
        }
        size = 1;
    } else {
        #[step]
        let made: u32 = {
            ctx.deps.saw("slow");
            7
        };
        name = format!("slow {made}");
        size = made;
    }
    #[step]
    'middle: {
        ctx.deps.saw(format!("{name} {size}"));
    }
    size += 1;
    let total;
    total = size * 2;
    #[step]
    'end: {
        ctx.deps.saw(format!("{name} {size} {total}"));
    }
    Ok(name)
}

#[tokio::test]
async fn deferred_values() {
    for order in orders() {
        sweep(|| deferred(order.clone())).await;
    }
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
                ctx.deps.saw(format!("rate {item} over {best}"));
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
                ctx.deps.saw(format!("cut {best}"));
                best / 2
            };
            cut
        }
        _ => best,
    };
    #[step]
    'end: {
        ctx.deps.saw(format!("{best} {last}"));
    }
    Ok(last)
}

#[tokio::test]
async fn control_flow_that_is_assigned() {
    for order in orders() {
        sweep(|| assigned(order.clone())).await;
    }
}

/// Two loops over the same list, a map in order, a `mut` element, shadowed names.
#[flow]
async fn twice(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let counts: BTreeMap<String, u32> = input.items.iter().map(|item| (format!("n{item}"), *item)).collect();
    for item in &input.items {
        #[step]
        'first: {
            ctx.deps.saw(format!("first {item}"));
        }
    }
    let mut out = String::new();
    for (name, count) in &counts {
        let name = name.repeat(2);
        #[step]
        let name: String = {
            ctx.deps.saw(format!("{name} {count}"));
            name.clone()
        };
        out += &name;
    }
    for mut item in input.items.clone() {
        item += 1;
        #[step]
        'second: {
            ctx.deps.saw(format!("second {item}"));
        }
        item += out.len() as u32;
        #[step]
        'third: {
            ctx.deps.saw(format!("third {item}"));
        }
    }
    Ok(out)
}

#[tokio::test]
async fn several_loops() {
    for order in orders() {
        sweep(|| twice(order.clone())).await;
    }
}
