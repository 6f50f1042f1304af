//! What a `for` around a step goes over: borrowed, so that it is borrowed again; or consumed, so that its elements are saved.

use super::support::*;
use prose::{Ctx, flow};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[derive(Serialize, Deserialize, Clone, Debug)]
struct Shelf {
    list: Vec<u32>,
    array: [u32; 2],
    deque: VecDeque<u32>,
    set: BTreeSet<String>,
    map: BTreeMap<String, u32>,
    maybe: Option<u32>,
}

/// A full shelf, and an empty one.
fn shelves() -> Vec<Shelf> {
    let names = || ["b", "a", "c"].map(str::to_owned);
    let full = Shelf {
        list: vec![7, 8, 9],
        array: [1, 2],
        deque: VecDeque::from([5, 6]),
        set: names().into(),
        map: names().into_iter().zip(1..).collect(),
        maybe: Some(4),
    };
    let empty = Shelf {
        list: Vec::new(),
        deque: VecDeque::new(),
        set: BTreeSet::new(),
        map: BTreeMap::new(),
        maybe: None,
        ..full.clone()
    };
    vec![full, empty]
}

/// Sets, maps, their keys and values, borrowed.
#[flow]
async fn borrowed_trees(ctx: Ctx<Deps>, input: Shelf) -> Result<u32, Failure> {
    let mut total = 0;
    for name in &input.set {
        #[step]
        'set: {
            ctx.tell(format!("{name} {total}"));
        }
        total += 1;
    }
    for (name, count) in &input.map {
        #[step]
        let counted: u32 = {
            ctx.tell(format!("{name} {count} {total}"));
            count * 2
        };
        total += counted;
    }
    for name in input.map.keys() {
        #[step]
        'key: {
            ctx.tell(format!("{name} {total}"));
        }
    }
    for count in input.map.values() {
        total += count;
        #[step]
        'value: {
            ctx.tell(format!("{count} {total}"));
        }
    }
    Ok(total)
}

#[tokio::test]
async fn b_trees_are_borrowed_again() {
    sweep(borrowed_trees, shelves()).await;
}

/// Slices, arrays, deques and options, borrowed; from behind, counted, in part.
#[flow]
async fn borrowed_sequences(ctx: Ctx<Deps>, input: Shelf) -> Result<String, Failure> {
    let mut text = String::new();
    for number in input.list.iter().rev() {
        #[step]
        'from_behind: {
            ctx.tell(format!("{number}{text}"));
        }
        text += &format!("r{number}");
    }
    for (place, number) in input.list.iter().enumerate() {
        #[step]
        'counted: {
            ctx.tell(format!("{place} {number} {text}"));
        }
    }
    for (place, number) in input.list.iter().enumerate().rev() {
        #[step]
        'counted_from_behind: {
            ctx.tell(format!("{place} {number} {text}"));
        }
        text += &place.to_string();
    }
    for number in &input.array[1..] {
        #[step]
        'part: {
            ctx.tell(format!("{number} {text}"));
        }
    }
    for number in &input.deque {
        #[step]
        'deque: {
            ctx.tell(format!("{number} {text}"));
        }
    }
    for number in &input.maybe {
        #[step]
        'maybe: {
            ctx.tell(format!("{number} {text}"));
        }
    }
    Ok(text)
}

#[tokio::test]
async fn sequences_are_borrowed_again() {
    sweep(borrowed_sequences, shelves()).await;
}

/// Each collection, consumed: its elements are moved into the bodies.
#[flow]
async fn consumed_collections(ctx: Ctx<Deps>, input: Shelf) -> Result<Vec<String>, Failure> {
    let Shelf { list, array, deque, set, map, maybe } = input;
    let mut all = Vec::new();
    for number in array {
        #[step]
        'array: {
            ctx.tell(format!("{number} {all:?}"));
        }
        all.push(number.to_string());
    }
    for number in deque {
        #[step]
        'deque: {
            ctx.tell(format!("{number} {all:?}"));
        }
    }
    for name in set {
        #[step]
        let owned: String = {
            ctx.tell(format!("{name} {all:?}"));
            name
        };
        all.push(owned);
    }
    for (name, count) in map {
        #[step]
        'map: {
            ctx.tell(format!("{name} {count}"));
        }
        all.push(name);
    }
    for number in maybe {
        #[step]
        'maybe: {
            ctx.tell(format!("{number} {all:?}"));
        }
    }
    for number in list.into_iter().rev().step_by(2) {
        #[step]
        'every_other: {
            ctx.tell(format!("{number} {all:?}"));
        }
    }
    Ok(all)
}

