//! Finds points where they cannot stand: in closures, macro calls, larger expressions.

use super::attribute::{is_point, is_point_name, name};
use crate::tokens::is_punct;
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, FieldPat, Item, Macro, Stmt};

/// A point inside a statement that is not taken apart.
pub(super) struct Found {
    pub(super) name: Ident,
    pub(super) within: Within,
}

/// The construct around a point that keeps it from standing there.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Within {
    Expression,
    Closure,
    Async,
    Item,
    Macro,
}

/// Is there a point anywhere inside?
pub(super) fn contains_point(stmt: &Stmt) -> bool {
    !points_in(stmt).is_empty()
}

/// The points anywhere inside a statement, in source order.
pub(super) fn points_in(stmt: &Stmt) -> Vec<Found> {
    let mut search = Search { found: Vec::new(), around: Vec::new() };
    search.visit_stmt(stmt);
    search.found
}

struct Search {
    found: Vec<Found>,
    around: Vec<Within>,
}

impl Search {
    fn inside(&mut self, construct: Within, visit: impl FnOnce(&mut Self)) {
        self.around.push(construct);
        visit(self);
        self.around.pop();
    }

    /// The innermost construct that says more than "a larger expression".
    fn within(&self) -> Within {
        let telling = |around: &&Within| !matches!(around, Within::Expression);
        *self.around.iter().rev().find(telling).unwrap_or(&Within::Expression)
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let mut hash = false;
        for token in tokens {
            if let TokenTree::Group(group) = &token {
                if hash && let Some(TokenTree::Ident(name)) = group.stream().into_iter().next() {
                    self.token_attribute(name);
                }
                self.tokens(group.stream());
            }
            hash = is_punct(&token, '#');
        }
    }

    fn token_attribute(&mut self, name: Ident) {
        if is_point_name(&name.to_string()) {
            self.found.push(Found { name, within: self.within() });
        }
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_attribute(&mut self, attr: &'ast Attribute) {
        if let (true, Some(ident)) = (is_point(attr) && name(attr).is_some(), attr.path().get_ident()) {
            self.found.push(Found { name: ident.clone(), within: self.within() });
        }
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        let construct = match expr {
            Expr::Closure(_) => Within::Closure,
            Expr::Async(_) => Within::Async,
            _ => Within::Expression,
        };
        self.inside(construct, |search| visit::visit_expr(search, expr));
    }

    // Told with what is misplaced anywhere.
    fn visit_field_pat(&mut self, field: &'ast FieldPat) {
        self.visit_pat(&field.pat);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        // The attributes of an item and of its fields belong to derives; only the bodies of fns matter.
        if let Item::Fn(function) = item {
            self.inside(Within::Item, |search| visit::visit_block(search, &function.block));
        }
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        self.inside(Within::Macro, |search| search.tokens(mac.tokens.clone()));
    }
}
