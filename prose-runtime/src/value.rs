//! Reading and writing single values of a run, with errors that name them.

use std::any::type_name;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Json;
use crate::codec::{decode, encode};

/// A value of a run is not of the type that was asked for, or a new one cannot be saved. Nothing is lost: the run holds what it
/// held before.
#[derive(Debug, thiserror::Error)]
#[error("run `{run_id}`: {what} {reason}")]
#[non_exhaustive]
pub struct ValueError {
    /// The run.
    pub run_id: String,
    /// "variable `total`", "the input" or "the output".
    pub what: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What variable errors are about.
pub(crate) fn variable(name: &str) -> String {
    format!("variable `{name}`")
}

/// Decodes a value of a run.
pub(crate) fn read<T: DeserializeOwned>(run_id: &str, what: &str, value: &Json) -> Result<T, ValueError> {
    as_read(run_id, what, decode(value))
}

/// The same of one that was decoded.
pub(crate) fn as_read<T>(run_id: &str, what: &str, read: Result<T, serde_json::Error>) -> Result<T, ValueError> {
    read.map_err(|error| refused(run_id, what, format!("is no `{}`: {error}", type_name::<T>())))
}

/// Encodes a value for a run.
pub(crate) fn write<T: Serialize>(run_id: &str, what: &str, value: &T) -> Result<Json, ValueError> {
    encode(value).map_err(|error| refused(run_id, what, format!("cannot be saved: {error}")))
}

pub(crate) fn refused(run_id: &str, what: &str, reason: String) -> ValueError {
    ValueError { run_id: run_id.to_owned(), what: what.to_owned(), reason }
}
