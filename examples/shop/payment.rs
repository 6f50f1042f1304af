//! The client of the payment service: one charge, in the form of Stripe's payment intents.

use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};

use crate::shop::http::{self, with_causes};
use crate::shop::money::to_cents;

/// Where the service is, and who we are.
#[derive(Debug)]
pub(crate) struct Stripe {
    http: Client,
    base: String,
    secret_key: String,
}

/// What the service answers when money has moved. Saved in the run's checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) id: String,
}

/// Why no money has moved, as far as we know.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentError {
    #[error("the card was declined: {0}")]
    CardDeclined(String),
    #[error("the payment service does not work at the moment: {0}")]
    Unavailable(String),
    #[error("the payment service refuses the request: {0}")]
    Refused(String),
}

/// The shape of an error's body; a proxy in between may answer anything.
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: ErrorDetails,
}

#[derive(Default, Deserialize)]
struct ErrorDetails {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Stripe {
    /// A client for the service at `base`, such as `https://api.stripe.com`.
    pub(crate) fn new(base: &str, secret_key: String) -> reqwest::Result<Self> {
        Ok(Self { http: http::client(base)?, base: base.trim_end_matches('/').to_owned(), secret_key })
    }

    /// Charges a customer. With the same key it does so at most once, however often it is called.
    pub(crate) async fn charge(&self, customer: &str, total: f64, key: &str) -> Result<Receipt, PaymentError> {
        let amount = to_cents(total).to_string();
        let answer = self
            .http
            .post(format!("{}/v1/payment_intents", self.base))
            .bearer_auth(&self.secret_key)
            .header("Idempotency-Key", in_a_header(key))
            .form(&[("amount", amount.as_str()), ("currency", "usd"), ("customer", customer)])
            .send()
            .await?;
        let status = answer.status();
        if status.is_success() { Ok(answer.json().await?) } else { Err(refusal(status, &answer.bytes().await?)) }
    }
}

/// A key may hold anything, and a header may not. Different keys stay different.
fn in_a_header(key: &str) -> String {
    let mut header = String::new();
    for byte in key.bytes() {
        match byte {
            b'%' => header.push_str("%25"),
            b' '..=b'~' => header.push(char::from(byte)),
            _ => header.push_str(&format!("%{byte:02X}")),
        }
    }
    header
}

impl PaymentError {
    /// Whether the same request may go better in a moment.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

fn refusal(status: StatusCode, body: &[u8]) -> PaymentError {
    let ErrorBody { error } = serde_json::from_slice(body).unwrap_or_default();
    let message = if error.message.is_empty() { status.to_string() } else { error.message };
    match status {
        _ if error.code == "card_declined" => PaymentError::CardDeclined(message),
        StatusCode::TOO_MANY_REQUESTS => PaymentError::Unavailable(message),
        _ if status.is_server_error() => PaymentError::Unavailable(message),
        _ => PaymentError::Refused(message),
    }
}

/// No answer, or half of one: the service may have charged or not. The key makes it safe to ask again.
impl From<reqwest::Error> for PaymentError {
    fn from(error: reqwest::Error) -> Self {
        let message = with_causes(&error);
        if error.is_builder() { Self::Refused(message) } else { Self::Unavailable(message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_outages_are_transient() {
        let transient =
            |status: u16, body: &str| refusal(StatusCode::from_u16(status).unwrap(), body.as_bytes()).is_transient();
        assert!(transient(500, "") && transient(503, "<html>") && transient(429, "{}"));
        assert!(
            !transient(402, r#"{"error":{"code":"card_declined"}}"#) && !transient(400, "") && !transient(401, "{}")
        );
    }

    #[test]
    fn a_declined_card_is_told_in_the_words_of_the_service() {
        let body = br#"{"error":{"code":"card_declined","message":"Your card was declined."}}"#;
        let error = refusal(StatusCode::PAYMENT_REQUIRED, body);
        assert_eq!(error.to_string(), "the card was declined: Your card was declined.");
    }

    #[test]
    fn any_key_can_stand_in_a_header() {
        assert_eq!(in_a_header("ord_1:charge_payment"), "ord_1:charge_payment");
        assert_eq!(in_a_header("50% für\n"), "50%25 f%C3%BCr%0A");
    }

    #[tokio::test]
    async fn a_service_that_is_not_there_is_transient() {
        let stripe = Stripe::new("http://127.0.0.1:1/", "sk".to_owned()).unwrap();
        assert!(stripe.charge("user_42", 1.0, "key").await.unwrap_err().is_transient());
    }
}
