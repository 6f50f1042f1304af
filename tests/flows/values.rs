//! Values: control flow as a value, deferred values, `mut` variables, slots.

use super::support::*;
use prose::{Ctx, flow};
use std::time::Duration;

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

/// Deferred in front of a loop that gives the value where it is left.
#[flow]
async fn deferred_by_a_loop(ctx: Ctx<Deps>, input: u32) -> Result<String, Failure> {
    let found;
    let mut n = 0;
    loop {
        n += 1;
        #[step]
        let square: u32 = {
            ctx.tell(format!("{n}"));
            n * n
        };
        if square > input {
            found = format!("{n} of {square}");
            break;
        }
        #[step]
        'next: {
            ctx.tell(format!("next {n}"));
        }
    }
    #[step]
    'end: {
        ctx.tell(&found);
    }
    Ok(found)
}

#[tokio::test]
async fn a_value_deferred_to_the_end_of_a_loop() {
    sweep(deferred_by_a_loop, [0, 5]).await;
}

/// A variable takes the value of control flow, and no point needs it before or behind.
#[flow]
async fn assigned_to_what_no_point_needs(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut length = input.items.len();
    if length > 4 {
        return Ok(length);
    }
    length = if input.fast {
        #[step]
        'fast: {
            ctx.tell("fast");
        }
        1
    } else {
        2
    };
    Ok(length)
}

#[tokio::test]
async fn control_flow_that_is_assigned_to_what_no_point_needs() {
    sweep(assigned_to_what_no_point_needs, orders()).await;
}

/// Deferred in front of a plain loop that gives the value where it is left; the other branch consumes what it was made of.
#[flow]
async fn deferred_by_a_plain_loop(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let found;
    let kept = if input.fast {
        let mut n = 0;
        loop {
            n += 1;
            if n * n > input.items.len() {
                found = format!("{n} {:?}", input.items);
                break;
            }
        }
        #[step]
        'told: {
            ctx.tell(format!("{found} {:?}", input.coupon));
        }
        input.coupon
    } else {
        found = "slow".to_owned();
        drop(input);
        None
    };
    #[step]
    'end: {
        ctx.tell(format!("{found} {kept:?}"));
    }
    Ok(found)
}

#[tokio::test]
async fn a_value_deferred_to_the_end_of_a_plain_loop() {
    sweep(deferred_by_a_plain_loop, orders()).await;
}

/// A deferred value is hidden at the end of the code that gives it; a new value on the way out of a loop, and a borrow of the old one.
#[flow]
async fn hidden_and_given_anew(ctx: Ctx<Deps>, input: Order) -> Result<Vec<u32>, Failure> {
    let count: u32;
    {
        count = input.items.len() as u32;
        let count = count + 20;
        if count == 21 {
            return Ok(vec![count]);
        }
        #[step]
        'inside: {
            ctx.tell("inside");
        }
    }
    let mut items = input.items.clone();
    let old = &items;
    let mut turn = 0;
    loop {
        if turn == 2 {
            items = vec![count];
            #[step]
            'new: {
                ctx.tell(format!("{items:?}"));
            }
            break;
        }
        turn += 1;
        #[step]
        'old: {
            ctx.tell(format!("{old:?} {turn}"));
        }
    }
    Ok(items)
}

#[tokio::test]
async fn values_hidden_and_given_anew() {
    sweep(hidden_and_given_anew, orders()).await;
}

/// Deferred values that are moved on one way and are needed on another, and behind neither.
#[flow]
async fn deferred_and_moved(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let told: Option<String>;
    let kept: Vec<u32>;
    if input.fast {
        told = input.coupon.clone();
        kept = input.items.clone();
        drop(kept);
        #[step]
        'moved: {
            let told: Option<String> = told;
            ctx.tell(format!("{told:?}"));
        }
    } else {
        told = None;
        kept = input.items.clone();
        if input.coupon.is_none() {
            return Err(Failure(format!("{told:?}")));
        }
        #[step]
        'kept: {
            ctx.tell(format!("{kept:?}"));
        }
    }
    let more: String;
    'more: {
        if input.items.len() < 2 {
            break 'more;
        }
        more = format!("{:?}", input.coupon);
        #[step]
        'some: {
            ctx.tell(&more);
        }
    }
    #[step]
    'end: {
        ctx.tell("end");
    }
    Ok(input.items.len() as u32)
}

