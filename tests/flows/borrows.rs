//! Borrows that are made again.

use super::support::*;
use prose::{Ctx, flow};

/// Borrows that are made again: of the input, of a step's output, of another borrow.
#[flow]
async fn views(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let items = &input.items;
    let first = &items[0..];
    let label = "total";
    #[step(name = "totals")]
    let totals: Totals = {
        ctx.tell(format!("totals {}", items.len()));
        Totals { subtotal: items.iter().sum(), tax: first.len() as u32 }
    };
    let Totals { subtotal, .. } = &totals;
    if let Some(coupon) = &input.coupon {
        #[step]
        'use_coupon: {
            ctx.tell(format!("use {coupon} on {subtotal}"));
        }
        let code = coupon.as_str();
        #[step]
        'used: {
            ctx.tell(format!("used {code} {label}"));
        }
    } else if input.fast {
        #[step]
        'none: {
            ctx.tell("none");
        }
    }
    if let Some(code) = input.coupon.as_deref() {
        #[step]
        'again: {
            ctx.tell(code);
        }
    }
    #[step]
    'end: {
        ctx.tell(format!("{subtotal} {}", totals.tax));
    }
    Ok(format!("{label} {subtotal}"))
}

#[tokio::test]
async fn borrows_are_made_again() {
    sweep(views, orders()).await;
}

/// A `mut` variable that bodies see while a view borrows a part of it, and behind that.
#[flow]
async fn lent(ctx: Ctx<Deps>, input: Order) -> Result<Order, Failure> {
    let mut order = input.clone();
    let id = &order.id;
    order.items.push(6);
    #[step(retry(max_attempts = 2, delay = "1ms"))]
    let size: usize = {
        ctx.tell(format!("{id} {:?}", order.items));
        if ctx.attempt() == 1 {
            return Err(Failure("again".into()));
        }
        order.items.len() + id.len()
    };
    order.id.push('!');
    #[step]
    let kept: Order = {
        ctx.tell(format!("{size} {}", order.id));
        order
    };
    Ok(kept)
}

#[tokio::test]
async fn a_variable_lent_to_a_view() {
    sweep(lent, orders()).await;
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
            ctx.tell(format!("{sum} {id}"));
        }
    }
    if let Some(coupon) = coupon {
        #[step]
        'use_coupon: {
            ctx.tell(coupon);
        }
    }
    Ok(total)
}

#[tokio::test]
async fn borrows_that_no_point_needs() {
    sweep(borrows_between, orders()).await;
}

/// Borrows of borrows: fields, `as_deref`, `first`, indices, patterns, another name, through loops.
#[flow]
async fn chains_of_borrows(ctx: Ctx<Deps>, input: Vec<Order>) -> Result<u32, Failure> {
    let mut n = 0;
    let all = &input;
    let first = all.first();
    for order in all {
        let Order { id, coupon, .. } = order;
        let code = coupon.as_deref();
        let items = &order.items;
        let same = items;
        #[step]
        'code: {
            ctx.tell(format!("{id} {code:?} {n}"));
        }
        if let Some(code) = code
            && let [head, .., tail] = &same[..]
        {
            #[step]
            'ends: {
                ctx.tell(format!("{code} {head} {tail} {}", same.len()));
            }
            n += head;
        }
        let Some(&last) = items.last() else { continue };
        #[step]
        'last: {
            ctx.tell(format!("{last} {n}"));
        }
        n += last;
    }
    if let Some(Order { id, .. }) = first {
        #[step]
        'first: {
            ctx.tell(format!("{id} {n}"));
        }
    }
    Ok(n)
}

#[tokio::test]
async fn borrows_of_borrows() {
    sweep(chains_of_borrows, [orders(), Vec::new()]).await;
}

/// A value copied out of a `mut` variable is that of then.
#[flow]
async fn copied_out(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut order = input.clone();
    let &fast = &order.fast;
    let size = order.items.len();
    order.fast = !order.fast;
    order.items.push(1);
    #[step]
    'first: {
        ctx.tell(format!("{fast} {} {size}", order.fast));
    }
    #[step]
    'second: {
        ctx.tell(format!("{fast} {} {size}", order.fast));
    }
    Ok(size)
}

#[tokio::test]
async fn a_copy_of_a_mut_variable() {
    sweep(copied_out, orders()).await;
}

/// A step's output is borrowed, and moved behind the borrow's last use.
#[flow]
async fn borrowed_outputs(ctx: Ctx<Deps>, input: Order) -> Result<Vec<String>, Failure> {
    #[step]
    let orders: Vec<Order> = {
        ctx.tell("orders");
        vec![input.clone(), Order::default()]
    };
    let head = &orders[0];
    let ids = (&head.id, &orders[1].id);
    #[step]
    'look: {
        ctx.tell(format!("{} {}{}", head.items.len(), ids.0, ids.1));
    }
    let mut names = Vec::new();
    for Order { id, coupon, .. } in orders {
        #[step]
        'each: {
            ctx.tell(format!("{id} {coupon:?} {names:?}"));
        }
        names.push(id);
    }
    Ok(names)
}

#[tokio::test]
async fn outputs_are_borrowed_and_then_moved() {
    sweep(borrowed_outputs, orders()).await;
}

/// `ref` in a `let`: borrowed again.
#[flow]
async fn by_ref(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let Order { ref items, ref fast, .. } = input;
    #[step]
    'seen: {
        ctx.tell(format!("{items:?} {fast}"));
    }
    Ok(items.len() + usize::from(*fast))
}

#[tokio::test]
async fn borrows_by_ref() {
    sweep(by_ref, orders()).await;
}

