//! Tells whether the code that asks runs inside a transaction's body.
//!
//! A transaction may hold the lock that the store needs to write (on SQLite it does), so a durable flow that is awaited in
//! a body would wait for itself for ever. It is refused instead.

use std::future::Future;

tokio::task_local! {
    static IN_TRANSACTION: ();
}

/// Whether the current task is inside the body of a `#[transaction]`. A store whose writes wait for transactions refuses to
/// write then. (A task that the body has spawned is not seen.)
pub fn in_transaction() -> bool {
    IN_TRANSACTION.try_with(|()| ()).is_ok()
}

/// A transaction's body.
pub(super) fn transaction<F: Future>(body: F) -> impl Future<Output = F::Output> {
    IN_TRANSACTION.scope((), body)
}
