//! Macros that are taken to always leave, by their names. rustc is told, and refuses one of the user's that leaves only sometimes.
//!
//! ```text
//! bail!("no stock");   =>   { if true { let leaves: private::AlwaysLeavesOrHasAnotherName = { bail!("no stock"); }; } unreachable!() };
//! ```

use super::{Context, outside};
use crate::model::Leaf;
use crate::views::is_matched_again;
use crate::{known_macros, names};
use proc_macro2::Span;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, ExprAsync, ExprClosure, Item, Stmt, StmtMacro, parse_quote};

/// The statements of a stretch, with rustc told of these macros, and of those that stay.
pub(super) fn told(cx: &Context<'_>, leaf: &Leaf) -> Vec<Stmt> {
    let told = |(place, stmt): (usize, &Stmt)| {
        let mut stmt = stmt.clone();
        match &stmt {
            Stmt::Macro(call) if known_macros::stays(&call.mac) => {
                stmt = outside::in_stretch(cx, call, place, &leaf.anew);
            }
            _ => Told(cx).visit_stmt_mut(&mut stmt),
        }
        outside::kept_ahead(cx, place, &leaf.anew).into_iter().chain([stmt])
    };
    leaf.stmts.iter().enumerate().flat_map(told).collect()
}

/// The same of what is asked.
pub(super) fn told_of(cx: &Context<'_>, asked: &Expr) -> Expr {
    let mut asked = asked.clone();
    Told(cx).visit_expr_mut(&mut asked);
    asked
}

struct Told<'a>(&'a Context<'a>);

impl Told<'_> {
    /// `if true`, because a lint would say that what stands behind it is unreachable. The call's attributes are those of the whole:
    /// one that `#[cfg]` leaves out does not leave.
    fn told(&self, attrs: &[Attribute], call: impl ToTokens) -> Expr {
        let (private, leaves) = (self.0.private(), names::local("_leaves"));
        let at = Span::mixed_site().located_at(call.span());
        let told = quote_spanned! {at=>
            if true {
                #[allow(clippy::diverging_sub_expression)]
                let #leaves: #private::AlwaysLeavesOrHasAnotherName = { #call };
            }
        };
        parse_quote!(#(#attrs)* { #told ::core::unreachable!() })
    }
}

impl VisitMut for Told<'_> {
    fn visit_stmt_mut(&mut self, stmt: &mut Stmt) {
        match stmt {
            Stmt::Macro(call) if known_macros::leaves(&call.mac) => {
                let StmtMacro { attrs, mac, semi_token } = call;
                *stmt = Stmt::Expr(self.told(attrs, quote!(#mac #semi_token)), *semi_token);
            }
            Stmt::Macro(call) if known_macros::stays(&call.mac) => *stmt = outside::inside_stmt(call),
            Stmt::Local(local) if local.init.iter().filter_map(|init| init.diverge.as_ref()).any(is_ours) => {}
            _ => visit_mut::visit_stmt_mut(self, stmt),
        }
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Macro(call) if known_macros::leaves(&call.mac) => {
                *expr = self.told(&call.attrs, &call.mac);
            }
            Expr::Macro(call) if known_macros::stays(&call.mac) => *expr = outside::inside_expr(call),
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
