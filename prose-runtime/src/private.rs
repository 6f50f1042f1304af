//! What generated code names. No part of the public interface: it changes with the macro, which is pinned to it.

pub use crate::child::{Boxing, ChildCall, Inherit, child};
pub use crate::codec::{Key, Saved, is_of};
pub use crate::flow::{FlowResult, Meta, POINT, PointKind, PointMeta, RetryMeta, Undo, Undoing, Variable, undoing};
pub use crate::machine::{
    AlwaysLeavesOrHasAnotherName, AwaitedOutsideOfAStep, Branch, Committed, Consumed, Element, Elements, Failures,
    Given, Group, IntoWake, Machine, Moved, Open, Ordered, Results, Start, Ticket, Timed, Try, Wake, again, elements,
    repeat, timed, turns, unchanged, unreached,
};
pub use crate::migration::{Migrate, call as migrate};
pub use crate::signal::{Encode, Signalled, Takes, encoded, takes_all};
pub use crate::told_once::{Publishable, Transactional, database, events};
pub use crate::typed::whole;
pub use serde::de::DeserializeOwned as Decode;

/// What only an editor reads.
pub mod editor {
    pub use crate::editor::{child, signal, tx};
}

/// The better and the other way to answer a question about a type; generated code imports both.
pub mod probe {
    pub use crate::child::{ViaItself, ViaNothing, ViaSame, ViaText};
    pub use crate::signal::{Encodes, TakesAll};
    pub use crate::validation_probe::{Probe, ViaAny, ViaError};
}

/// The macros that the macro knows by their names; generated code imports all.
pub mod std_macros {
    pub use crate::std_macros::*;
}

/// Whether an error is, or comes from, a [`ValidationError`](crate::ValidationError). For any type of error: where it is no
/// `std::error::Error`, only the type itself is looked at.
#[doc(hidden)]
#[macro_export]
macro_rules! __is_validation {
    ($error:expr) => {{
        use $crate::__private::probe::*;
        (&Probe($error)).is_validation()
    }};
}
pub use crate::__is_validation as is_validation;
