//! What generated code names. No part of the public interface: it changes with the macro, which is pinned to it.

pub use crate::codec::{Key, Saved, key};
pub use crate::flow::{FlowResult, Meta, PointKind, PointMeta, RetryMeta, Variable};
pub use crate::machine::{Begun, Committed, Machine, Open, Try, elements, list, ordered, turns};

/// What only an editor reads.
pub mod editor {
    pub use crate::editor::{child, tx};
}

/// The two ways to look into an error; generated code imports both.
pub mod probe {
    pub use crate::validation_probe::{Probe, ViaAny, ViaError};
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
