//! Why something was not done, in the words of the service: what its libraries advise helps nobody who sends HTTP.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use prose::{ControlError, SignalError, StoreError, SubmitError, ValidationError};
use serde_json::{Value, json};

/// A status, and `{"error": ".."}`; of an order that cannot be one also `"issues": [{"field", "message", "value"}]`.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    body: Value,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl ToString) -> Self {
        Self { status, body: json!({ "error": message.to_string() }) }
    }

    pub(crate) fn no_order(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no order `{id}`"))
    }

    fn conflict(message: String) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// What is wrong is not the client's business, but that of whoever reads the log.
    fn of_ours(status: StatusCode, error: &dyn std::error::Error) -> Self {
        tracing::error!("a request failed: {error}");
        match status {
            StatusCode::SERVICE_UNAVAILABLE => Self::new(status, "the service cannot work just now; try again"),
            status => Self::new(status, "the service has failed"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<ValidationError> for Refusal {
    fn from(error: ValidationError) -> Self {
        let body = json!({ "error": error.to_string(), "issues": error.issues() });
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, body }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::of_ours(StatusCode::SERVICE_UNAVAILABLE, &error)
    }
}

impl From<SubmitError> for Refusal {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::OtherInput { run_id } => {
                Self::conflict(format!("there is an order `{run_id}` already, with other content"))
            }
            SubmitError::OtherFlow { run_id, .. } => Self::conflict(format!("the id `{run_id}` is taken")),
            SubmitError::Store(error) => error.into(),
            error => Self::of_ours(StatusCode::INTERNAL_SERVER_ERROR, &error),
        }
    }
}

impl From<SignalError> for Refusal {
    fn from(error: SignalError) -> Self {
        match error {
            SignalError::NoRun { run_id, .. } | SignalError::OtherFlow { run_id, .. } => Self::no_order(&run_id),
            SignalError::Over { run_id, status, .. } => {
                Self::conflict(format!("order `{run_id}` is {status}, and takes no approval any more"))
            }
            SignalError::OtherValue { run_id, .. } => {
                Self::conflict(format!("somebody has said otherwise of order `{run_id}`, and the first word counts"))
            }
            SignalError::Store(error) => error.into(),
            error => Self::of_ours(StatusCode::INTERNAL_SERVER_ERROR, &error),
        }
    }
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Missing { run_id } => Self::no_order(&run_id),
            ControlError::Over { run_id, status } => {
                Self::conflict(format!("order `{run_id}` is {status}, and cannot be called off any more"))
            }
            ControlError::NotRestartable { run_id, status } => {
                Self::conflict(format!("order `{run_id}` is {status}, and only failed ones can go on"))
            }
            ControlError::Store(error) => error.into(),
            error => Self::of_ours(StatusCode::INTERNAL_SERVER_ERROR, &error),
        }
    }
}