#[tokio::test]
async fn values_deferred_and_moved() {
    sweep(deferred_and_moved, orders()).await;
}

/// Deferred in front of a `match`; and anew in each turn of a loop.
#[flow]
async fn deferred_in_arms(ctx: Ctx<Deps>, input: Vec<Kind>) -> Result<u32, Failure> {
    let mut total = 0;
    for kind in &input {
        let label: String;
        let weight;
        match kind {
            Kind::Cash => {
                label = "cash".into();
                weight = 1;
            }
            Kind::Card { number, tries } => {
                #[step]
                let checked: u32 = {
                    ctx.tell(format!("{number} {total}"));
                    tries + 2
                };
                weight = checked;
                label = format!("card {number}");
                #[step]
                'labelled: {
                    ctx.tell(format!("{label} {weight}"));
                }
            }
            Kind::Invoice(None) => continue,
            Kind::Invoice(Some(name)) => {
                label = name.clone();
                #[step]
                'named: {
                    ctx.tell(&label);
                }
                weight = 5;
            }
        }
        #[step]
        'done: {
            ctx.tell(format!("{label} {weight} {total}"));
        }
        total += weight;
    }
    Ok(total)
}

#[tokio::test]
async fn values_deferred_to_arms() {
    sweep(deferred_in_arms, [kinds()]).await;
}

/// A deferred `mut` variable, given a value in each branch and again behind.
#[flow]
async fn deferred_and_changed(ctx: Ctx<Deps>, input: Order) -> Result<Vec<u32>, Failure> {
    let mut list: Vec<u32>;
    if input.items.is_empty() {
        list = vec![1];
    } else {
        list = input.items.clone();
        list.reverse();
        #[step]
        'reversed: {
            ctx.tell(format!("{list:?}"));
        }
        list.push(2);
    }
    #[step]
    'first: {
        ctx.tell(format!("{list:?}"));
    }
    let mut sum;
    if input.fast {
        list = vec![list.len() as u32];
        sum = 1;
        sum += list[0];
    } else {
        sum = 2;
    }
    #[step]
    'second: {
        ctx.tell(format!("{list:?} {sum}"));
    }
    sum += 1;
    list.push(sum);
    Ok(list)
}

#[tokio::test]
async fn a_deferred_mut_value() {
    sweep(deferred_and_changed, orders()).await;
}

/// `match` and `loop` assigned to a variable that is there already, and fields and elements of one.
#[flow]
async fn assigned_again(ctx: Ctx<Deps>, input: Order) -> Result<Order, Failure> {
    let mut order = input.clone();
    let mut rounds = 0;
    order.items.push(0);
    rounds = loop {
        rounds += 1;
        #[step]
        let enough: bool = {
            ctx.tell(format!("{rounds} {:?}", order.items));
            rounds > 1
        };
        order.items[0] += rounds;
        order.id += "x";
        if enough {
            break rounds * 10;
        }
    };
    #[step]
    'middle: {
        ctx.tell(format!("{rounds} {order:?}"));
    }
    let (a, b) = match &input.coupon {
        Some(coupon) => {
            #[step]
            let size: usize = {
                ctx.tell(coupon);
                coupon.len()
            };
            (size, order.id.clone())
        }
        None => (rounds as usize, String::new()),
    };
    order.coupon = Some(format!("{a}{b}"));
    #[step]
    'end: {
        ctx.tell(format!("{order:?}"));
    }
    Ok(order)
}

#[tokio::test]
async fn variables_and_fields_assigned_again() {
    sweep(assigned_again, orders()).await;
}

/// The only use of a variable is a format string, in plain code and in bodies, with widths and in nested macros.
#[flow]
async fn only_formatted(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let total = input.items.len() * 7;
    let width = 6;
    let precise = 1.5;
    let label = input.id.clone();
    let (left, right) = (total + 1, total + 2);
    #[step]
    'first: {
        ctx.tell("first");
    }
    #[step]
    'second: {
        ctx.tell(format!("{total:>width$} {{label}}"));
    }
    let text = format!("{precise:.*} {}", 2, format_args!("{label:?}"));
    for _ in 0..2 {
        #[step]
        'third: {
            ctx.tell([format!("{left}"), format!("{0} {text}", right)].concat());
        }
    }
    Ok(format!("{text} {width}"))
}

#[tokio::test]
async fn format_strings() {
    sweep(only_formatted, [order()]).await;
}