#[tokio::test]
async fn consumed_elements_are_saved() {
    sweep(consumed_collections, shelves()).await;
}

/// Ranges: half open, closed, from behind, of characters, of what a step gave.
#[flow]
async fn ranges(ctx: Ctx<Deps>, input: u32) -> Result<String, Failure> {
    let mut text = String::new();
    for n in 0..input {
        #[step]
        'open: {
            ctx.tell(format!("{n}"));
        }
    }
    for n in (1..=input).rev() {
        #[step]
        'closed: {
            ctx.tell(format!("{n} {text}"));
        }
        text += "!";
    }
    #[step]
    let end: char = {
        ctx.tell(&text);
        'c'
    };
    for letter in 'a'..=end {
        text.push(letter);
        #[step]
        'letter: {
            ctx.tell(format!("{letter} {text}"));
        }
    }
    for _ in 0..2 {
        #[step]
        'unnamed: {
            ctx.tell(&text);
        }
    }
    Ok(text)
}

#[tokio::test]
async fn ranges_are_saved_as_they_are() {
    sweep(ranges, [0, 3]).await;
}

/// A constant list, and one of literals: made again.
#[flow]
async fn constants(ctx: Ctx<Deps>, input: u32) -> Result<u32, Failure> {
    const STAGES: [&str; 2] = ["pack", "ship"];
    let mut count = input;
    for stage in STAGES {
        #[step]
        'stage: {
            ctx.tell(format!("{stage} {count}"));
        }
        count += 1;
    }
    for stage in &STAGES {
        #[step]
        'again: {
            ctx.tell(format!("{stage} {count}"));
        }
    }
    for (place, word) in ["one", "two"].iter().enumerate() {
        #[step]
        'literal: {
            ctx.tell(format!("{place} {word} {count}"));
        }
    }
    for word in ["three", "four"] {
        #[step]
        'word: {
            ctx.tell(format!("{word} {count}"));
        }
    }
    for (word, factor) in [("five", 5), ("six", 6)] {
        #[step]
        'pair: {
            ctx.tell(format!("{word} {factor} {count}"));
        }
    }
    Ok(count)
}

#[tokio::test]
async fn constant_lists() {
    sweep(constants, [1]).await;
}

/// A `for` destructures what it borrows, and what it consumes.
#[flow]
async fn destructured(ctx: Ctx<Deps>, input: Vec<Order>) -> Result<u32, Failure> {
    let mut sum = 0;
    for Order { id, items, coupon: coupon @ Some(_) | coupon @ None, .. } in &input {
        #[step]
        let size: u32 = {
            ctx.tell(format!("{id} {coupon:?} {sum}"));
            items.iter().sum()
        };
        sum += size;
    }
    for (place, Order { id, mut items, fast, .. }) in input.into_iter().enumerate() {
        items.push(place as u32);
        #[step]
        'owned: {
            ctx.tell(format!("{id} {items:?} {fast}"));
        }
        items.push(9);
        #[step]
        'changed: {
            ctx.tell(format!("{items:?}"));
        }
        sum += items.len() as u32;
    }
    Ok(sum)
}

#[tokio::test]
async fn elements_are_taken_apart() {
    sweep(destructured, [orders()]).await;
}

/// Two loops over the same list, which is a step's output and changes between them.
#[flow]
async fn same_list_twice(ctx: Ctx<Deps>, input: Order) -> Result<Vec<u32>, Failure> {
    #[step]
    let mut prices: Vec<u32> = {
        ctx.tell("prices");
        input.items.clone()
    };
    for price in &prices {
        #[step]
        'first: {
            ctx.tell(format!("{price}"));
        }
    }
    prices.push(1);
    prices.sort();
    for price in &prices {
        #[step]
        'second: {
            ctx.tell(format!("{price} of {}", input.id));
        }
    }
    prices.pop();
    Ok(prices)
}

#[tokio::test]
async fn two_loops_over_one_list() {
    sweep(same_list_twice, orders()).await;
}

