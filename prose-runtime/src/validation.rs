//! What is wrong with an input, field by field.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An input that a flow refuses. Carries one issue for each thing that is wrong; is never retried.
///
/// ```
/// use prose::ValidationError;
///
/// let error = ValidationError::single("items", "Order must have at least one item");
/// assert_eq!(error.to_string(), "items: Order must have at least one item");
/// assert_eq!(error.to_json()["issues"][0]["field"], "items");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValidationError {
    issues: Vec<Issue>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// The field, as a path if it is nested: `items[2].price`.
    pub field: String,
    /// What is wrong with it, in words for the one who sent it.
    pub message: String,
    /// The value that was refused, if it may be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

impl Issue {
    /// An issue without the value.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), value: None }
    }

    /// Adds the value that was refused.
    pub fn with_value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }
}

impl ValidationError {
    /// One issue.
    pub fn single(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { issues: vec![Issue::new(field, message)] }
    }

    /// Several issues at once; the order is kept.
    pub fn multiple(issues: impl IntoIterator<Item = Issue>) -> Self {
        Self { issues: issues.into_iter().collect() }
    }

    /// All issues.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// `{"issues": [{"field", "message", "value"?}]}`.
    pub fn to_json(&self) -> Value {
        serde_json::json!({ "issues": self.issues })
    }
}

impl From<Issue> for ValidationError {
    fn from(issue: Issue) -> Self {
        Self { issues: vec![issue] }
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, issue) in self.issues.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", issue.field, issue.message)?;
        }
        Ok(())
    }
}

/// The source of every validation error. An error that forwards to one (`#[error(transparent)]`) hides the validation
/// error itself, but not its source; so this is how it is told that an error must not be retried.
#[derive(Debug)]
pub(crate) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the input was refused")
    }
}

impl std::error::Error for Refused {}

impl std::error::Error for ValidationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&Refused)
    }
}
