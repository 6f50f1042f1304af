//! Borrows that are handed on to another stretch, without a point between: what lends has to be outside of the stretch that borrows.

use super::Builder;
use super::plain::Pending;
use crate::borrowing;
use crate::model::{Node, Source, VarId};
use crate::patterns::{Binding, bindings, source_in};
use crate::views;
use syn::{Expr, Local, Pat};

/// A variable that others borrow from, which are no views.
pub(crate) struct Loan {
    /// The number of the next variable where the `let` or the question stands that borrows: its own first, mostly.
    pub(crate) place: VarId,
    pub(crate) owner: VarId,
    pub(crate) borrows: Vec<VarId>,
}

impl Builder<'_> {
    /// Ends the stretch that defines what a question borrows from, if the borrow is known to be handed on.
    pub(super) fn lets_live<'p>(
        &mut self,
        pats: impl Iterator<Item = &'p Pat>,
        scrutinee: &Expr,
        pending: &mut Pending,
        nodes: &mut Vec<Node>,
    ) {
        let place = self.next_variable();
        for pat in pats {
            let owner = self.lender(pat, scrutinee).filter(|_| self.handed_on.contains(&place));
            let defined_here = owner.is_some_and(|owner| pending.defines.contains(&owner));
            // A view is made again where it is needed.
            if defined_here && self.owners_of_pattern(pat, scrutinee).is_none() {
                self.flush(pending, None, nodes);
            }
        }
    }

    /// The same of a `let` that borrows mutably. Gives what lends.
    pub(super) fn lets_live_mutably(
        &mut self,
        local: &Local,
        pending: &mut Pending,
        nodes: &mut Vec<Node>,
    ) -> Option<VarId> {
        let init = &local.init.as_ref()?.expr;
        if matches!(&local.pat, Pat::Type(typed) if views::is_owned(&typed.ty)) {
            return None;
        }
        let mutably = borrowing::is_mutable(init) || bindings(&local.pat).iter().any(|one| one.by_ref && one.mutable);
        let owner = self.lender(&local.pat, init).filter(|_| mutably)?;
        self.lets_live(std::iter::once(&local.pat), init, pending, nodes);
        Some(owner)
    }

    /// The variable that a pattern surely borrows from.
    pub(super) fn lender(&self, pat: &Pat, scrutinee: &Expr) -> Option<VarId> {
        let source = |binding: &Binding| source_in(pat, scrutinee, &binding.ident);
        let borrows = |binding: &Binding| is_borrow(binding.by_ref, source(binding).as_ref());
        let owner = borrowing::owner(scrutinee).filter(|_| bindings(pat).iter().any(borrows))?;
        self.scopes.resolve(owner)
    }

    /// Notes what it lends to which of the variables that are defined there.
    pub(super) fn lend(&mut self, place: VarId, lender: Option<VarId>, defined: &[VarId]) {
        let Some(owner) = lender else { return };
        let borrows = |id: &VarId| is_borrow(self.variables[id.0].by_ref, self.variables[id.0].source.as_ref());
        let borrows: Vec<VarId> = defined.iter().copied().filter(borrows).collect();
        borrows.iter().for_each(|id| self.variables[id.0].lender = lender);
        self.loans.push(Loan { place, owner, borrows });
    }
}

fn is_borrow(by_ref: bool, source: Option<&Source>) -> bool {
    by_ref || source.is_some_and(borrowing::lends)
}
