//! What a `#[signal]` takes, for those who send to it. For generated code.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

pub use serde::Serialize as Encode;

use crate::Json;
use crate::codec::{decode, encode};
use crate::flow;
use crate::machine::in_time;

/// A flow that waits for a signal at its point of this number.
pub trait Signalled<const POINT: usize> {
    /// What is sent.
    type Payload;
}

/// What signals of a type are to their senders. That a type cannot be saved is told once, at the flow's variable; here [`TakesAll`] and
/// [`Encodes`] step in then: Rust picks a type's own constant before that of a trait.
#[derive(Debug)]
pub struct Takes<T>(PhantomData<T>);

impl<T: DeserializeOwned> Takes<T> {
    /// What one without a time-out takes.
    pub const ALWAYS: flow::Takes = |payload| decode::<T>(payload).map(drop);
    /// What one with a time-out takes, where `null` says that it is over.
    pub const IN_TIME: flow::Takes = |payload| decode::<T>(in_time(payload)?).map(drop);
}

/// For types that cannot be read.
pub trait TakesAll {
    /// Without a time-out.
    const ALWAYS: flow::Takes = takes_all;
    /// With one.
    const IN_TIME: flow::Takes = takes_all;
}

impl<T> TakesAll for Takes<T> {}

/// Takes any value: the flow itself finds out, when it reads it.
pub fn takes_all(_: &Json) -> Result<(), serde_json::Error> {
    Ok(())
}

impl<T: Encode> Takes<T> {
    /// The value as it is sent.
    pub const ENCODED: fn(&T) -> Result<Json, serde_json::Error> = encoded::<T>;
}

/// For types that cannot be written.
pub trait Encodes {
    /// The type.
    type Of;
    /// Nothing is sent.
    const ENCODED: fn(&Self::Of) -> Result<Json, serde_json::Error>;
}

impl<T> Encodes for Takes<T> {
    type Of = T;
    const ENCODED: fn(&T) -> Result<Json, serde_json::Error> =
        |_| Err(serde::ser::Error::custom("its type cannot be written"));
}

/// The value of a signal, as it is sent.
pub fn encoded<T: Encode>(payload: &T) -> Result<Json, serde_json::Error> {
    encode(payload)
}
