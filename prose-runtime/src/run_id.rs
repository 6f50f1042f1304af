//! What a run can be called.

/// The longest id that an application may give a run, in bytes. The stores hold longer ones: a child's is its parent's and its step's.
const LONGEST: usize = 1_024;

/// Why nothing can be called so. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunIdError {
    /// It is empty.
    #[error("a run needs an id, and this one is empty")]
    Empty,
    /// It has more than 1,024 bytes.
    #[error("a run's id has at most 1,024 bytes, and this one has {bytes}; use a hash of it")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// It has a NUL character in it, which neither databases nor headers take.
    #[error("a run's id has no NUL character, and `{}` has one", .run_id.escape_debug())]
    Nul {
        /// The id.
        run_id: String,
    },
}

/// Checked where something is created under an id; where a run is asked for, there is none of such a name.
pub(crate) fn checked(run_id: &str) -> Result<(), RunIdError> {
    match run_id.len() {
        0 => Err(RunIdError::Empty),
        bytes if bytes > LONGEST => Err(RunIdError::TooLong { bytes }),
        _ if run_id.contains('\0') => Err(RunIdError::Nul { run_id: run_id.to_owned() }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_every_store_takes_is_an_id() {
        assert_eq!(checked(""), Err(RunIdError::Empty));
        assert!(checked("ord_1").is_ok() && checked(" ").is_ok() && checked(&"x".repeat(LONGEST)).is_ok());
        assert_eq!(checked(&"ü".repeat(513)), Err(RunIdError::TooLong { bytes: 1_026 }));
        let nul = checked("a\0b").unwrap_err();
        assert_eq!(nul.to_string(), "a run's id has no NUL character, and `a\\0b` has one");
    }
}
