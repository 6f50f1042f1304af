//! The servers that the tests talk to: given, found at their standard local ports, or started in a temporary folder.
//!
//! - [`postgres`], [`nats`], [`rabbitmq`]: a server that all tests share. Each test brings names of its own ([`unique`]).
//!   It is the one at `PROSE_TEST_POSTGRES`, `PROSE_TEST_NATS`, `PROSE_TEST_AMQP`; else what answers at the standard local
//!   port; else one that is started from the installed programs, once for each test process.
//! - [`private_postgres`], [`durable_postgres`], [`private_nats`], [`private_rabbitmq`]: a server that belongs to the test, which may stop it, kill it
//!   and start it again.
//!
//! Where there is none, a line says what is skipped and why, and the answer is `None`. With `PROSE_TEST_REQUIRE_SERVERS=1`
//! (`.ci/run` sets it) that is a panic, so that nothing is skipped unseen.
//!
//! ```
//! # fn main() {
//! let Some(server) = prose_test_servers::nats() else { return };
//! assert!(server.url().starts_with("nats://"));
//! # }
//! ```
//!
//! No private server is left behind, whatever ends the test process: see `guard.rs`. Unix only.

mod guard;
mod kind;
mod nats;
mod postgres;
mod private;
mod probe;
mod programs;
mod rabbitmq;
mod shared;

use std::sync::atomic::{AtomicU64, Ordering};

pub use self::private::PrivateServer;
pub use self::shared::Server;

/// A Postgres for all tests; `None`, said in one line, where there is none.
pub fn postgres() -> Option<Server> {
    static PRIVATE: shared::Slot = shared::Slot::new();
    shared::server(&postgres::Postgres { syncs: false }, &PRIVATE)
}

/// A NATS server with JetStream for all tests; `None`, said in one line, where there is none.
pub fn nats() -> Option<Server> {
    static PRIVATE: shared::Slot = shared::Slot::new();
    shared::server(&nats::Nats, &PRIVATE)
}

/// A RabbitMQ for all tests; `None`, said in one line, where there is none.
pub fn rabbitmq() -> Option<Server> {
    static PRIVATE: shared::Slot = shared::Slot::new();
    shared::server(&rabbitmq::RabbitMq, &PRIVATE)
}

/// A Postgres of the test's own; `None`, said in one line, where none is installed.
pub fn private_postgres() -> Option<PrivateServer> {
    shared::private(&postgres::Postgres { syncs: false })
}

/// The same, which syncs what it acknowledges to the disk: for measuring. The others do not, since tests need not wait for disks.
pub fn durable_postgres() -> Option<PrivateServer> {
    shared::private(&postgres::Postgres { syncs: true })
}

/// A NATS server with JetStream of the test's own; `None`, said in one line, where none is installed.
pub fn private_nats() -> Option<PrivateServer> {
    shared::private(&nats::Nats)
}

/// A RabbitMQ of the test's own; `None`, said in one line, where none is installed.
pub fn private_rabbitmq() -> Option<PrivateServer> {
    shared::private(&rabbitmq::RabbitMq)
}

/// A name that no other test uses, on whatever server: a schema's, a stream's, an exchange's. Lower case, digits and `_`.
///
/// ```
/// let name = prose_test_servers::unique("orders");
/// assert!(name.starts_with("orders_") && name != prose_test_servers::unique("orders"));
/// ```
pub fn unique(stem: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_micros();
    format!("{stem}_{:x}_{now:x}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
