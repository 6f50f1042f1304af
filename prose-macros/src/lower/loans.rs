//! Loans: what another stretch is handed a borrow of, has to be an ordinary local, outside of the stretch that borrows.

use super::build::{Draft, Loan};

/// The loans whose borrows are mentioned in other stretches.
pub(crate) fn handed_on(draft: &Draft) -> impl Iterator<Item = &Loan> {
    let elsewhere = draft.graph.mentioned_elsewhere();
    draft.loans.iter().filter(move |loan| loan.borrows.iter().any(|one| elsewhere.contains(one)))
}
