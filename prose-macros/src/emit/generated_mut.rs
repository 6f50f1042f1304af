//! A `mut` variable that is handed on is bound twice, and perhaps only one of the two is changed. Both bindings count as generated,
//! so that the user is not told of a `mut` that he needs.

use super::Context;
use crate::model::VarId;
use crate::names;
use proc_macro2::{Ident, Span};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, PatIdent, Token};

/// Marks the `mut` of these variables in patterns, and in the `let`s of a condition.
pub(super) struct GeneratedMut<'a>(Vec<&'a Ident>);

impl<'a> GeneratedMut<'a> {
    /// Of variables that are handed on.
    pub(super) fn of(cx: &Context<'a>, exports: &[VarId]) -> Self {
        let mutable = exports.iter().map(|id| cx.variable(*id)).filter(|variable| variable.mutable);
        Self(mutable.map(|variable| &variable.ident).collect())
    }
}

impl VisitMut for GeneratedMut<'_> {
    fn visit_pat_ident_mut(&mut self, pat: &mut PatIdent) {
        if pat.mutability.is_some() && self.0.contains(&&pat.ident) {
            pat.ident = names::again(&pat.ident);
            pat.mutability = Some(Token![mut](Span::call_site()));
        }
        visit_mut::visit_pat_ident_mut(self, pat);
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Let(ask) => self.visit_pat_mut(&mut ask.pat),
            // `a && let P = b && c`: nothing else can hold one.
            Expr::Binary(_) | Expr::Paren(_) => visit_mut::visit_expr_mut(self, expr),
            _ => {}
        }
    }
}