/// What no point needs and a stretch in a loop does, in slots: taken, given back, left behind by jumps.
#[flow]
async fn slots_in_turns(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<usize, Failure> {
    let mut size = 0;
    for number in &input {
        let mut names = vec!["a"];
        let gone = String::from("gone");
        if number % 2 == 0 {
            names.push("b");
            if *number == 4 {
                size += names.len();
                continue;
            }
            let taken = gone + names[0];
            size += taken.len();
            #[step]
            'even: {
                ctx.tell(format!("{number} {size}"));
            }
        } else if *number > 6 {
            size += gone.len();
            break;
        }
        #[step]
        'any: {
            ctx.tell(format!("{number} {size}"));
        }
    }
    Ok(size)
}

#[tokio::test]
async fn what_no_point_of_a_loop_needs() {
    sweep(slots_in_turns, [vec![1, 2, 4, 6], vec![2, 7, 2], vec![]]).await;
}

/// Deferred to where a loop is left, then moved in one branch, and hidden at a point.
#[flow]
async fn deferred_then_moved(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let (name, hidden);
    'search: loop {
        for item in &input.items {
            #[step]
            let found: bool = {
                ctx.tell(format!("{item}"));
                *item == 4
            };
            if found {
                (name, hidden) = (format!("item {item}"), item * 2);
                break 'search;
            }
        }
        name = "nothing".to_owned();
        hidden = 1;
        break;
    }
    if input.fast {
        let taken = name;
        #[step]
        'fast: {
            ctx.tell(taken);
        }
    } else {
        let hidden = "hidden";
        #[step]
        'slow: {
            ctx.tell(format!("{name} {hidden}"));
        }
    }
    #[step]
    'end: {
        ctx.tell(format!("{hidden}"));
    }
    Ok(input.id)
}

#[tokio::test]
async fn a_value_deferred_to_a_jump_and_then_moved() {
    sweep(deferred_then_moved, orders()).await;
}

/// A deferred variable gets its value inside of a `let`: of its block, and of its `else`.
#[flow]
async fn deferred_to_a_let(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let (size, last);
    let doubled = {
        size = input.items.len() as u32;
        size * 2
    };
    let rest = 'found: {
        #[step]
        'first: {
            ctx.tell(format!("{size} {doubled}"));
        }
        let Some(coupon) = &input.coupon else {
            last = 1;
            break 'found 0;
        };
        #[step]
        'coupon: {
            ctx.tell(format!("{coupon} {size}"));
        }
        last = 2;
        size
    };
    #[step]
    'end: {
        ctx.tell(format!("{last} {rest}"));
    }
    Ok(last + rest)
}

#[tokio::test]
async fn a_value_deferred_to_a_let() {
    sweep(deferred_to_a_let, orders()).await;
}

struct Pair {
    size: usize,
    first: u32,
}

/// Values that are taken apart by assignments: to variables without a value, and to `mut` ones.
#[flow]
async fn taken_apart(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let (size, first);
    let [low, high];
    let mut sum = 0;
    let mut turns = 0;
    Pair { size, first } = Pair { size: input.items.len(), first: input.items.first().copied().unwrap_or(7) };
    [low, high] = [first.min(3), first.max(3)];
    #[step]
    'begin: {
        ctx.tell(format!("{size} {first} {low} {high}"));
    }
    [sum, turns] = [sum + high, turns + 1];
    #[step]
    'end: {
        ctx.tell(format!("{sum} {turns} {low}"));
    }
    Ok(format!("{size} {first} {low} {high} {sum} {turns}"))
}

#[tokio::test]
async fn values_that_assignments_take_apart() {
    sweep(taken_apart, orders()).await;
}

/// Given twice, with a step between, in a branch that leaves the flow. Nobody needs what is given first.
#[flow]
#[allow(unused_assignments)]
async fn given_twice_and_left(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut list: Vec<u32>;
    let first: usize = if input.fast {
        list = vec![1];
        0
    } else {
        {
            list = Vec::new();
            {
                #[sleep(name = "pause")]
                Duration::ZERO;
                #[step]
                let items: Vec<u32> = {
                    ctx.tell("items");
                    input.items.clone()
                };
                list = items;
            }
            #[step]
            'told: {
                ctx.tell("told");
            }
        }
        return Ok(list.len());
    };
    Ok(first + list.len())
}

#[tokio::test]
async fn given_twice_in_a_branch_that_leaves() {
    sweep(given_twice_and_left, orders()).await;
}
