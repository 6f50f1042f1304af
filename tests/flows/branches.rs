//! Branches around steps: `if`, `if let`, chains, and what moves in one of them.

use super::support::*;
use prose::{Ctx, flow};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

/// `note` moves in one branch and lives in the other; `list` moves in a branch before any point.
#[flow]
async fn moved_in_one_branch(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let note = format!("note of {}", input.id);
    let list = input.items.clone();
    if input.fast {
        let gone = list;
        let length = note.len() + gone.len();
        drop(note);
        #[step]
        let sent: usize = {
            ctx.tell(format!("send {length}"));
            length
        };
        return Ok(sent);
    } else {
        #[step]
        'look: {
            ctx.tell(format!("look at {note}"));
        }
    }
    #[step]
    let eaten: usize = {
        ctx.tell("eat");
        eat(note)
    };
    Ok(eaten)
}

fn eat(text: String) -> usize {
    text.len()
}

#[tokio::test]
async fn a_variable_moved_in_one_branch_and_live_in_the_other() {
    sweep(moved_in_one_branch, orders()).await;
}

/// Neither branch returns, and a point stands behind them.
#[flow]
async fn moved_then_on(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let note = input.id.repeat(2);
    if input.fast {
        let told = note + "!";
        #[step]
        'fast: {
            ctx.tell("fast");
        }
        #[step]
        'faster: {
            ctx.tell(&told);
        }
    } else {
        #[step]
        'slow: {
            ctx.tell(format!("slow {note}"));
        }
        #[step]
        'slower: {
            ctx.tell("slower");
        }
        drop(note);
    }
    #[step]
    let end: String = {
        ctx.tell("end");
        input.id.clone()
    };
    Ok(end)
}

#[tokio::test]
async fn a_move_in_a_branch_with_points_behind() {
    sweep(moved_then_on, orders()).await;
}

/// The value of the `if let` is owned.
#[flow]
async fn owned_if_let(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let coupon = input.coupon.map(|coupon| (coupon.clone(), coupon.len()));
    if let Some((name, size)) = coupon {
        let twice = size * 2;
        let used = name.clone();
        if input.fast {
            let gone = name;
            #[step]
            'hurry: {
                ctx.tell(format!("hurry {twice}"));
            }
            drop(gone);
        } else {
            #[step]
            'wait: {
                ctx.tell(format!("wait {name}"));
            }
            #[step]
            'wait_more: {
                ctx.tell(format!("wait more {name} {size}"));
            }
        }
        return Ok(used);
    } else {
        #[step]
        'without: {
            ctx.tell("without");
        }
    }
    Ok("none".into())
}

#[tokio::test]
async fn an_if_let_over_an_owned_value() {
    sweep(owned_if_let, orders()).await;
}

/// `else if`, as the flow's value.
#[flow]
async fn tail_if(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let many = input.items.len() > 2;
    if many && input.fast {
        #[step]
        let fast: u32 = {
            ctx.tell("fast");
            1
        };
        Ok(fast)
    } else if let Some(coupon) = input.coupon {
        let size = coupon.len() as u32;
        #[step]
        let slow: u32 = {
            ctx.tell(format!("slow {size}"));
            size
        };
        let more = slow + 1;
        #[step]
        'more: {
            ctx.tell(format!("more {more}"));
        }
        Ok(more)
    } else if many {
        Ok(7)
    } else {
        #[step]
        'failed: {
            ctx.tell("failed");
        }
        Err(Failure("nothing".into()))
    }
}

#[tokio::test]
async fn an_if_as_the_flows_value() {
    let none = Order { items: Vec::new(), coupon: None, ..order() };
    sweep(tail_if, orders().into_iter().chain([none])).await;
}

/// Branches in branches, with plain variables needed before the first point of a branch only.
#[flow]
async fn deep(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let mut text = input.id.clone();
    let unsaved = std::rc::Rc::new(1).to_string();
    if input.items.len() > 1 {
        text.push('a');
        text.push_str(&unsaved);
        if input.fast {
            text.push('b');
            #[step]
            'ab: {
                ctx.tell(&text);
            }
            text.push('c');
        } else {
            let extra = unsaved + "x";
            if let Some(coupon) = &input.coupon {
                text.push_str(coupon);
                #[step]
                'coupon: {
                    ctx.tell(&text);
                }
            }
            text.push_str(&extra);
            #[step]
            'extra: {
                ctx.tell(&extra);
            }
        }
        text.push('d');
    }
    #[step]
    let done: String = {
        ctx.tell(&text);
        text
    };
    Ok(done)
}

