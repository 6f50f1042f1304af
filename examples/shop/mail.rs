//! The mailer: one confirmation by SMTP, with the idempotency key where a mail server and a person can see it.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

/// A connection to a mail server, made anew for each mail.
#[derive(Debug)]
pub(crate) struct Mailer {
    server: AsyncSmtpTransport<Tokio1Executor>,
}

/// The mail was not accepted, as far as we know.
#[derive(Debug, thiserror::Error)]
#[error("the confirmation could not be sent: {0}")]
pub(crate) struct MailError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Mailer {
    /// A mailer for a server such as `smtp://localhost:25` or `smtps://user:password@mail.example`.
    pub(crate) fn new(url: &str) -> Result<Self, lettre::transport::smtp::Error> {
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?.timeout(Some(Duration::from_secs(10)));
        Ok(Self { server: server.build() })
    }

    /// Tells a customer that the order is confirmed.
    pub(crate) async fn send_confirmation(&self, user_id: &str, order_id: &str, key: &str) -> Result<(), MailError> {
        let mail = confirmation(user_id, order_id, key)?;
        self.server.send(mail).await.map_err(MailError::new)?;
        Ok(())
    }
}

impl MailError {
    fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

fn confirmation(user_id: &str, order_id: &str, key: &str) -> Result<Message, MailError> {
    let from = Address::new("orders", "shop.example").map_err(MailError::new)?;
    Message::builder()
        .from(Mailbox::new(Some("The shop".to_owned()), from))
        .to(Mailbox::new(None, address_of(user_id)?))
        .subject(format!("Order {order_id} is confirmed"))
        .message_id(Some(format!("<{}@shop.example>", atom(key))))
        .header(IdempotencyKey(key.to_owned()))
        .body(format!("Thank you. Your order {order_id} is on its way.\r\n"))
        .map_err(MailError::new)
}

/// A user id that is no address belongs to the shop's own customers.
fn address_of(user_id: &str) -> Result<Address, MailError> {
    match user_id.parse() {
        Ok(address) => Ok(address),
        Err(_) => Address::new(atom(user_id), "customers.example").map_err(MailError::new),
    }
}

/// Spells a text with the characters that a Message-ID or a mailbox may have. Different texts stay different.
fn atom(text: &str) -> String {
    let mut atom = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => atom.push(char::from(byte)),
            _ => atom.push_str(&format!("={byte:02X}")),
        }
    }
    atom
}

/// The header that carries the key as it is.
#[derive(Clone)]
struct IdempotencyKey(String);

impl Header for IdempotencyKey {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Idempotency-Key")
    }
    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_in_both_headers() {
        let mail = confirmation("user_42", "ord_1", "ord_1:send_confirmation").unwrap().formatted();
        let mail = String::from_utf8(mail).unwrap();
        assert!(mail.contains("Idempotency-Key: ord_1:send_confirmation\r\n"), "{mail}");
        assert!(mail.contains("Message-ID: <ord_1=3Asend_confirmation@shop.example>\r\n"), "{mail}");
        assert!(mail.contains("To: user_42@customers.example\r\n"), "{mail}");
    }

    #[test]
    fn different_keys_make_different_atoms() {
        assert_ne!(atom("a:b"), atom("a=3Ab"));
        assert_eq!(atom("a b"), "a=20b");
    }

    #[test]
    fn an_address_is_taken_as_it_is() {
        assert_eq!(address_of("ada@lovelace.example").unwrap().to_string(), "ada@lovelace.example");
        assert_eq!(address_of("ada lovelace").unwrap().to_string(), "ada=20lovelace@customers.example");
    }
}
