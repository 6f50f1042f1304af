//! Flows of every shape that the macro lowers, each crashed before and after every commit, and continued.

#[cfg(test)] // all of it is a test: clippy then lets it unwrap
#[path = "flows/crash.rs"]
mod crash;
#[cfg(test)]
#[path = "flows/loops.rs"]
mod loops;

use crash::{Deps, sweep};
use prose::{Ctx, Event, ValidationError, flow};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display};

/// Any failure, as its text.
#[derive(Debug)]
pub struct Failure(String);

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<ValidationError> for Failure {
    fn from(error: ValidationError) -> Self {
        Failure(error.to_string())
    }
}

#[derive(Serialize, Deserialize, Debug, Clone, Default)]
struct Order {
    id: String,
    items: Vec<u32>,
    coupon: Option<String>,
    fast: bool,
}

fn order() -> Order {
    Order { id: "o1".into(), items: vec![3, 4, 5], coupon: Some("SAVE".into()), fast: true }
}

/// The order as it is, without its coupon, slow, both, and empty: every branch of every flow.
fn orders() -> Vec<Order> {
    let slow = Order { fast: false, ..order() };
    let plain = Order { coupon: None, ..order() };
    let both = Order { fast: false, coupon: None, ..order() };
    let empty = Order { items: Vec::new(), ..order() };
    vec![order(), slow, plain, both, empty]
}

#[derive(Serialize, Deserialize, Debug, Clone)]
struct Totals {
    subtotal: u32,
    tax: u32,
}

#[derive(Serialize, Event)]
struct OrderPlaced {
    order_id: String,
    total: u32,
}

/// Everything at once, straight down.
#[flow(name = "straight")]
async fn straight(ctx: Ctx<Deps>, input: Order) -> Result<(String, u32), Failure> {
    #[validate]
    'has_items: {
        if input.items.is_empty() {
            return Err(ValidationError::single("items", "none").into());
        }
    }
    let rate = 2;
    #[step(name = "price")]
    let Totals { subtotal, tax }: Totals = {
        ctx.deps.saw("price");
        let subtotal = input.items.iter().sum();
        Totals { subtotal, tax: subtotal / rate }
    };
    let total = subtotal + tax;
    #[transaction(tx = ctx.deps.db)]
    let order_id: String = {
        ctx.deps.saw(format!("store {total}"));
        tx.push(format!("{} {total}", input.id));
        input.id.clone()
    };
    #[event("orders")]
    OrderPlaced { order_id: order_id.clone(), total };
    #[transaction(tx = &ctx.deps.db, retry(max_attempts = 2))]
    'mark: {
        ctx.deps.saw("mark");
        tx.push(format!("marked {order_id}"));
    }
    Ok((order_id, total))
}

#[tokio::test]
async fn a_straight_flow() {
    for order in orders() {
        sweep(|| straight(order.clone())).await;
    }
}

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
            ctx.deps.saw(format!("send {length}"));
            length
        };
        return Ok(sent);
    } else {
        #[step]
        'look: {
            ctx.deps.saw(format!("look at {note}"));
        }
    }
    #[step]
    let eaten: usize = {
        ctx.deps.saw("eat");
        eat(note)
    };
    Ok(eaten)
}

fn eat(text: String) -> usize {
    text.len()
}

#[tokio::test]
async fn a_variable_moved_in_one_branch_and_live_in_the_other() {
    for order in orders() {
        sweep(|| moved_in_one_branch(order.clone())).await;
    }
}

/// Neither branch returns, and a point stands behind them.
#[flow]
async fn moved_then_on(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let note = input.id.repeat(2);
    if input.fast {
        let told = note + "!";
        #[step]
        'fast: {
            ctx.deps.saw("fast");
        }
        #[step]
        'faster: {
            ctx.deps.saw(&told);
        }
    } else {
        #[step]
        'slow: {
            ctx.deps.saw(format!("slow {note}"));
        }
        #[step]
        'slower: {
            ctx.deps.saw("slower");
        }
        drop(note);
    }
    #[step]
    let end: String = {
        ctx.deps.saw("end");
        input.id.clone()
    };
    Ok(end)
}

#[tokio::test]
async fn a_move_in_a_branch_with_points_behind() {
    for order in orders() {
        sweep(|| moved_then_on(order.clone())).await;
    }
}

