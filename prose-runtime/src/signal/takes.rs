//! What a `#[signal]` takes, for those who send to it. For generated code.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

pub use serde::Serialize as Encode;

use crate::Json;
use crate::codec::{decode, encode};
use crate::machine::in_time;

/// A flow that waits for a signal at its point of this number.
pub trait Signalled<const POINT: usize> {
    /// What is sent.
    type Payload;
}

/// Whether a value is one that a signal takes.
type Check = fn(&Json) -> Result<(), serde_json::Error>;

/// What a signal of this type takes. Where the type cannot be read, that is told at its variable, and [`TakesAll`] steps in here: Rust
/// picks a type's own constant before that of a trait.
#[derive(Debug)]
pub struct Takes<T>(PhantomData<T>);

impl<T: DeserializeOwned> Takes<T> {
    /// Without a time-out.
    pub const ALWAYS: Check = |payload| decode::<T>(payload).map(drop);
    /// With one, where `null` says that it is over.
    pub const IN_TIME: Check = |payload| decode::<T>(in_time(payload)?).map(drop);
}

/// The other way, for any type.
pub trait TakesAll {
    /// Without a time-out.
    const ALWAYS: Check = takes_all;
    /// With one.
    const IN_TIME: Check = takes_all;
}

impl<T> TakesAll for Takes<T> {}

/// Takes any value: the flow itself finds out, when it reads it.
pub fn takes_all(_: &Json) -> Result<(), serde_json::Error> {
    Ok(())
}

/// The value of a signal, as it is sent.
pub fn encoded<T: Encode>(payload: &T) -> Result<Json, serde_json::Error> {
    encode(payload)
}
