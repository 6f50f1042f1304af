//! Loops around points: what a `for` can go over, and the turns of a loop.
//!
//! A run that stands inside of a `for` goes on at the element where it stands. So what a `for` goes over must come in the same
//! order each time, which hash maps do not: a value that was saved and read back has another order.

use std::collections::{BTreeMap, BTreeSet, VecDeque, btree_map, btree_set, vec_deque};
use std::iter::{
    Chain, Cloned, Copied, Enumerate, Filter, FilterMap, FlatMap, Flatten, Map, MapWhile, Once, Rev, Skip, SkipWhile,
    StepBy, Take, TakeWhile, Zip,
};
use std::ops::{Range, RangeInclusive};
use std::str::{Bytes, CharIndices, Chars, Lines, Split, SplitWhitespace};
use std::{array, option, result, slice, vec};

/// What has an order that is the same each time.
#[diagnostic::on_unimplemented(
    message = "a `for` around a step cannot go over `{Self}`",
    label = "it is not known to come in the same order again when the run goes on",
    note = "slices, `Vec`s, ranges, B-trees and what most adapters make of them do, hash maps do not; go over a list of owned elements: `let items: Vec<_> = ...into_iter().collect();`"
)]
pub trait Ordered: IntoIterator + Sized {
    /// What a loop borrows its elements from. A method, for of a fn with a bound rustc would show that bound as well.
    fn ordered(self) -> Self {
        self
    }
}

/// An [`Ordered`] value that a loop consumes, so that its elements are saved. (No supertrait: rustc would tell of that one too.)
///
/// As what it saves them is a parameter: of what was asked of the trait for a type that is refused, rustc would tell once more.
#[diagnostic::on_unimplemented(
    message = "a `for` around a step cannot go over `{Self}`",
    label = "its elements are saved in front of the loop, and it is not known to give them in a fixed order",
    note = "slices, `Vec`s, ranges, B-trees and what most adapters make of them do, hash maps do not; go over a list of owned elements: `let items: Vec<_> = ...into_iter().collect();`"
)]
pub trait Consumed<List>: Sized {
    /// The elements, to be saved in front of the loop. A range is saved as it is, however long.
    fn list(self) -> List;
}

macro_rules! ordered {
    ($([$($generics:tt)*] $ty:ty,)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Ordered for $ty {}
    )* };
}