/// It cannot be saved.
struct Shelf {
    prices: Vec<u32>,
}

/// Borrows of borrows that no other stretch is handed.
#[flow]
async fn borrowed_in_one_stretch(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut shelf = Shelf { prices: input.items.clone() };
    let prices = &mut shelf.prices;
    let first = prices.first_mut().ok_or_else(|| Failure::new("none"))?;
    *first += 1;
    let sum = shelf.prices.iter().sum::<u32>();
    #[step]
    'sum: {
        ctx.tell(format!("{sum}"));
    }
    Ok(sum)
}

#[tokio::test]
async fn what_is_borrowed_in_one_stretch_is_not_saved() {
    sweep(borrowed_in_one_stretch, orders()).await;
}

/// What is changed by way of a borrow, in front of a step.
#[flow]
async fn changed_by_way_of_a_borrow(ctx: Ctx<Deps>, input: Order) -> Result<Option<u32>, Failure> {
    let mut first = input.items.first().copied();
    if let Some(price) = &mut first {
        *price += 1;
        #[step]
        'raised: {
            ctx.tell(format!("{first:?}"));
        }
    }
    if let Some(ref mut price) = first {
        *price += 10;
        #[step]
        'raised_again: {
            ctx.tell("again");
        }
    }
    match first.as_mut() {
        Some(price) if input.fast => {
            *price += 100;
            #[step]
            'fast: {
                ctx.tell("fast");
            }
        }
        _other => {}
    }
    let Some(price) = first.as_mut() else { return Ok(None) };
    let mut more = vec![1000, 1];
    let added = &mut more;
    if input.fast {
        added.push(*price);
        *price += added.len() as u32;
        #[step]
        'more: {
            ctx.tell("more");
        }
    }
    let Some(price) = first.as_mut() else { return Ok(None) };
    *price += more.iter().sum::<u32>();
    #[step]
    'end: {
        ctx.tell(format!("{first:?}"));
    }
    Ok(first)
}

#[tokio::test]
async fn what_is_borrowed_mutably_is_changed_in_front_of_a_step() {
    sweep(changed_by_way_of_a_borrow, orders()).await;
}

/// Nor can this. Its methods only have names of std's.
struct Crate {
    prices: Vec<u32>,
    limit: Option<u32>,
}

enum Content {
    Priced(u32),
    Nothing,
}

impl Crate {
    fn of(order: &Order) -> Self {
        Crate { prices: order.items.clone(), limit: order.items.first().copied() }
    }

    fn content(&self) -> Content {
        self.limit.map_or(Content::Nothing, Content::Priced)
    }

    fn trim(&self) -> Option<u32> {
        self.limit
    }

    fn last_mut(&mut self) -> u32 {
        self.prices.pop().unwrap_or(0)
    }

    fn get_or_insert_with(&mut self, totals: fn() -> Totals) -> Totals {
        Totals { subtotal: self.last_mut(), ..totals() }
    }
}

/// What patterns copy out of a borrow, and what is none.
#[flow]
async fn copied_by_patterns(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut bought = Crate::of(&input);
    bought.prices.push(1);
    if let Some(&limit) = bought.limit.as_ref() {
        #[step]
        'limit: {
            ctx.tell(format!("{limit}"));
        }
    }
    let mut bought = Crate::of(&input);
    if let Some(&mut price) = bought.prices.get_mut(0) {
        #[step]
        'price: {
            ctx.tell(format!("{price}"));
        }
    }
    let mut bought = Crate::of(&input);
    bought.prices.push(1);
    match bought.prices.as_slice() {
        &[first, ..] => {
            #[step]
            'first: {
                ctx.tell(format!("{first}"));
            }
        }
        [] => {}
    }
    let bought = Crate::of(&input);
    if let &Content::Priced(price) = &bought.content() {
        #[step]
        'content: {
            ctx.tell(format!("{price}"));
        }
    }
    let bought = Crate::of(&input);
    if let Some(trimmed) = bought.trim() {
        #[step]
        'trimmed: {
            ctx.tell(format!("{trimmed}"));
        }
    }
    let mut bought = Crate::of(&input);
    let last: u32 = bought.last_mut();
    let totals: Totals = bought.get_or_insert_with(|| Totals { subtotal: 0, tax: 1 });
    #[step]
    'end: {
        ctx.tell(format!("{last} {totals:?}"));
    }
    Ok(last)
}

#[tokio::test]
async fn what_is_copied_by_patterns_of_a_borrow_is_none() {
    sweep(copied_by_patterns, orders()).await;
}

/// The number of an element that is borrowed mutably; and a borrow of a variable, while another one of its name is hidden.
#[flow]
async fn numbered(ctx: Ctx<Deps>, input: Order) -> Result<Vec<u32>, Failure> {
    let mut prices = input.items.clone();
    if let Some((place, price)) = prices.iter_mut().enumerate().find(|(_, price)| **price > 3) {
        *price += 1;
        #[step]
        'raised: {
            ctx.tell(format!("{place}"));
        }
    }
    let mut total = prices.len() as u32;
    total += 1;
    {
        let mut total = Some(total);
        if let Some(sum) = &mut total {
            *sum += 1;
            #[step]
            'added: {
                ctx.tell("added");
            }
        }
        #[step]
        'sum: {
            ctx.tell(format!("{total:?}"));
        }
    }
    #[step]
    'end: {
        ctx.tell(format!("{total} {prices:?}"));
    }
    Ok(prices)
}

#[tokio::test]
async fn the_number_of_an_element_is_no_borrow() {
    sweep(numbered, orders()).await;
}
