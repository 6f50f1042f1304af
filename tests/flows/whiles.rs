//! `loop`, `while` and `while let` around steps.

use super::support::*;
use prose::{Ctx, flow};
use std::collections::{BTreeMap, BTreeSet};

/// A `while` whose condition is a call, with a `continue` behind a change.
#[flow]
async fn countdown(ctx: Ctx<Deps>, input: u32) -> Result<Vec<u32>, Failure> {
    let mut left = input;
    let mut seen = Vec::new();
    while left.checked_sub(1).is_some() {
        left -= 1;
        if left % 3 == 0 {
            seen.push(left);
            continue;
        }
        #[step]
        'tick: {
            ctx.tell(format!("{left} {seen:?}"));
        }
        if left == 2 {
            left = 1;
        }
    }
    Ok(seen)
}

#[tokio::test]
async fn a_while_loop() {
    sweep(countdown, [0, 1, 6]).await;
}

/// A stack that the steps' outputs are pushed to: a walk over a tree.
#[flow]
async fn walk(ctx: Ctx<Deps>, input: BTreeMap<String, Vec<String>>) -> Result<Vec<String>, Failure> {
    let mut stack = vec!["root".to_owned()];
    let mut seen = BTreeSet::new();
    let mut order = Vec::new();
    while let Some(name) = stack.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        #[step]
        let children: Vec<String> = {
            ctx.tell(format!("{name} {stack:?}"));
            input.get(&name).cloned().unwrap_or_default()
        };
        if children.is_empty() {
            order.push(name);
            continue;
        }
        stack.push(name + "'");
        stack.extend(children);
    }
    #[step]
    'end: {
        ctx.tell(format!("{order:?} {}", seen.len()));
    }
    Ok(order)
}

#[tokio::test]
async fn a_stack_that_steps_fill() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let tree = BTreeMap::from([
        ("root".to_owned(), names(&["a", "b", "a"])),
        ("a".to_owned(), names(&["c"])),
        ("b".to_owned(), names(&["c", "root"])),
    ]);
    sweep(walk, [tree, BTreeMap::new()]).await;
}

/// Pages: the step's output decides whether there is another turn, and with what.
#[flow]
async fn pages(ctx: Ctx<Deps>, input: u32) -> Result<Vec<u32>, Failure> {
    let mut all = Vec::new();
    let mut next = Some(0);
    while let Some(page) = next {
        #[step(name = "page")]
        let (rows, more): (Vec<u32>, Option<u32>) = {
            ctx.tell(format!("page {page} {all:?}"));
            (vec![page, page * 10], (page < input).then_some(page + 1))
        };
        all.extend(rows);
        next = more;
    }
    Ok(all)
}

#[tokio::test]
async fn a_while_let_on_what_a_step_gave() {
    sweep(pages, [0, 2]).await;
}

/// Polls until it is done: a `loop` that gives a value, with a time limit of its own.
#[flow]
async fn poll(ctx: Ctx<Deps>, input: u32) -> Result<String, Failure> {
    let mut tries = 0;
    let state = loop {
        #[step]
        let state: Option<String> = {
            ctx.tell(format!("look {tries}"));
            (tries == input).then(|| format!("done at {tries}"))
        };
        tries += 1;
        match state {
            Some(state) => break Ok(state),
            None if tries > 3 => break Err(Failure::new("too late")),
            None => {}
        }
        #[step]
        'wait: {
            ctx.tell(format!("wait {tries}"));
        }
    };
    let state = state?;
    #[step]
    'end: {
        ctx.tell(&state);
    }
    Ok(state)
}

#[tokio::test]
async fn a_loop_with_a_value() {
    sweep(poll, [0, 2, 9]).await;
}

/// The flow's own value is a `loop`, left by `return` and by `break`.
#[flow]
async fn endless(ctx: Ctx<Deps>, input: u32) -> Result<u32, Failure> {
    let mut n = 0;
    loop {
        #[step]
        let next: u32 = {
            ctx.tell(format!("{n}"));
            n + 1
        };
        n = next;
        if n > 4 {
            return Err(Failure(format!("{n}")));
        }
        if n == input {
            break Ok(n);
        }
    }
}

#[tokio::test]
async fn a_loop_as_the_flows_value() {
    sweep(endless, [1, 3, 7]).await;
}

/// A loop that never turns, and one that turns once.
#[flow]
async fn hardly(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut list = input.items.clone();
    while list.len() > 100 {
        #[step]
        'never: {
            ctx.tell("never");
        }
        list.clear();
    }
    for item in Vec::<u32>::new() {
        #[step]
        'not_at_all: {
            ctx.tell(format!("{item}"));
        }
    }
    loop {
        list.push(0);
        #[step]
        'once: {
            ctx.tell(format!("{list:?}"));
        }
        break;
    }
    Ok(list.len())
}

#[tokio::test]
async fn loops_that_hardly_run() {
    swept(hardly, orders()).await.are_all_but(&["never", "not_at_all"]);
}