/// Leaves early, in plain code, in a branch and behind a `?`.
#[flow]
async fn early(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    #[step]
    let first: u32 = {
        ctx.deps.saw("first");
        input.items.first().copied().unwrap_or_default()
    };
    if first == 0 {
        return Ok(0);
    }
    #[step]
    'second: {
        ctx.deps.saw(format!("second {first}"));
    }
    let third = input.items.get(2).ok_or_else(|| Failure("no third".into()))?;
    let third = *third;
    if input.coupon.is_none() {
        #[step]
        'refuse: {
            ctx.deps.saw("refuse");
        }
        return Err(Failure(format!("no coupon, {third}")));
    }
    #[step]
    let last: u32 = first + third;
    Ok(last)
}

#[tokio::test]
async fn early_exits() {
    for order in orders() {
        sweep(|| early(order.clone())).await;
    }
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
                ctx.deps.saw(format!("hurry {twice}"));
            }
            drop(gone);
        } else {
            #[step]
            'wait: {
                ctx.deps.saw(format!("wait {name}"));
            }
            #[step]
            'wait_more: {
                ctx.deps.saw(format!("wait more {name} {size}"));
            }
        }
        return Ok(used);
    } else {
        #[step]
        'without: {
            ctx.deps.saw("without");
        }
    }
    Ok("none".into())
}

#[tokio::test]
async fn an_if_let_over_an_owned_value() {
    for order in orders() {
        sweep(|| owned_if_let(order.clone())).await;
    }
}

/// Borrows that are made again: of the input, of a step's output, of another borrow.
#[flow]
async fn views(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let items = &input.items;
    let first = &items[0..];
    let label = "total";
    #[step(name = "totals")]
    let totals: Totals = {
        ctx.deps.saw(format!("totals {}", items.len()));
        Totals { subtotal: items.iter().sum(), tax: first.len() as u32 }
    };
    let Totals { subtotal, .. } = &totals;
    if let Some(coupon) = &input.coupon {
        #[step]
        'use_coupon: {
            ctx.deps.saw(format!("use {coupon} on {subtotal}"));
        }
        let code = coupon.as_str();
        #[step]
        'used: {
            ctx.deps.saw(format!("used {code} {label}"));
        }
    } else if input.fast {
        #[step]
        'none: {
            ctx.deps.saw("none");
        }
    }
    if let Some(code) = input.coupon.as_deref() {
        #[step]
        'again: {
            ctx.deps.saw(code);
        }
    }
    #[step]
    'end: {
        ctx.deps.saw(format!("{subtotal} {}", totals.tax));
    }
    Ok(format!("{label} {subtotal}"))
}

#[tokio::test]
async fn borrows_are_made_again() {
    for order in orders() {
        sweep(|| views(order.clone())).await;
    }
}

/// `else if`, as the flow's value.
#[flow]
async fn tail_if(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let many = input.items.len() > 2;
    if many && input.fast {
        #[step]
        let fast: u32 = {
            ctx.deps.saw("fast");
            1
        };
        Ok(fast)
    } else if let Some(coupon) = input.coupon {
        let size = coupon.len() as u32;
        #[step]
        let slow: u32 = {
            ctx.deps.saw(format!("slow {size}"));
            size
        };
        let more = slow + 1;
        #[step]
        'more: {
            ctx.deps.saw(format!("more {more}"));
        }
        Ok(more)
    } else if many {
        Ok(7)
    } else {
        #[step]
        'failed: {
            ctx.deps.saw("failed");
        }
        Err(Failure("nothing".into()))
    }
}

#[tokio::test]
async fn an_if_as_the_flows_value() {
    for order in orders() {
        sweep(|| tail_if(order.clone())).await;
    }
}

/// Blocks in blocks, one left by `break`; variables of a block are forgotten behind it.
#[flow]
async fn nested(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let outer = input.id.clone();
    'shop: {
        let inner = outer.len();
        #[step]
        'enter: {
            ctx.deps.saw(format!("enter {inner}"));
        }
        if input.items.is_empty() {
            break 'shop;
        }
        {
            let deep = inner * 2;
            #[step]
            'buy: {
                ctx.deps.saw(format!("buy {deep} {inner}"));
            }
        }
        #[step]
        'leave: {
            if !input.fast {
                break 'leave;
            }
            ctx.deps.saw(format!("leave {inner}"));
        }
    }
    let inner = "other";
    #[step]
    let end: String = {
        ctx.deps.saw(inner);
        outer
    };
    Ok(end)
}

#[tokio::test]
async fn nested_blocks() {
    for order in orders() {
        sweep(|| nested(order.clone())).await;
    }
}

