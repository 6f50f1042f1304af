//! How a command fails: an exit status, and one line of JSON on stderr.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::shop::order::OrderError;

/// Why there is no result.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u8,
    report: Value,
}

impl Failure {
    /// The flow, or something that it needs, has failed: exit status 1.
    pub(crate) fn failed(code: &str, message: impl Display) -> Self {
        Self { status: 1, report: json!({ "code": code, "message": message.to_string() }) }
    }

    /// The arguments or the input make no sense: exit status 2.
    pub(crate) fn bad_input(file: &Path, message: impl Display) -> Self {
        let message = format!("{}: {message}", file.display());
        Self { status: 2, report: json!({ "code": "BAD_INPUT", "message": message }) }
    }

    /// Says so, as the last line on stderr.
    pub(crate) fn report(self) -> ExitCode {
        // Not `eprintln!`, which panics where nobody listens: the exit status is what remains then.
        let _ = writeln!(std::io::stderr(), "{}", self.report);
        ExitCode::from(self.status)
    }
}

impl From<prose::Error<OrderError>> for Failure {
    fn from(error: prose::Error<OrderError>) -> Self {
        let message = error.to_string();
        let step = error.step().map(str::to_owned);
        let own = error.into_flow_error();
        let code = own.as_ref().map_or("FLOW", OrderError::code);
        let mut report = json!({ "code": code, "message": message, "step": step });
        if let Some(OrderError::Validation(invalid)) = own {
            report["issues"] = json!(invalid.issues());
        }
        Self { status: 1, report }
    }
}

impl From<prose::StoreError> for Failure {
    fn from(error: prose::StoreError) -> Self {
        Self::failed("STORE", error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::failed("DATABASE", error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed("IO", error)
    }
}