#[tokio::test]
async fn branches_in_branches() {
    sweep(deep, orders()).await;
}

/// Points in one branch only, an `if` that has no value, plain code of every kind between.
#[flow]
async fn one_sided(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    const LIMIT: usize = 2;
    macro_rules! twice {
        ($what:expr) => {
            $what * 2
        };
    }
    fn name(order: &Order) -> String {
        order.id.clone()
    }
    let Some(first) = input.items.first().copied() else {
        return Ok("empty".into());
    };
    let id = name(&input);
    let mut seen = Vec::new();
    if input.fast {
        seen.push(first);
    } else {
        #[step]
        'slow: {
            ctx.tell(format!("slow {first}"));
        }
        seen.push(twice!(first));
    };
    if let Some(coupon) = input.coupon.clone() {
        seen.push(coupon.len() as u32);
    } else {
        #[step]
        'no_coupon: {
            ctx.tell(format!("none {seen:?}"));
        }
    }
    let mut rounds = 0;
    'count: for one in &input.items {
        match one {
            4 => continue,
            5 => break 'count,
            other => rounds += other,
        }
    }
    if seen.len() > LIMIT {
        rounds = 0;
    }
    #[step]
    let code: u32 = {
        if rounds > 100 {
            return Err(Failure("many".into()));
        }
        if rounds > 2 {
            return Ok(rounds + 1);
        }
        ctx.tell(format!("code {rounds}"));
        rounds
    };
    let text = seen.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    #[event("shop")]
    'placed: {
        if code > 3 {
            break 'placed None;
        }
        Some(OrderPlaced { order_id: id.clone(), total: code })
    }
    return Ok(format!("{id} {text} {code}"));
}

#[tokio::test]
async fn points_in_one_branch_only() {
    sweep(one_sided, orders()).await;
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
            ctx.tell(format!("{coupon} {first} {taken}"));
            format!("{coupon}{first}")
        };
        #[step]
        'both: {
            ctx.tell(format!("{code} {taken} {first}"));
        }
        return Ok(code);
    } else if input.fast {
        #[step]
        'fast: {
            ctx.tell("fast");
        }
    }
    Ok("none".into())
}

#[tokio::test]
async fn chains_of_lets() {
    sweep(chains, orders()).await;
}

/// `let else` whose `else` has steps: over a call, a place that is moved, and a borrow.
#[flow]
async fn else_with_steps(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let Some(first) = input.items.first().copied() else {
        #[step]
        'empty: {
            ctx.tell("empty");
        }
        return Err(Failure::new("empty"));
    };
    let Some(coupon) = &input.coupon else {
        #[step]
        let none: u32 = {
            ctx.tell(format!("no coupon for {first}"));
            first
        };
        return Ok(none.to_string());
    };
    let owned = input.fast.then(|| coupon.repeat(2));
    let Some(mut owned) = owned else {
        #[step]
        'slow: {
            ctx.tell(format!("slow {coupon}"));
        }
        return Ok(coupon.clone());
    };
    owned.push('!');
    let Ok(Totals { subtotal, mut tax }) = totals(&input) else {
        #[step]
        'many: {
            ctx.tell(&owned);
        }
        return Err(Failure::new("many"));
    };
    tax += 1;
    #[step]
    'end: {
        ctx.tell(format!("{owned} {coupon} {first} {subtotal} {tax}"));
    }
    tax += 1;
    Ok(owned + &tax.to_string())
}

#[tokio::test]
async fn a_let_else_with_steps() {
    let many = Order { items: vec![30], ..order() };
    sweep(else_with_steps, orders().into_iter().chain([many])).await;
}

fn totals(order: &Order) -> Result<Totals, usize> {
    let subtotal = order.items.iter().sum();
    if subtotal > 20 { Err(order.items.len()) } else { Ok(Totals { subtotal, tax: 1 }) }
}

/// `let else` without steps inside, in a loop: it continues, breaks, returns.
#[flow]
async fn else_that_jumps(ctx: Ctx<Deps>, input: Vec<Kind>) -> Result<u32, Failure> {
    let mut n = 0;
    for kind in &input {
        n += 1;
        let Kind::Invoice(name) = kind else { continue };
        #[step]
        'invoice: {
            ctx.tell(format!("{name:?} {n}"));
        }
        let Some(name) = name.as_deref() else {
            n += 10;
            break;
        };
        let Ok(number) = name.parse::<u32>() else {
            #[step]
            'no_number: {
                ctx.tell(format!("{name} {n}"));
            }
            n += 100;
            continue;
        };
        #[step]
        'number: {
            ctx.tell(format!("{number} {n}"));
        }
        n += number;
    }
    Ok(n)
}