/// An `if` and a block as values.
#[flow]
async fn values(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let base = if input.fast {
        #[step]
        let fast: u32 = {
            ctx.deps.saw("fast");
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
            ctx.deps.saw(format!("measure {size} {base}"));
        }
        (size, size * 2)
    };
    let unused = if let Some(coupon) = &input.coupon {
        #[step]
        'coupon: {
            ctx.deps.saw(coupon);
        }
        base
    } else {
        0
    };
    high += unused;
    #[step]
    'end: {
        ctx.deps.saw(format!("{low} {high}"));
    }
    Ok(low + high)
}

#[tokio::test]
async fn an_if_and_a_block_as_values() {
    for order in orders() {
        sweep(|| values(order.clone())).await;
    }
}

/// `mut` variables that change between steps, in branches, and in a step's output.
#[flow]
async fn changing(ctx: Ctx<Deps>, input: Order) -> Result<Vec<u32>, Failure> {
    let mut list = input.items.clone();
    let mut sum = 0;
    list.push(1);
    #[step]
    let mut made: Vec<u32> = {
        ctx.deps.saw(format!("make {list:?}"));
        list.iter().map(|one| one * 2).collect()
    };
    sum += made.len();
    made.push(100);
    if input.fast {
        list.clear();
        #[step]
        'fast: {
            ctx.deps.saw(format!("fast {made:?} {sum}"));
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
        ctx.deps.saw(format!("more {list:?} {made:?} {sum}"));
        made
    };
    list.extend(more);
    list.push(sum as u32);
    #[step(retry(max_attempts = 3))]
    'end: {
        ctx.deps.saw(format!("end {list:?}"));
    }
    list.sort();
    Ok(list)
}

#[tokio::test]
async fn mut_variables() {
    for order in orders() {
        sweep(|| changing(order.clone())).await;
    }
}

/// The same name again and again.
#[flow]
async fn shadowing(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let n = input.items.len();
    #[step]
    'one: {
        ctx.deps.saw(format!("{n}"));
    }
    let n = n + 1;
    let n = n * 10;
    #[step(name = "n")]
    let n: String = {
        ctx.deps.saw(format!("{n}"));
        format!("was {n}")
    };
    if input.fast {
        let n = n.len();
        #[step]
        'two: {
            ctx.deps.saw(format!("{n}"));
        }
    }
    let input = input.id;
    #[step]
    'three: {
        let n = n.clone() + &input;
        ctx.deps.saw(n);
    }
    Ok(n + &input)
}

#[tokio::test]
async fn shadowed_names() {
    for order in orders() {
        sweep(|| shadowing(order.clone())).await;
    }
}

/// Fails twice, then not; the failures see the same.
#[flow]
async fn retried(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut size = input.items.len();
    size += 1;
    #[step(retry(max_attempts = 3, delay = "1ms", backoff = 1.0, when = |error| error.0 == "again"))]
    let attempts: u32 = {
        ctx.deps.saw(format!("try {size}"));
        if ctx.attempt() < 3 {
            return Err(Failure("again".into()));
        }
        ctx.attempt()
    };
    size += 1;
    #[transaction(tx = ctx.deps.db, retry(max_attempts = 3, delay = "1ms"))]
    let row: u32 = {
        ctx.deps.saw(format!("row {size}"));
        tx.push("row".into());
        if ctx.attempt() < 2 {
            return Err(Failure("rolled back".into()));
        }
        attempts
    };
    Ok(row)
}

#[tokio::test]
async fn retries() {
    sweep(|| retried(order())).await;
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
                ctx.deps.saw(&text);
            }
            text.push('c');
        } else {
            let extra = unsaved + "x";
            if let Some(coupon) = &input.coupon {
                text.push_str(coupon);
                #[step]
                'coupon: {
                    ctx.deps.saw(&text);
                }
            }
            text.push_str(&extra);
            #[step]
            'extra: {
                ctx.deps.saw(&extra);
            }
        }
        text.push('d');
    }
    #[step]
    let done: String = {
        ctx.deps.saw(&text);
        text
    };
    Ok(done)
}

#[tokio::test]
async fn branches_in_branches() {
    for order in orders() {
        sweep(|| deep(order.clone())).await;
    }
}

/// A flow whose result cannot be told from its text: through JSON, and with `Option`s inside.
#[flow]
async fn odd_values(ctx: Ctx<Deps>, input: Vec<Option<u32>>) -> Result<Option<u32>, Failure> {
    let first = input.first().copied().flatten();
    let nothing: Option<u32> = None;
    #[step]
    let unit: () = ctx.deps.saw(format!("{first:?}"));
    #[step]
    let picked: Option<u32> = {
        let () = unit;
        ctx.deps.saw(format!("{nothing:?}"));
        first.or(nothing)
    };
    Ok(picked)
}