/// A chain of `let`s and conditions in a `while`.
#[flow]
async fn chained_while(ctx: Ctx<Deps>, input: Vec<Option<u32>>) -> Result<u32, Failure> {
    let mut rest = input;
    let mut sum = 0;
    while sum < 10
        && let Some(next) = rest.pop()
        && let Some(next) = next
        && next != 7
    {
        #[step]
        let doubled: u32 = {
            ctx.tell(format!("{next} {sum} {rest:?}"));
            next * 2
        };
        sum += doubled;
    }
    #[step]
    'end: {
        ctx.tell(format!("{sum} {rest:?}"));
    }
    Ok(sum)
}

#[tokio::test]
async fn a_while_with_a_chain() {
    sweep(chained_while, [vec![Some(1), Some(2), Some(3)], vec![Some(9), Some(8), Some(1)], vec![Some(7)], vec![None]])
        .await;
}

/// An array of counters, and a variable that is declared anew in each turn.
#[flow]
async fn own_variables(ctx: Ctx<Deps>, input: u32) -> Result<u32, Failure> {
    let mut counts = [0; 3];
    let mut n = 0;
    while n < input {
        let mut local = n * 100;
        let fixed = format!("turn {n}");
        #[step]
        'one: {
            ctx.tell(format!("{fixed} {local} {counts:?}"));
        }
        local += 1;
        counts[n as usize % 3] += local;
        let local = local.to_string() + &fixed;
        #[step]
        'two: {
            ctx.tell(format!("{local} {counts:?}"));
        }
        n += 1;
    }
    Ok(counts.iter().sum())
}

#[tokio::test]
async fn variables_of_a_turn() {
    sweep(own_variables, [0, 1, 4]).await;
}

/// A retry in a loop, and the attempts of one turn are not those of another.
#[flow]
async fn retried_turns(ctx: Ctx<Deps>, input: u32) -> Result<u32, Failure> {
    let mut attempts = 0;
    for turn in 0..input {
        #[step(retry(max_attempts = 3, delay = "1ms"))]
        let needed: u32 = {
            ctx.tell(format!("{turn} {attempts}"));
            if ctx.attempt() <= turn {
                return Err(Failure(format!("turn {turn}")));
            }
            ctx.attempt()
        };
        attempts += needed;
    }
    Ok(attempts)
}

#[tokio::test]
async fn a_retry_in_a_loop() {
    sweep(retried_turns, [3, 5]).await;
}

/// Transactions and events in a loop: rows and events of each turn once.
#[flow]
pub(super) async fn turns_with_rows(ctx: Ctx<Deps>, input: Order) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for (place, item) in input.items.iter().enumerate() {
        let row = format!("{} {place}", input.id);
        #[transaction(tx = ctx.deps.db)]
        let id: String = {
            ctx.tell(format!("{row} {ids:?}"));
            tx.push(format!("{row}: {item}"));
            row
        };
        ids.push(id.clone());
        #[event("orders")]
        OrderPlaced { order_id: id, total: *item };
        if input.fast {
            continue;
        }
        #[event("audit", name = "audited")]
        vec![
            OrderPlaced { order_id: input.id.clone(), total: ids.len() as u32 },
            OrderPlaced { order_id: input.id.clone(), total: 0 },
        ];
    }
    Ok(ids)
}

#[tokio::test]
async fn transactions_and_events_in_a_loop() {
    sweep(turns_with_rows, orders()).await;
}

/// `?` in the plain code of a loop, and a step that fails in its second turn.
#[flow]
async fn parsed(ctx: Ctx<Deps>, input: Vec<String>) -> Result<i64, Failure> {
    let mut sum = 0;
    for text in &input {
        let number: i64 = text.parse()?;
        #[step]
        let checked: i64 = {
            ctx.tell(format!("{number} {sum}"));
            if number < 0 {
                return Err(Failure(format!("{number} is negative")));
            }
            number
        };
        sum += checked;
        let twice = text.repeat(2).parse::<i64>()?;
        sum += twice;
    }
    Ok(sum)
}

#[tokio::test]
async fn failures_in_a_loop() {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    sweep(parsed, [texts(&["1", "2"]), texts(&["1", "x"]), texts(&["1", "-2", "3"]), texts(&["+1", "2"])]).await;
}

/// Steps without a value, with an `Option`, with an enum, in turns.
#[flow]
async fn output_kinds(ctx: Ctx<Deps>, input: Vec<Kind>) -> Result<Vec<Kind>, Failure> {
    let mut done = Vec::new();
    for kind in input {
        #[step]
        let unit: () = ctx.tell(format!("{kind:?} {}", done.len()));
        #[step]
        let tried: Option<Kind> = {
            ctx.tell(format!("{unit:?} {kind:?}"));
            match kind {
                Kind::Card { number, tries } => Some(Kind::Card { number, tries: tries + 1 }),
                Kind::Invoice(_) => None,
                Kind::Cash => Some(Kind::Cash),
            }
        };
        let Some(tried) = tried else { continue };
        done.push(tried);
    }
    Ok(done)
}

#[tokio::test]
async fn outputs_of_every_kind_in_a_loop() {
    sweep(output_kinds, [kinds(), Vec::new()]).await;
}
