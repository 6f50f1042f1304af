//! `match` around steps.

use super::support::*;
use prose::{Ctx, flow};

/// A `match` over a borrow, with guards, nested patterns and alternatives, as a value.
#[flow]
async fn by_borrow(ctx: Ctx<Deps>, input: Kind) -> Result<String, Failure> {
    let paid = match &input {
        Kind::Card { number, tries } if *tries > 0 => {
            let mut left = *tries;
            while left > 0 {
                #[step]
                let ok: bool = {
                    ctx.tell(format!("try {number} {left}"));
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
                ctx.tell(format!("ask {name}"));
                name.to_uppercase()
            };
            address
        }
        Kind::Card { .. } | Kind::Invoice(None) => "refused".to_owned(),
        Kind::Cash => {
            #[step(name = "count")]
            'count: {
                ctx.tell("count");
            }
            "cash".into()
        }
    };
    #[step]
    'end: {
        ctx.tell(format!("paid {paid}"));
    }
    Ok(paid)
}

#[tokio::test]
async fn a_match_over_a_borrow() {
    sweep(by_borrow, kinds()).await;
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
                ctx.tell(format!("charge {number} {tries}"));
            }
            #[step]
            'again: {
                ctx.tell(format!("again {tries}"));
            }
            Ok(number)
        }
        Kind::Card { number, .. } => Ok(number),
        Kind::Invoice(name) => {
            let Some(name) = name else {
                #[step]
                'nobody: {
                    ctx.tell("nobody");
                }
                return Err(Failure("nobody".into()));
            };
            #[step]
            'ask: {
                ctx.tell(format!("ask {name}"));
            }
            Ok(name)
        }
        Kind::Cash => Ok("cash".into()),
    }
}

#[tokio::test]
async fn a_match_that_moves() {
    sweep(by_value, kinds()).await;
}

/// Guards with bindings, `|` in them, ranges, `@` and literals.
#[flow]
async fn guarded(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<Vec<String>, Failure> {
    let mut told = Vec::new();
    for number in &input {
        let text = match *number {
            0 | 1 => "few".to_owned(),
            n @ (2..=4 | 8) if n % 2 == 0 => {
                #[step]
                let even: String = {
                    ctx.tell(format!("even {n} {told:?}"));
                    n.to_string()
                };
                even
            }
            2..=9 => {
                #[step]
                'middle: {
                    ctx.tell(format!("middle {number}"));
                }
                "middle".into()
            }
            n if told.len() > 2 || n == 11 => {
                let before = told.len();
                #[step]
                'late: {
                    ctx.tell(format!("late {n} {before}"));
                }
                format!("late {n}")
            }
            _ => continue,
        };
        told.push(text);
    }
    Ok(told)
}

#[tokio::test]
async fn guards_ranges_and_bindings() {
    sweep(guarded, [vec![0, 2, 3, 8, 11, 20], vec![20, 11, 1]]).await;
}

/// A tuple is matched: of values, and of borrows.
#[flow]
async fn tuples(ctx: Ctx<Deps>, input: (Kind, Order)) -> Result<u32, Failure> {
    let (kind, order) = &input;
    let first = match (order.items.len(), order.fast) {
        (0, _) => return Ok(0),
        (n, true) if n > 2 => {
            #[step]
            'fast: {
                ctx.tell(format!("fast {n}"));
            }
            n
        }
        (n, _) => {
            #[step]
            'slow: {
                ctx.tell(format!("slow {n}"));
            }
            n * 2
        }
    };
    match (kind, &order.coupon) {
        (Kind::Card { number, .. }, Some(coupon)) => {
            #[step]
            'both: {
                ctx.tell(format!("{number} {coupon} {first}"));
            }
        }
        (Kind::Invoice(name), coupon) => {
            #[step]
            'invoice: {
                ctx.tell(format!("{name:?} {coupon:?} {first}"));
            }
        }
        (_, None) => {}
        (other, Some(_)) => {
            #[step]
            'other: {
                ctx.tell(format!("{other:?}"));
            }
        }
    }
    Ok(first as u32)
}

#[tokio::test]
async fn a_match_over_a_tuple() {
    let pairs = |kind: Kind| orders().into_iter().map(move |order| (kind.clone(), order));
    sweep(tuples, kinds().into_iter().flat_map(pairs).collect::<Vec<_>>()).await;
}

