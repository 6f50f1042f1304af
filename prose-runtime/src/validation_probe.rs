//! Tells whether an error of any type carries a [`ValidationError`], which is never retried.
//!
//! Rust picks the method on the value itself before the one on a reference to it, so an error that implements
//! `std::error::Error` is searched through its sources, and any other is only compared by its type.

use std::any::Any;
use std::error::Error;

use crate::validation::{Refused, ValidationError};

/// An error, to be probed.
#[derive(Debug)]
pub struct Probe<'a, E>(pub &'a E);

/// The better way, through `source()`.
pub trait ViaError {
    /// Whether the error is a validation error.
    fn is_validation(&self) -> bool;
}

impl<E: Error + 'static> ViaError for Probe<'_, E> {
    fn is_validation(&self) -> bool {
        let mut next: Option<&(dyn Error + 'static)> = Some(self.0);
        while let Some(error) = next {
            if error.is::<ValidationError>() || error.is::<Refused>() {
                return true;
            }
            next = error.source();
        }
        false
    }
}

/// The way for types that are no `Error`.
pub trait ViaAny {
    /// Whether the error is a validation error.
    fn is_validation(&self) -> bool;
}

impl<E: Any> ViaAny for &Probe<'_, E> {
    fn is_validation(&self) -> bool {
        (self.0 as &dyn Any).is::<ValidationError>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum OrderError {
        #[error("invalid")]
        Invalid(#[from] ValidationError),
        #[error("down")]
        Down,
    }

    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Transparent(#[from] ValidationError);

    struct NoError;

    #[test]
    fn a_validation_error_is_found_behind_sources_and_in_any_type() {
        let invalid = ValidationError::single("a", "b");
        assert!(crate::__private::is_validation!(&invalid));
        assert!(crate::__private::is_validation!(&OrderError::from(invalid)));
        assert!(crate::__private::is_validation!(&Transparent::from(ValidationError::single("a", "b"))));
        assert!(!crate::__private::is_validation!(&OrderError::Down));
        assert!(!crate::__private::is_validation!(&NoError));
    }
}
