//! From the [`ast`](crate::ast) to the [`model`](crate::model): the control flow graph, and the passes over it.

mod assigned;
mod availability;
mod build;
mod dirtiness;
mod endings;
mod exits;
mod finish;
mod graph;
mod liveness;
mod loans;
mod mentions;
mod outline;
mod scopes;
#[cfg(test)]
mod tests;
mod views;

use crate::ast::Flow;
use crate::model::{Model, VarId};
use std::collections::BTreeSet;

/// Lowers a flow.
///
/// Which borrows have to be made again is only known when it is known what lives at a point; and a borrow that
/// is made again keeps its owner alive. Nor is it known before what is handed on, of which the owner has to be outside. So the flow is lowered
/// until no further borrow turns up.
pub(crate) fn model(flow: Flow) -> Model {
    let outline = outline::outline(&flow);
    let (mut views, mut handed_on) = (BTreeSet::new(), BTreeSet::new());
    loop {
        let mut draft = build::draft(&flow, &views, &handed_on);
        let live = liveness::of(&mut draft.graph);
        let more: BTreeSet<VarId> = views::needed(&draft, &live);
        let loans: BTreeSet<VarId> = loans::handed_on(&draft).map(|loan| loan.place).collect();
        if more.is_subset(&views) && loans.is_subset(&handed_on) {
            return finish::model(flow.head, outline, draft, &live);
        }
        views.extend(more);
        handed_on.extend(loans);
    }
}