#[tokio::test]
async fn options_and_units() {
    sweep(|| odd_values(vec![Some(1), None])).await;
    sweep(|| odd_values(vec![None])).await;
}

#[test]
fn meta_tells_what_is_loaded() {
    use prose::Flow;
    let names = |point: usize| {
        shadowing::Flow::META.points[point]
            .live
            .iter()
            .map(|place| shadowing::Flow::META.variables[usize::from(*place)].name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(0), ["n"]);
    assert_eq!(names(1), ["n", "n#3"]);
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
            ctx.deps.saw(format!("slow {first}"));
        }
        seen.push(twice!(first));
    };
    if let Some(coupon) = input.coupon.clone() {
        seen.push(coupon.len() as u32);
    } else {
        #[step]
        'no_coupon: {
            ctx.deps.saw(format!("none {seen:?}"));
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
        ctx.deps.saw(format!("code {rounds}"));
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
    for order in orders() {
        sweep(|| one_sided(order.clone())).await;
    }
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
                ctx.deps.saw(format!("fast {result}"));
            }
        } else if counter.get() > 0 {
            let taken = gone;
            result += names.concat().len() + taken.len();
            #[step]
            'slow: {
                ctx.deps.saw(format!("slow {result}"));
            }
        } else {
            drop(gone);
        }
    }
    #[step]
    let size: usize = {
        ctx.deps.saw(format!("end {result}"));
        result
    };
    Ok(size)
}

#[tokio::test]
async fn what_no_point_needs() {
    for order in orders() {
        sweep(|| slots(order.clone())).await;
    }
}

/// Fails in plain code behind a transaction, which is not done again by the next call.
#[flow]
async fn failing(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut count = input.items.len() as u32;
    #[transaction(tx = ctx.deps.db)]
    let mut row: u32 = {
        ctx.deps.saw(format!("row {count}"));
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
        ctx.deps.saw(format!("{count} {row}"));
    }
    count += 1;
    Err(Failure(format!("at the end {count} {row}")))
}

#[tokio::test]
async fn failures() {
    for order in orders() {
        sweep(|| failing(order.clone())).await;
    }
}

/// Shadowed in a branch, then mentioned behind it; a borrow of a variable whose name is used again.
#[flow]
async fn deep_names(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let name = input.id.clone();
    let view = &name;
    {
        let name = view.len();
        if name > 1 {
            let name = name * 2;
            #[step]
            'inner: {
                ctx.deps.saw(format!("{name} {view}"));
            }
        }
        #[step]
        'middle: {
            ctx.deps.saw(format!("{name}"));
        }
    }
    let name = format!("{view}{view}");
    let value = {
        let name = name.len();
        #[step]
        let twice: usize = {
            ctx.deps.saw(format!("{name}"));
            name * 2
        };
        let Order { items, coupon, .. } = &input;
        let total = items.len() + twice;
        if let Some(coupon) = coupon {
            #[step]
            'coupon: {
                ctx.deps.saw(format!("{coupon} {total}"));
            }
            total
        } else {
            0
        }
    };
    #[step]
    'outer: {
        ctx.deps.saw(format!("{name} {view} {value}"));
    }
    Ok(name)
}

#[tokio::test]
async fn names_in_nested_scopes() {
    for order in orders() {
        sweep(|| deep_names(order.clone())).await;
    }
}

/// Variables that are changed, and then out of sight at the point whose commit would save them.
#[flow]
async fn out_of_sight(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut n = 1;
    n += input.items.len();
    let id = input.id.clone();
    let Some(coupon) = &input.coupon else {
        return Err(Failure(format!("{id} has none")));
    };
    {
        n += 1;
        let n = n * 100;
        #[step]
        'inner: {
            ctx.deps.saw(format!("{n} {coupon}"));
        }
        let n = n * 100;
        #[step]
        'innermost: {
            ctx.deps.saw(format!("{n}"));
        }
    }
    #[step]
    'behind: {
        ctx.deps.saw(format!("{n}"));
    }
    if input.fast {
        n += 10;
        if let Some(n) = input.items.first().map(|first| first + 1) {
            #[step]
            'shadowed: {
                ctx.deps.saw(format!("{n}"));
            }
        }
    }
    #[step]
    'end: {
        ctx.deps.saw(format!("{n}"));
    }
    Ok(n)
}

#[tokio::test]
async fn a_changed_variable_that_is_shadowed_at_a_point() {
    for order in orders() {
        sweep(|| out_of_sight(order.clone())).await;
    }
}

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
            ctx.deps.saw("slow");
        }
        return Ok(0);
    };
    list.push(2);
    let total = list.len() + size;
    #[step]
    'end: {
        ctx.deps.saw(format!("{total}"));
    }
    Ok(total)
}

