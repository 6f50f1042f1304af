//! What the expansion for an editor refers to: types, for completion. It is never run.

use crate::call::Call;
use crate::database::Database;
use crate::flow::Flow;

/// The transaction that `#[transaction(tx = database)]` works in.
pub fn tx<D: Database>(_: &D) -> &'static mut D::Tx {
    unreachable!("only an editor reads this")
}

/// What `#[child]` comes to.
pub fn child<F: Flow, D>(_: Call<F, D>) -> F::Output {
    unreachable!("only an editor reads this")
}

/// What `#[signal]` binds.
pub fn signal<T>() -> T {
    unreachable!("only an editor reads this")
}