#[tokio::test]
async fn a_let_else_in_a_loop() {
    let named = |name: &str| Kind::Invoice(Some(name.to_owned()));
    sweep(else_that_jumps, [kinds(), vec![named("7"), Kind::Cash, named("x"), named("8")]]).await;
}

/// A chain of `else if`s and `else if let`s, each with a step, one without anything.
#[flow]
async fn long_chain(ctx: Ctx<Deps>, input: (u32, Order)) -> Result<u32, Failure> {
    let (n, order) = input;
    let mut out = n;
    if n == 0 {
        #[step]
        'zero: {
            ctx.tell("zero");
        }
        out += 1;
    } else if n == 1 {
        out += 2;
    } else if let Some(coupon) = &order.coupon {
        #[step]
        'coupon: {
            ctx.tell(format!("{coupon} {out}"));
        }
        out += 3;
    } else if let Some(item) = order.items.iter().copied().find(|item| *item > n)
        && order.fast
    {
        #[step]
        let item: u32 = {
            ctx.tell(format!("{item} {out}"));
            item
        };
        out += item;
    } else {
    }
    #[step]
    'end: {
        ctx.tell(format!("{out}"));
    }
    Ok(out)
}

#[tokio::test]
async fn a_chain_of_else_ifs() {
    let inputs = (0..3).flat_map(|n| orders().into_iter().map(move |order| (n, order)));
    sweep(long_chain, inputs.collect::<Vec<_>>()).await;
}

/// Moved in one arm, used in another, and again behind a branch that leaves; and cloned before it moves.
#[flow]
async fn moved_here_and_there(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let note = input.id.repeat(3);
    let list = input.items;
    let copy = list.clone();
    #[step]
    let sum: u32 = {
        ctx.tell(format!("{copy:?}"));
        copy.into_iter().sum()
    };
    match sum {
        0 => {
            #[step]
            'nothing: {
                ctx.tell(note);
            }
            return Ok("nothing".into());
        }
        _ if input.fast => {
            let taken = note.clone();
            #[step]
            'fast: {
                ctx.tell(taken);
            }
        }
        _ => {}
    }
    #[step]
    'list: {
        let list: Vec<u32> = list;
        ctx.tell(format!("{note} {list:?}"));
    }
    Ok(note)
}

#[tokio::test]
async fn a_move_into_a_body() {
    sweep(moved_here_and_there, orders()).await;
}

/// An `if` in front of a loop, in it, and around one, with a change in each.
#[flow]
async fn changes_everywhere(ctx: Ctx<Deps>, input: Order) -> Result<Vec<u32>, Failure> {
    let mut trace = vec![0];
    if input.fast {
        trace.push(1);
    }
    for item in &input.items {
        if item % 2 == 0 {
            trace.push(2);
            #[step]
            'even: {
                ctx.tell(format!("{item} {trace:?}"));
            }
        } else {
            trace.push(3);
        }
        trace.push(*item);
    }
    if input.coupon.is_some() {
        while trace.len() > 5 {
            trace.pop();
            #[step]
            'pop: {
                ctx.tell(format!("{trace:?}"));
            }
        }
        trace.push(4);
    }
    #[step]
    'end: {
        ctx.tell(format!("{trace:?}"));
    }
    Ok(trace)
}

#[tokio::test]
async fn a_variable_changed_everywhere() {
    sweep(changes_everywhere, orders()).await;
}

static STOCK: Mutex<u32> = Mutex::new(3);

struct Sensor(u32);

#[derive(Serialize, Deserialize, Debug)]
struct Refund(u32);

type Enterprise = u32;

impl Sensor {
    fn lock(&self) -> Result<String, Failure> {
        Ok(format!("locked at {}", self.0))
    }

    fn read(&self) -> Result<u32, Failure> {
        Ok(self.0)
    }

    fn borrow(&self) -> Refund {
        Refund(self.0)
    }
}

