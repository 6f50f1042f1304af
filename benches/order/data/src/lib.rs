//! The order flow of row `b`: its data, and stand-ins for the services that it calls, which answer at once. So what is measured is the
//! system beneath.
//!
//! 1. *validate*: fails an order without items ([`validate`]);
//! 2. *charge*: at most three attempts, 500 ms apart, twice as long each time ([`charge`]);
//! 3. *persist*: a transaction that inserts a row into [`ORDERS_TABLE`], with [`INSERT_ORDER_SQLITE`] or [`INSERT_ORDER_POSTGRES`];
//! 4. *mail*: [`mail`];
//! 5. *publish*: an [`OrderConfirmed`] on the channel `orders`, to a receiver that does nothing ([`publish`]); a system without events
//!    does it in a step.
//!
//! These are five steps (`--steps 5`); the result is a [`Receipt`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// To be made before the work, in the application's own database.
pub const ORDERS_TABLE: &str =
    "create table if not exists orders (id text primary key, user_id text not null, cents bigint not null)";

/// Binds id, user and cents.
pub const INSERT_ORDER_SQLITE: &str = "insert into orders (id, user_id, cents) values (?1, ?2, ?3)";

/// Binds id, user and cents.
pub const INSERT_ORDER_POSTGRES: &str = "insert into orders (id, user_id, cents) values ($1, $2, $3)";

/// What is ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub id: String,
    pub user_id: String,
    pub items: Vec<Item>,
}

/// A position of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub sku: String,
    pub quantity: u32,
    pub cents: u64,
}

/// What a payment gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub payment_id: String,
    pub cents: u64,
}

/// The event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderConfirmed {
    pub order_id: String,
    pub user_id: String,
    pub cents: u64,
}

/// What can go wrong; with these stand-ins nothing does, but for an order without items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OrderError {
    Empty,
    Unreachable(String),
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an order must have at least one item"),
            Self::Unreachable(service) => write!(f, "{service} does not answer"),
        }
    }
}

impl std::error::Error for OrderError {}

impl OrderError {
    /// Whether trying again may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}

/// The order with this number, of three items.
pub fn order(number: usize) -> Order {
    let item = |sku: &str, quantity, cents| Item { sku: sku.to_owned(), quantity, cents };
    Order {
        id: format!("ord_{number}"),
        user_id: format!("user_{}", number % 100),
        items: vec![item("book", 1, 2_999), item("pen", 3, 249), item("lamp", 1, 4_999)],
    }
}

/// The first step.
///
/// # Errors
///
/// For an order without items.
pub fn validate(order: &Order) -> Result<(), OrderError> {
    if order.items.is_empty() { Err(OrderError::Empty) } else { Ok(()) }
}

/// The order's price.
pub fn total(order: &Order) -> u64 {
    order.items.iter().map(|item| u64::from(item.quantity) * item.cents).sum()
}

/// The second step.
///
/// # Errors
///
/// Never; a real one would.
pub async fn charge(order: &Order, key: Option<&str>) -> Result<Receipt, OrderError> {
    let cents = total(order);
    Ok(Receipt { payment_id: format!("pi_{}_{}", order.user_id, key.unwrap_or("-")), cents })
}

/// The fourth step.
///
/// # Errors
///
/// Never; a real one would.
pub async fn mail(user: &str, receipt: &Receipt, key: Option<&str>) -> Result<(), OrderError> {
    std::hint::black_box((user, receipt, key));
    Ok(())
}

/// The fifth step's event.
pub fn confirmed(order: &Order, receipt: &Receipt) -> OrderConfirmed {
    OrderConfirmed { order_id: order.id.clone(), user_id: order.user_id.clone(), cents: receipt.cents }
}

/// The receiver of events.
///
/// # Errors
///
/// Never; a real one would.
pub async fn publish(event: &OrderConfirmed, key: Option<&str>) -> Result<(), OrderError> {
    std::hint::black_box((event, key));
    Ok(())
}
