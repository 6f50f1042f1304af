//! Outside of a step nothing may be awaited: it would run again after a crash, and nobody would know.

use super::walk::{Piece, pieces};
use crate::ast::Flow;
use crate::errors::Errors;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{ExprAsync, ExprAwait, ExprClosure, Item, Macro};

pub(super) fn check(flow: &Flow, errors: &mut Errors) {
    pieces(&flow.body, &mut |piece| {
        let mut search = Search(Vec::new());
        match piece {
            Piece::Plain(stmt) => search.visit_stmt(stmt),
            Piece::Asked(expr) => search.visit_expr(expr),
            Piece::Point(_) => {}
        }
        search.0.iter().for_each(|at| tell(*at, errors));
    });
}

fn tell(at: Span, errors: &mut Errors) {
    errors.push_at(
        at,
        "`.await` outside of a step",
        "what it does would be done again after a crash, and its result could be another",
        "put it into a step: `#[step] let name: Type = ..;`",
    );
}

struct Search(Vec<Span>);

impl Search {
    fn tokens(&mut self, tokens: TokenStream) {
        let mut dot = false;
        for token in tokens {
            match &token {
                TokenTree::Ident(ident) if dot && ident == "await" => self.0.push(ident.span()),
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => {}
            }
            dot = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
        }
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_expr_await(&mut self, node: &'ast ExprAwait) {
        self.0.push(node.await_token.span);
        visit::visit_expr_await(self, node);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        match mac.path.segments.last() {
            Some(last) if awaits(&last.ident) => self.0.push(last.ident.span()),
            _ => self.tokens(mac.tokens.clone()),
        }
    }

    // A future that is made here is polled elsewhere.
    fn visit_expr_async(&mut self, _: &'ast ExprAsync) {}
    fn visit_expr_closure(&mut self, _: &'ast ExprClosure) {}
    fn visit_item(&mut self, _: &'ast Item) {}
}

/// Macros that are known to await what they are given.
fn awaits(name: &Ident) -> bool {
    ["join", "try_join", "select"].iter().any(|known| name == known)
}