/// Locks that are free again in front of a step, values that only look like guards, and variables that nobody needs.
#[flow]
async fn free_again(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let count = *STOCK.lock().map_err(|_| Failure::new("poisoned"))?;
    let level: u32 = Sensor(count + 1).read()?;
    let receipt: String = Sensor(level).lock()?;
    let _unused: u32 = level.saturating_sub(1);
    let _first = input.items.first();
    match STOCK.try_lock() {
        Ok(_) => {}
        Err(_busy) => {
            #[step]
            'busy: {
                ctx.tell("busy");
            }
        }
    }
    let parsed = input.id.parse::<u32>();
    match parsed.as_ref().map(|number| number + level) {
        Ok(number) if input.fast => {
            #[step]
            'number: {
                ctx.tell(format!("{number}"));
            }
        }
        Err(_no_number) => {
            #[step]
            'none: {
                ctx.tell(format!("none at {level}"));
            }
        }
        _other => {}
    }
    #[step]
    'end: {
        ctx.tell(format!("{count} {level} {receipt}"));
    }
    Ok(count)
}

#[tokio::test]
async fn what_is_free_again_is_no_guard() {
    let numbered = Order { id: "7".into(), ..order() };
    swept(free_again, orders().into_iter().chain([numbered])).await.are_all_but(&["busy"]);
}

static COUNTED: Mutex<u32> = Mutex::new(3);
static LISTED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// What is copied out of a guard, under its own name too; types whose names have those of guards in them; and a lock behind other arms.
#[flow]
#[allow(clippy::let_and_return, reason = "as the message of the macro says it")]
async fn copied_out_of_a_guard(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let names = {
        let names = LISTED.lock().unwrap();
        let names = names.len() as u32;
        names
    };
    let count = match COUNTED.lock() {
        Ok(count) => {
            let count = *count;
            count
        }
        Err(_) => 0,
    };
    let first = if let Ok(first) = COUNTED.lock() {
        let first = *first;
        Some(first)
    } else {
        None
    };
    let mut taken = COUNTED.lock().unwrap();
    *taken = count;
    drop(taken);
    {
        let mut held = None;
        if input.fast {
            held = Some(COUNTED.lock().unwrap());
        }
        if let Some(mut held) = held {
            *held = count;
        }
    }
    let held = count + 1;
    let refund: Refund = Sensor(count).borrow();
    let enterprise: Enterprise = Sensor(names).read()?;
    match input.coupon {
        Some(ref coupon) => {
            #[step]
            'coupon: {
                ctx.tell(coupon);
            }
        }
        None => {
            let again = { *COUNTED.lock().unwrap() };
            #[step]
            'none: {
                ctx.tell(format!("{again}"));
            }
        }
    }
    #[step]
    'end: {
        ctx.tell(format!("{names} {count} {first:?} {held} {refund:?} {enterprise}"));
    }
    Ok(count)
}

#[tokio::test]
async fn what_is_copied_out_of_a_guard_is_none() {
    sweep(copied_out_of_a_guard, orders()).await;
}

/// Variables that nobody needs, and whose drop does nothing.
#[flow]
async fn unused(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let _number = 3;
    let _more = input.items.len() * 2;
    let _text = input.id.to_string();
    let _copy = input.items.clone();
    let _sum = input.items.iter().sum::<u32>();
    let _count = input.id.chars().count();
    let _none = input.items.is_empty();
    let _parsed = input.id.parse::<u32>().unwrap_or_default();
    let _first = input.items.first().copied();
    let _fewer = input.items.len().checked_sub(1);
    let now = Instant::now();
    let _limit = u64::from(input.fast);
    let _passed = now.elapsed();
    let _clock = SystemTime::now();
    let _empty = Vec::<u32>::new();
    let _some = Some(input.id.len());
    let _declared: Vec<(u32, Option<String>)> = listed(&input);
    let _result: Result<u32, String> = found(&input);
    let _map: HashMap<String, Duration> = waits();
    let _most = std::cmp::max(1, input.items.len());
    let _json = serde_json::json!({ "id": input.id });
    #[step]
    let end: usize = {
        ctx.tell("end");
        input.items.len()
    };
    Ok(end)
}

fn listed(order: &Order) -> Vec<(u32, Option<String>)> {
    order.items.iter().map(|item| (*item, None)).collect()
}

fn found(order: &Order) -> Result<u32, String> {
    order.items.first().copied().ok_or_else(|| "none".to_owned())
}

fn waits() -> HashMap<String, Duration> {
    HashMap::new()
}

#[tokio::test]
async fn what_nobody_needs_may_stay_if_its_drop_does_nothing() {
    sweep(unused, orders()).await;
}