ordered! {
    ['a, T] &'a [T],
    ['a, T, const N: usize] &'a [T; N],
    ['a, T] &'a Vec<T>,
    ['a, T] &'a Box<[T]>,
    ['a, T] &'a VecDeque<T>,
    ['a, T] &'a BTreeSet<T>,
    ['a, K, V] &'a BTreeMap<K, V>,
    ['a, T] &'a Option<T>,
    ['a, T] slice::Iter<'a, T>,
    ['a, T] vec_deque::Iter<'a, T>,
    ['a, T] btree_set::Iter<'a, T>,
    ['a, K, V] btree_map::Iter<'a, K, V>,
    ['a, K, V] btree_map::Keys<'a, K, V>,
    ['a, K, V] btree_map::Values<'a, K, V>,
    ['a, T] option::Iter<'a, T>,
}

macro_rules! consumed {
    ($([$($generics:tt)*] $ty:ty,)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Ordered for $ty {}
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Consumed<Vec<<Self as IntoIterator>::Item>> for $ty {
            fn list(self) -> Vec<<Self as IntoIterator>::Item> {
                self.into_iter().collect()
            }
        }
    )* };
}

consumed! {
    [T] Vec<T>,
    [T] VecDeque<T>,
    [T] BTreeSet<T>,
    [K, V] BTreeMap<K, V>,
    [T] Option<T>,
    [T, const N: usize] [T; N],
    [T] vec::IntoIter<T>,
    [T, const N: usize] array::IntoIter<T, N>,
    [T] vec_deque::IntoIter<T>,
    [T] btree_set::IntoIter<T>,
    [K, V] btree_map::IntoIter<K, V>,
    [K, V] btree_map::IntoKeys<K, V>,
    [K, V] btree_map::IntoValues<K, V>,
    [T] option::IntoIter<T>,
    [T] result::IntoIter<T>,
    [T] Once<T>,
    ['a, T] slice::Chunks<'a, T>,
    ['a, T] slice::Windows<'a, T>,
    ['a] Chars<'a>,
    ['a] CharIndices<'a>,
    ['a] Bytes<'a>,
    ['a] Lines<'a>,
    ['a] SplitWhitespace<'a>,
    ['a] Split<'a, char>,
    ['a, 'b] Split<'a, &'b str>,
}

/// So many elements may a loop compute, which are in memory at once, and in the checkpoint: a bound for what is endless by mistake.
const MOST: usize = 1_000_000;

/// # Panics
/// If there are more than [`MOST`].
fn computed<I: Iterator>(elements: I) -> Vec<I::Item> {
    let computed: Vec<_> = elements.take(MOST + 1).collect();
    assert!(
        computed.len() <= MOST,
        "a `for` around a step goes over more than {MOST} computed elements, which are saved in front of it, also if the loop ends early; \
         write a `loop` or `while` that computes them one by one, or go over a plain range"
    );
    computed
}

/// What is made of iterators that have an order. As bounds of each its own they would have to be written out.
macro_rules! made_of {
    ($([$($generics:tt)*] $ty:ty,)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Ordered for $ty where Self: Iterator {}
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Consumed<Vec<<Self as Iterator>::Item>> for $ty where Self: Iterator {
            fn list(self) -> Vec<<Self as Iterator>::Item> {
                computed(self)
            }
        }
    )* };
}

made_of! {
    [I: Ordered] Enumerate<I>,
    [I: Ordered] Rev<I>,
    [I: Ordered] StepBy<I>,
    [I: Ordered] Take<I>,
    [I: Ordered] Skip<I>,
    [I: Ordered] Copied<I>,
    [I: Ordered] Cloned<I>,
    [I: Ordered, J: Ordered] Zip<I, J>,
    [I: Ordered, J: Ordered] Chain<I, J>,
    [I: Ordered, F] Map<I, F>,
    [I: Ordered, F] Filter<I, F>,
    [I: Ordered, F] FilterMap<I, F>,
    [I: Ordered, F] TakeWhile<I, F>,
    [I: Ordered, F] SkipWhile<I, F>,
    [I: Ordered, F] MapWhile<I, F>,
    [I: Ordered + Iterator<Item: Ordered>] Flatten<I>,
    [I: Ordered, C: Ordered, F] FlatMap<I, C, F>,
}

macro_rules! ranges {
    ($($range:ident)*) => { $(
        // Of anything that can be counted: the type of a number may still have to be inferred from what the loop does with it.
        #[diagnostic::do_not_recommend]
        impl<T> Ordered for $range<T> where Self: Iterator {}
        #[diagnostic::do_not_recommend]
        impl<T> Consumed<Self> for $range<T>
        where
            Self: Iterator,
        {
            fn list(self) -> Self {
                self
            }
        }
    )* };
}

ranges! { Range RangeInclusive }

/// The elements of a loop from that turn on, each with its turn.
pub fn elements<C: IntoIterator>(elements: C, from: u64) -> impl Iterator<Item = (u64, C::Item)> {
    let skip = usize::try_from(from).unwrap_or(usize::MAX);
    elements.into_iter().enumerate().skip(skip).map(|(turn, element)| (turn as u64, element))
}

/// The turns of a loop from that one on.
pub fn turns(from: u64) -> Turns {
    Turns(from)
}

/// The turns of a loop. No iterator, for it has no end.
#[derive(Debug)]
pub struct Turns(u64);

impl Turns {
    /// The turn that begins now.
    pub fn next(&mut self) -> u64 {
        let turn = self.0;
        self.0 += 1;
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "more than 1000000 computed elements")]
    fn what_is_computed_without_end_is_told() {
        let _: Vec<u64> = Consumed::list((0..u64::MAX).map(|number| number * 2));
    }

    #[test]
    fn a_range_is_of_the_type_that_the_loop_needs() {
        let mut total = 0_u64;
        for (_, number) in elements(Consumed::list(1..4), 1) {
            total += number;
        }
        assert_eq!(total, 5);
    }
}
