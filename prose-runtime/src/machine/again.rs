//! Calls that are made again when a run goes on: they give borrows, so that they mean the same each time.

use std::collections::{btree_map, btree_set, linked_list, vec_deque};
use std::iter::{Enumerate, Rev, Skip, StepBy, Take, Zip};
use std::marker::PhantomData;
use std::ops::{Range, RangeInclusive};
use std::pin::Pin;
use std::{array, option, path, result, slice};

/// What a macro gives that is taken to leave in any case (`bail!`, `panic!`): nothing.
#[derive(Debug)]
pub enum AlwaysLeavesOrHasAnotherName {}

/// What is there while a macro from outside of the flow runs that stands outside of a step: an `.await` in it would keep it, and the
/// flow's future could not be sent to another thread.
#[derive(Debug)]
pub struct AwaitedOutsideOfAStep(PhantomData<*const ()>);

impl AwaitedOutsideOfAStep {
    /// The guard.
    pub fn nothing() -> Self {
        Self(PhantomData)
    }
}

impl Drop for AwaitedOutsideOfAStep {
    fn drop(&mut self) {}
}

/// What is never reached.
pub fn unreached<T>() -> T {
    unreachable!("what stands there for its type only")
}

/// Borrows that leave a block, if what they borrow is from outside of it.
pub fn unchanged<T>(_borrows: T) {}

/// A call that is made again. What it gives is a parameter of the trait, so that rustc does not advise to borrow it.
#[derive(Debug)]
pub struct MadeAgain;

/// The call gives a borrow, or what is made of borrows only. Not what goes over a hash map or a heap, which have another order after a
/// round trip: what is taken from there would be another element.
#[diagnostic::on_unimplemented(
    message = "this call gives a `{T}` of its own, and would be made again when the run goes on",
    label = "a method of this name is taken for one that only borrows, so its value is not saved",
    note = "give it a variable with a declared type, which is saved: `let value: {T} = ..;`, or call it inside of a `#[step]`; of a hash map or heap, which has another order after a round trip, collect owned elements"
)]
pub trait Gives<T> {}

macro_rules! borrowed {
    ($([$($generics:tt)*] $ty:ty $(, $inner:ident)*;)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Gives<$ty> for MadeAgain where $(MadeAgain: Gives<$inner>),* {}
    )* };
}

borrowed! {
    ['a, T: ?Sized] &'a T;
    ['a, T: ?Sized] Pin<&'a T>;
    [T] Option<T>, T;
    [T, E] Result<T, E>, T, E;
    [A, B] (A, B), A, B;
    // What `enumerate` gives.
    [B] (usize, B), B;
    [I] Enumerate<I>, I;
    [I] Rev<I>, I;
    [I] Skip<I>, I;
    [I] Take<I>, I;
    [I] StepBy<I>, I;
    [I, J] Zip<I, J>, I, J;
    [T] Enumerate<Range<T>>;
    [T] Rev<Range<T>>;
    [T] Enumerate<RangeInclusive<T>>;
    [T] Rev<RangeInclusive<T>>;
    ['a, T] slice::Iter<'a, T>;
    [T, const N: usize] array::IntoIter<T, N>, T;
    ['a, T] option::Iter<'a, T>;
    ['a, T] result::Iter<'a, T>;
    ['a] path::Iter<'a>;
    ['a, T] vec_deque::Iter<'a, T>;
    ['a, T] linked_list::Iter<'a, T>;
    ['a, T] btree_set::Iter<'a, T>;
    ['a, K, V] btree_map::Iter<'a, K, V>;
    ['a, K, V] btree_map::Keys<'a, K, V>;
    ['a, K, V] btree_map::Values<'a, K, V>;
    ['a] serde_json::map::Iter<'a>;
    ['a] serde_json::map::Keys<'a>;
    ['a] serde_json::map::Values<'a>;
}

/// What a call that is made again gives.
pub fn again<T>(borrowed: T) -> T
where
    MadeAgain: Gives<T>,
{
    borrowed
}
