//! Borrows that are made again. What their calls give is told to rustc, which refuses a value of its own: `views` knows them by name only.

use super::Context;
use crate::names;
use quote::quote;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprMethodCall};

/// `private::again(input.items.last())`: at the call, so that one that gives no borrow is told there.
pub(super) fn again(cx: &Context<'_>, borrow: &Expr) -> Expr {
    let mut borrow = borrow.clone();
    Calls(cx).visit_expr_mut(&mut borrow);
    borrow
}

struct Calls<'a>(&'a Context<'a>);

impl VisitMut for Calls<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if let Expr::MethodCall(ExprMethodCall { method, .. }) = expr {
            let (at, private) = (method.span(), self.0.private());
            *expr = Expr::Verbatim(names::call_at(at, quote!(#private::again), quote!(#expr)));
        }
    }
}
