//! Borrows that are handed on to another stretch, without a point between: what lends has to be outside of the stretch that borrows.

use super::Builder;
use super::plain::Pending;
use crate::borrowing;
use crate::model::{Node, VarId};
use crate::patterns::bindings;
use syn::{Expr, Local, Pat};

impl Builder<'_> {
    /// Ends the stretch that defines what a question borrows from, unless the borrow is made again where it is needed.
    pub(super) fn lets_live(&mut self, pat: &Pat, scrutinee: &Expr, pending: &mut Pending, nodes: &mut Vec<Node>) {
        let defined_here = self.lender(pat, scrutinee).is_some_and(|owner| pending.defines.contains(&owner));
        if defined_here && self.owners_of_pattern(pat, scrutinee).is_none() {
            self.flush(pending, None, nodes);
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
        let mutably = borrowing::is_mutable(init) || bindings(&local.pat).iter().any(|one| one.by_ref && one.mutable);
        let owner = self.lender(&local.pat, init).filter(|_| mutably)?;
        if pending.defines.contains(&owner) {
            self.flush(pending, None, nodes);
        }
        Some(owner)
    }

    /// The variable that a pattern surely borrows from.
    pub(super) fn lender(&self, pat: &Pat, scrutinee: &Expr) -> Option<VarId> {
        let bindings = bindings(pat);
        let by_ref = bindings.iter().any(|binding| binding.by_ref);
        let borrows = by_ref || borrowing::is_mutable(scrutinee) || borrowing::is_shared(scrutinee);
        let owner = borrowing::owner(scrutinee).filter(|_| borrows && !bindings.is_empty())?;
        self.scopes.resolve(owner)
    }
}