/// A string is matched against literals, and the rest is bound.
#[flow]
async fn strings(ctx: Ctx<Deps>, input: Vec<String>) -> Result<u32, Failure> {
    let mut score = 0;
    for word in &input {
        match word.as_str() {
            "skip" => {}
            "stop" => break,
            "one" | "two" => {
                score += 1;
                #[step]
                'known: {
                    ctx.tell(format!("{word} {score}"));
                }
            }
            other if other.len() > 4 => {
                #[step]
                let long: u32 = {
                    ctx.tell(format!("{other} {score}"));
                    other.len() as u32
                };
                score += long;
            }
            other => score += other.len() as u32,
        }
    }
    Ok(score)
}

#[tokio::test]
async fn a_match_over_a_string() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    sweep(strings, [words(&["one", "abc", "longer", "skip", "two"]), words(&["stop", "one"]), words(&[])]).await;
}

/// `ref` of an owned place; nested patterns; the place is whole behind the `match`.
#[flow]
async fn by_ref(ctx: Ctx<Deps>, input: Vec<Kind>) -> Result<Vec<Kind>, Failure> {
    let kinds = input;
    match kinds[..] {
        [Kind::Invoice(ref name), ref rest @ ..] => {
            #[step]
            'invoice: {
                ctx.tell(format!("{name:?} {rest:?}"));
            }
        }
        [_, Kind::Card { ref number, tries: 0 }, .., Kind::Cash] => {
            #[step]
            'card: {
                ctx.tell(number);
            }
            #[step]
            'again: {
                ctx.tell(format!("{number} {}", kinds.len()));
            }
        }
        [] => return Err(Failure::new("none")),
        _ => {
            #[step]
            'other: {
                ctx.tell(format!("{kinds:?}"));
            }
        }
    }
    Ok(kinds)
}

#[tokio::test]
async fn a_match_by_ref() {
    sweep(by_ref, [kinds(), kinds()[2..].to_vec(), vec![Kind::Cash], vec![]]).await;
}

/// The scrutinee is a call, whose value is moved into the arms.
#[flow]
async fn called(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    #[step]
    let reply: Result<Option<String>, u32> = {
        ctx.tell("ask");
        input.coupon.clone().map_or_else(|| Err(input.items.len() as u32), |coupon| Ok(Some(coupon)))
    };
    let answer = match reply.map(|coupon| coupon.filter(|_| input.fast)) {
        Ok(Some(coupon)) => {
            #[step]
            'use_coupon: {
                ctx.tell(&coupon);
            }
            coupon
        }
        Ok(None) => "slow".to_owned(),
        Err(0) => return Err(Failure::new("nothing")),
        Err(mut count) => {
            count += 1;
            #[step]
            'count: {
                ctx.tell(format!("{count}"));
            }
            count += 1;
            #[step]
            'count_more: {
                ctx.tell(format!("{count}"));
            }
            count.to_string()
        }
    };
    Ok(answer)
}

#[tokio::test]
async fn a_match_over_a_call() {
    sweep(called, orders()).await;
}

/// A `match` in a `match`, both over one borrowed value, and a `let else` in an arm.
#[flow]
async fn matched_twice(ctx: Ctx<Deps>, input: Vec<Kind>) -> Result<u32, Failure> {
    let mut n = 0;
    for pair in input.iter().cloned().zip(input.iter().rev().cloned()).collect::<Vec<_>>() {
        let (left, right) = &pair;
        match left {
            Kind::Card { number, .. } => match right {
                Kind::Cash => {
                    #[step]
                    'cash: {
                        ctx.tell(format!("{number} {n}"));
                    }
                }
                Kind::Invoice(Some(name)) | Kind::Card { number: name, .. } if name != number => {
                    #[step]
                    'named: {
                        ctx.tell(format!("{number} {name} {n}"));
                    }
                    n += 1;
                }
                _ => n += 10,
            },
            Kind::Invoice(name) => {
                let Some(name) = name else { continue };
                #[step]
                'invoice: {
                    ctx.tell(format!("{name} {right:?}"));
                }
            }
            Kind::Cash => n += 100,
        }
    }
    Ok(n)
}

#[tokio::test]
async fn a_match_in_a_match() {
    sweep(matched_twice, [kinds(), kinds()[..2].to_vec(), Vec::new()]).await;
}