/// A body mentions the `mut` list that the loop goes over, with and without its element.
#[flow]
async fn list_in_its_own_loop(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut list = input.items.clone();
    list.push(1);
    for item in &list {
        #[step]
        'both: {
            ctx.tell(format!("{item} of {list:?}"));
        }
    }
    for _ in &list {
        #[step]
        'list_only: {
            ctx.tell(format!("{list:?}"));
        }
    }
    for item in list.iter() {
        if *item > 3 {
            #[step]
            'sometimes: {
                ctx.tell(format!("{}", list.len()));
            }
        }
    }
    list.push(2);
    Ok(list.len())
}

#[tokio::test]
async fn a_body_sees_the_list_of_its_loop() {
    sweep(list_in_its_own_loop, orders()).await;
}

/// An index from a loop's range picks what a body borrows.
#[flow]
async fn indexed(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut total = 0;
    for i in 0..input.items.len() {
        let item = &input.items[i];
        #[step]
        let twice: u32 = {
            ctx.tell(format!("{item} {total}"));
            item * 2
        };
        let before = &input.items[..i];
        #[step]
        'before: {
            ctx.tell(format!("{before:?} {twice}"));
        }
        total += twice;
    }
    Ok(total)
}

#[tokio::test]
async fn elements_by_index() {
    sweep(indexed, orders()).await;
}

/// The list is computed in place; its elements are `Option`s and pairs.
#[flow]
async fn computed_list(ctx: Ctx<Deps>, input: Order) -> Result<Vec<Option<u32>>, Failure> {
    let mut kept = Vec::new();
    for pick in input.items.iter().map(|item| (*item > 3).then_some(*item)).collect::<Vec<_>>() {
        #[step]
        let looked: Option<u32> = {
            ctx.tell(format!("{pick:?} {kept:?}"));
            pick.map(|pick| pick * 10)
        };
        kept.push(looked);
    }
    for (left, right) in input.items.iter().copied().zip(input.items.iter().copied().skip(1)) {
        #[step]
        'pair: {
            ctx.tell(format!("{left} {right}"));
        }
    }
    Ok(kept)
}

#[tokio::test]
async fn a_list_made_in_place() {
    sweep(computed_list, orders()).await;
}

/// Iterators over what is borrowed: made again, with what they pass over.
#[flow]
async fn stepped_over(ctx: Ctx<Deps>, input: Shelf) -> Result<u32, Failure> {
    let (first, length) = (1, input.list.len());
    let mut total = 0;
    for number in input.list.iter().skip(first) {
        #[step]
        'skipped: {
            ctx.tell(format!("{number} {total}"));
        }
        total += number;
    }
    for (place, name) in input.map.keys().rev().enumerate().step_by(2).take(length) {
        #[step]
        'stepped: {
            ctx.tell(format!("{place} {name} {total}"));
        }
        total += 1;
    }
    for (left, right) in input.list.iter().zip(input.list.iter().skip(1)) {
        #[step]
        let distance: u32 = {
            ctx.tell(format!("{left} {right} {total}"));
            right - left
        };
        total += distance;
    }
    Ok(total)
}

#[tokio::test]
async fn iterators_that_are_made_again() {
    sweep(stepped_over, shelves()).await;
}

/// Iterators that compute what they give: it is saved, once.
#[flow]
async fn computed(ctx: Ctx<Deps>, input: Shelf) -> Result<u32, Failure> {
    let mut total = 0;
    for half in input.list.iter().filter(|number| **number > 7).map(|number| number / 2) {
        #[step]
        'half: {
            ctx.tell(format!("{half} {total}"));
        }
        total += half;
    }
    let words = input.map.keys().flat_map(|name| name.chars().chain(['-']));
    for letter in words.take_while(|letter| *letter != 'c') {
        #[step]
        'letter: {
            ctx.tell(format!("{letter} {total}"));
        }
        total += 1;
    }
    for part in input.list.chunks(2).map(<[u32]>::to_vec) {
        #[step]
        let sum: u32 = {
            ctx.tell(format!("{part:?} {total}"));
            part.iter().sum()
        };
        total += sum;
    }
    for count in input.map.clone().into_values().map(|count| count + 1).chain(std::iter::once(9)).chain(input.maybe) {
        #[step]
        'count: {
            ctx.tell(format!("{count} {total}"));
        }
        total += count;
    }
    for word in "one two".split(' ').map(str::to_owned) {
        #[step]
        'word: {
            ctx.tell(word);
        }
    }
    Ok(total)
}

#[tokio::test]
async fn iterators_that_compute() {
    sweep(computed, shelves()).await;
}
