//! An order: what comes in, what goes out, and what can go wrong.

use prose::{Issue, ValidationError};
use serde::{Deserialize, Serialize};

use crate::shop::mail::MailError;
use crate::shop::money;
use crate::shop::payment::PaymentError;

/// An order as a shop's front end sends it: `{"orderId", "userId", "items": [{"sku", "price", "quantity"}]}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OrderInput {
    #[serde(alias = "orderId")]
    pub(crate) order_id: String,
    #[serde(alias = "userId")]
    pub(crate) user_id: String,
    pub(crate) items: Vec<Item>,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sku: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) price: f64,
    pub(crate) quantity: u32,
}

/// What an order costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) subtotal: f64,
    pub(crate) tax: f64,
    pub(crate) total: f64,
}

/// What the customer gets: `{"orderId", "total", "receiptId", "status"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderReceipt {
    pub(crate) order_id: String,
    pub(crate) total: f64,
    pub(crate) receipt_id: String,
    pub(crate) status: OrderStatus,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OrderStatus {
    Confirmed,
}

/// Told to the rest of the shop, on channel `orders`.
#[derive(Clone, Debug, Serialize, prose::Event)]
#[serde(rename_all = "camelCase")]
#[event(type = "order.confirmed")]
pub(crate) struct OrderConfirmed {
    pub(crate) order_id: String,
    pub(crate) user_id: String,
    pub(crate) total: f64,
}

/// Why an order was not processed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    #[error(transparent)]
    Validation(#[from] ValidationError),
    #[error(transparent)]
    Payment(#[from] PaymentError),
    #[error("the order could not be stored: {0}")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Mail(#[from] MailError),
    /// By whoever approves large orders.
    #[error("the order was not approved")]
    NotApproved,
}

const TAX_RATE: f64 = 0.08;

/// No price and no order is higher: so cents are exact, and a slip of the keyboard is not charged.
const HIGHEST: f64 = 10_000_000.0;

impl OrderInput {
    /// The order of the story, for a start without an input file.
    pub(crate) fn example(order_id: &str) -> Self {
        let item = |sku: &str, price, quantity| Item { sku: Some(sku.to_owned()), name: None, price, quantity };
        Self {
            order_id: order_id.to_owned(),
            user_id: "user_42".to_owned(),
            items: vec![item("mug", 29.99, 2), item("teapot", 49.99, 1)],
        }
    }

    /// Refuses what cannot be an order, telling all that is wrong with it at once.
    pub(crate) fn check(&self) -> Result<(), ValidationError> {
        if self.items.is_empty() {
            return Err(ValidationError::single("items", "Order must have at least one item"));
        }
        let issues: Vec<Issue> = self.items.iter().enumerate().flat_map(|(i, item)| item.issues(i)).collect();
        if !issues.is_empty() {
            return Err(ValidationError::multiple(issues));
        }
        match Totals::of(&self.items).total {
            total if total < 0.01 => Err(ValidationError::single("items", "Order must cost at least 0.01")),
            total if total > HIGHEST => {
                Err(ValidationError::single("items", format!("Order must not cost more than {HIGHEST}")))
            }
            _ => Ok(()),
        }
    }
}

impl Item {
    fn issues(&self, index: usize) -> impl Iterator<Item = Issue> {
        let wrong = match self.price {
            price if price < 0.0 => Some("Price must not be negative".to_owned()),
            price if price <= HIGHEST => None,
            _ => Some(format!("Price must not be higher than {HIGHEST}")),
        };
        let price = wrong.map(|text| Issue::new(format!("items[{index}].price"), text).with_value(self.price));
        let quantity = (self.quantity == 0).then(|| {
            Issue::new(format!("items[{index}].quantity"), "Quantity must be at least 1").with_value(self.quantity)
        });
        price.into_iter().chain(quantity)
    }
}

impl Totals {
    /// Adds up the items and the tax, each rounded to cents.
    pub(crate) fn of(items: &[Item]) -> Self {
        let subtotal = money::round(items.iter().map(|item| item.price * f64::from(item.quantity)).sum());
        let tax = money::round(subtotal * TAX_RATE);
        Self { subtotal, tax, total: money::round(subtotal + tax) }
    }
}

impl OrderError {
    /// Whether the same step may go better in a moment. A declined card stays declined.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Payment(error) if error.is_transient())
    }

    /// A word for programs; the message is for people.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Validation(_) => "VALIDATION",
            Self::Payment(PaymentError::CardDeclined(_)) => "CARD_DECLINED",
            Self::Payment(PaymentError::Unavailable(_)) => "PAYMENT_UNAVAILABLE",
            Self::Payment(PaymentError::Refused(_)) => "PAYMENT_REFUSED",
            Self::Database(_) => "DATABASE",
            Self::Mail(_) => "MAIL",
            Self::NotApproved => "NOT_APPROVED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_page_costs_what_the_page_says() {
        let totals = Totals::of(&OrderInput::example("ord_abc123").items);
        assert_eq!(totals, Totals { subtotal: 109.97, tax: 8.80, total: 118.77 });
    }

    #[test]
    fn an_order_without_items_is_refused_by_the_field() {
        let order = OrderInput { items: vec![], ..OrderInput::example("o") };
        assert_eq!(order.check().unwrap_err().issues()[0].field, "items");
    }

    #[test]
    fn all_issues_are_told_at_once() {
        let mut order = OrderInput::example("o");
        order.items[0].quantity = 0;
        order.items[1].price = -1.0;
        let error = order.check().unwrap_err();
        let fields: Vec<_> = error.issues().iter().map(|issue| issue.field.as_str()).collect();
        assert_eq!(fields, ["items[0].quantity", "items[1].price"]);
    }

    /// What would overflow, or be charged as nothing.
    #[test]
    fn only_what_can_be_paid_is_an_order() {
        let order = |price, quantity| {
            let item = Item { sku: None, name: None, price, quantity };
            OrderInput { items: vec![item], ..OrderInput::example("o") }.check()
        };
        let field = |price, quantity| order(price, quantity).unwrap_err().issues()[0].field.clone();
        for price in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 1e308, -0.01] {
            assert_eq!(field(price, 1), "items[0].price", "{price}");
        }
        for (price, quantity) in [(0.0, 1), (0.001, 1), (1.0, u32::MAX), (HIGHEST, 2)] {
            assert_eq!(field(price, quantity), "items", "{quantity} for {price}");
        }
        assert!(order(0.01, 1).is_ok() && order(9_000_000.0, 1).is_ok());
    }

    #[test]
    fn both_spellings_of_the_input_are_read() {
        let snake: OrderInput = serde_json::from_str(r#"{"order_id":"o","user_id":"u","items":[]}"#).unwrap();
        let camel: OrderInput = serde_json::from_str(r#"{"orderId":"o","userId":"u","items":[]}"#).unwrap();
        assert_eq!(snake, camel);
    }
}
