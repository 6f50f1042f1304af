//! Macros that are taken to always leave, by their names. rustc is told, and refuses one of the user's that leaves only sometimes.
//!
//! ```text
//! bail!("no stock");   =>   { if true { let leaves: private::AlwaysLeaves = { bail!("no stock"); }; } unreachable!() };
//! ```

use super::Context;
use crate::views::is_matched_again;
use crate::{known_macros, names};
use proc_macro2::Span;
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprAsync, ExprClosure, Item, Stmt, parse_quote};

/// The statements, with rustc told of these macros.
pub(super) fn told(cx: &Context<'_>, stmts: &[Stmt]) -> Vec<Stmt> {
    let mut stmts = stmts.to_vec();
    stmts.iter_mut().for_each(|stmt| Told(cx).visit_stmt_mut(stmt));
    stmts
}

struct Told<'a>(&'a Context<'a>);

impl Told<'_> {
    /// `if true`, because a lint would say that what stands behind it is unreachable.
    fn told(&self, call: &Stmt) -> Expr {
        let (private, leaves) = (self.0.private(), names::local("_leaves"));
        let at = Span::mixed_site().located_at(call.span());
        let told = quote_spanned! {at=>
            if true {
                #[allow(clippy::diverging_sub_expression)]
                let #leaves: #private::AlwaysLeaves = { #call };
            }
        };
        parse_quote!({ #told ::core::unreachable!() })
    }
}

impl VisitMut for Told<'_> {
    fn visit_stmt_mut(&mut self, stmt: &mut Stmt) {
        match stmt {
            Stmt::Macro(call) if known_macros::leaves(&call.mac) => {
                let (call, semi) = (Stmt::Macro(call.clone()), call.semi_token);
                *stmt = Stmt::Expr(self.told(&call), semi);
            }
            Stmt::Local(local) if local.init.iter().filter_map(|init| init.diverge.as_ref()).any(is_ours) => {}
            _ => visit_mut::visit_stmt_mut(self, stmt),
        }
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Macro(call) if known_macros::leaves(&call.mac) => {
                *expr = self.told(&Stmt::Expr(Expr::Macro(call.clone()), None));
            }
            _ => visit_mut::visit_expr_mut(self, expr),
        }
    }

    // What leaves these leaves no stretch.
    fn visit_expr_closure_mut(&mut self, _: &mut ExprClosure) {}
    fn visit_expr_async_mut(&mut self, _: &mut ExprAsync) {}
    fn visit_item_mut(&mut self, _: &mut Item) {}
}

fn is_ours((_, diverge): &(syn::Token![else], Box<Expr>)) -> bool {
    is_matched_again(diverge)
}
