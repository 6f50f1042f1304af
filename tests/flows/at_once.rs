//! Several bodies at once: `#[parallel]` and `#[each]`, in and between other control flow.

use super::children::ship;
use super::support::*;
use prose::{Ctx, flow};

/// Takes some time, so that what runs at once is not done at once.
async fn busy(turns: usize) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

/// Three elements of different lengths, one with a retry, between plain code and steps that use them.
#[flow]
async fn three_at_once(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut base = input.items.len() as u32;
    base += 1;
    #[parallel]
    let (slow, text, mut quick): (u32, Option<String>, u32) = (
        #[step]
        {
            ctx.tell(format!("slow {base}"));
            busy(9).await;
            base * 2
        },
        #[step(retry(max_attempts = 2, delay = "1ms"))]
        {
            ctx.tell(format!("text {:?}", input.coupon));
            busy(2).await;
            if ctx.attempt() == 1 {
                return Err(Failure::new("again"));
            }
            input.coupon.clone()
        },
        #[step]
        {
            ctx.tell(format!("quick {}", input.fast));
            base
        },
    );
    quick += 1;
    if let Some(text) = &text {
        #[step]
        'text_again: {
            ctx.tell(format!("{text} {quick}"));
        }
        quick += 1;
    }
    #[step]
    'end: {
        ctx.tell(format!("{slow} {text:?} {quick} {base}"));
    }
    Ok(slow + quick)
}

#[tokio::test]
async fn three_steps_at_once() {
    sweep_concurrent(three_at_once, orders()).await;
}

/// A fan-out over what is consumed and over what is borrowed, whose results are gone over in a loop.
#[flow]
async fn fanned_out(ctx: Ctx<Deps>, input: Order) -> Result<Vec<String>, Failure> {
    let names: Vec<String> = input.items.iter().map(|item| format!("n{item}")).collect();
    #[each(concurrency = 2)]
    let sizes: Vec<u32> = for (place, name) in names.into_iter().enumerate() {
        ctx.tell(format!("{place} {name} {}", input.id));
        busy(7 - 3 * place).await;
        name.len() as u32 + place as u32
    };
    let mut all = Vec::new();
    for size in &sizes {
        #[step]
        let text: String = {
            ctx.tell(format!("{size} {all:?}"));
            size.to_string()
        };
        all.push(text);
    }
    #[each(retry(max_attempts = 2, delay = "1ms"))]
    let pairs: Vec<(u32, String)> = for item in &input.items {
        ctx.tell(format!("{item} {all:?}"));
        busy(*item as usize).await;
        if ctx.attempt() == 1 && *item == 4 {
            return Err(Failure::new("again"));
        }
        (*item, all.concat())
    };
    all.extend(pairs.into_iter().map(|(item, text)| format!("{item}{text}")));
    Ok(all)
}

#[tokio::test]
async fn fan_outs() {
    sweep_concurrent(fanned_out, orders()).await;
}

/// Several at once in the turns of a loop and in the arms of a `match`: a child beside a step, and a fan-out.
#[flow]
async fn at_once_in_turns(ctx: Ctx<Deps>, input: Vec<Kind>) -> Result<u32, Failure> {
    let mut total = 0;
    for kind in &input {
        match kind {
            Kind::Card { number, tries } => {
                #[parallel]
                let (parcel, charged): (super::children::Parcel, u32) = (
                    #[child]
                    ship(vec![*tries, total]),
                    #[step]
                    {
                        ctx.tell(format!("{number} {total}"));
                        busy(2).await;
                        tries + 1
                    },
                );
                total += parcel.weight + charged;
            }
            Kind::Invoice(name) => {
                let letters = name.as_ref().map_or(0, String::len) as u32;
                #[each]
                let scores: Vec<u32> = for letter in 0..letters {
                    ctx.tell(format!("{name:?} {letter} {total}"));
                    busy(letter as usize).await;
                    letter * 2
                };
                total += scores.iter().sum::<u32>();
            }
            Kind::Cash => continue,
        }
        #[step]
        'done: {
            ctx.tell(format!("{kind:?} {total}"));
        }
    }
    Ok(total)
}

#[tokio::test]
async fn several_at_once_in_a_loop() {
    sweep_concurrent(at_once_in_turns, [kinds()]).await;
}

/// One element of a list fails for good: the first of them, where they run one by one; and the last one, of several at once.
#[flow]
async fn failing_elements(ctx: Ctx<Deps>, input: (Vec<u32>, u32)) -> Result<u32, Failure> {
    let (items, worst) = input;
    #[each(concurrency = 1, retry(max_attempts = 2, delay = "1ms"))]
    let halves: Vec<u32> = for item in &items {
        ctx.tell(format!("halve {item}"));
        if *item == worst {
            return Err(Failure::new(format!("{item} is odd")));
        }
        item / 2
    };
    let last = items.len() as u32;
    #[each(concurrency = 3)]
    let doubled: Vec<u32> = for (place, half) in halves.iter().enumerate() {
        ctx.tell(format!("double {half}"));
        busy(6 - 2 * place).await;
        if place as u32 + 1 == last && worst == last {
            return Err(Failure::new("too many"));
        }
        half * 2
    };
    #[step]
    let sum: u32 = {
        ctx.tell(format!("{doubled:?}"));
        doubled.iter().sum()
    };
    Ok(sum)
}

#[tokio::test]
async fn elements_that_fail() {
    let items = vec![2, 6, 8];
    sweep_concurrent(failing_elements, [(items.clone(), 0), (items.clone(), 6), (items, 3)]).await;
}