#[tokio::test]
async fn a_slot_is_given_back() {
    for order in orders() {
        sweep(|| given_back(order.clone())).await;
    }
}

/// The second `n` is not `n_2`.
#[flow]
async fn numbered(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let n = input.items.len();
    #[step]
    'one: {
        ctx.deps.saw(format!("{n}"));
    }
    let n = n + 10;
    let n_2 = n + 100;
    #[step]
    'two: {
        ctx.deps.saw(format!("{n} {n_2}"));
    }
    #[step]
    'three: {
        ctx.deps.saw(format!("{n} {n_2}"));
    }
    Ok(n + n_2)
}

#[tokio::test]
async fn a_second_variable_of_a_name_meets_no_other() {
    for order in orders() {
        sweep(|| numbered(order.clone())).await;
    }
}

/// Left by the `else` of a view and from within a condition, with nothing behind the block's own end.
#[flow]
async fn left(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut count = input.items.len();
    #[step]
    'begin: {
        ctx.deps.saw(format!("begin {count}"));
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
                ctx.deps.saw(coupon);
            }
        }
        return Ok(count);
    }
    #[step]
    'end: {
        ctx.deps.saw(format!("end {count}"));
    }
    Ok(count)
}

#[tokio::test]
async fn a_block_that_is_left_by_an_else_or_a_condition() {
    for order in orders() {
        sweep(|| left(order.clone())).await;
    }
}

/// A `mut` variable that bodies see while a view borrows a part of it, and behind that.
#[flow]
async fn lent(ctx: Ctx<Deps>, input: Order) -> Result<Order, Failure> {
    let mut order = input.clone();
    let id = &order.id;
    order.items.push(6);
    #[step(retry(max_attempts = 2, delay = "1ms"))]
    let size: usize = {
        ctx.deps.saw(format!("{id} {:?}", order.items));
        if ctx.attempt() == 1 {
            return Err(Failure("again".into()));
        }
        order.items.len() + id.len()
    };
    order.id.push('!');
    #[step]
    let kept: Order = {
        ctx.deps.saw(format!("{size} {}", order.id));
        order
    };
    Ok(kept)
}

#[tokio::test]
async fn a_variable_lent_to_a_view() {
    for order in orders() {
        sweep(|| lent(order.clone())).await;
    }
}

/// Borrows that no point needs, of variables that no point needs: other stretches do.
#[flow]
async fn borrows_between(ctx: Ctx<Deps>, Order { id, items, ref coupon, .. }: Order) -> Result<u32, Failure> {
    let sizes = (items.clone(), id.len() as u32);
    let (list, length) = &sizes;
    let id = &id;
    let total = length + list.len() as u32;
    if total > 2 {
        let sum: u32 = list.iter().sum();
        #[step]
        'sum: {
            ctx.deps.saw(format!("{sum} {id}"));
        }
    }
    if let Some(coupon) = coupon {
        #[step]
        'use_coupon: {
            ctx.deps.saw(coupon);
        }
    }
    Ok(total)
}

#[tokio::test]
async fn borrows_that_no_point_needs() {
    for order in orders() {
        sweep(|| borrows_between(order.clone())).await;
    }
}

/// Left in the middle of a stretch that uses what is needed behind the block too: `list`, which no point needs, and
/// `n`, which is out of sight at the next point.
#[flow]
async fn left_midway(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut n = input.items.len() as u32;
    #[step]
    'begin: {
        ctx.deps.saw(format!("begin {n}"));
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
            ctx.deps.saw(format!("slow {n}"));
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
            ctx.deps.saw(format!("{n} {total}"));
        }
    }
    #[step]
    'end: {
        ctx.deps.saw(format!("end {n}"));
    }
    Ok(n)
}

#[tokio::test]
async fn a_block_left_in_the_middle_of_a_stretch() {
    for order in orders() {
        sweep(|| left_midway(order.clone())).await;
    }
}

/// The context's name is used again, while what was borrowed from it lives on.
#[flow]
async fn context_shadowed(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let deps = &ctx.deps;
    #[step]
    'one: {
        let moved = ctx;
        moved.deps.saw("one");
    }
    let ctx = input.items.len();
    #[step]
    'two: {
        deps.saw(format!("two {ctx}"));
    }
    Ok(ctx)
}

#[tokio::test]
async fn a_name_of_the_context_used_again() {
    for order in orders() {
        sweep(|| context_shadowed(order.clone())).await;
    }
}
