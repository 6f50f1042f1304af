//! Outside of a step nothing may be awaited: it would run again after a crash, and nobody would know.

use super::guards::takes_guard;
use super::walk::{Piece, pieces};
use crate::ast::{Block, Flow, Stmt};
use crate::errors::Errors;
use crate::tokens::is_punct;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{ExprAsync, ExprAwait, ExprClosure, Item, ItemMacro, Macro};

pub(super) fn check(flow: &Flow, errors: &mut Errors) {
    let awaiting = awaiting_macros(&flow.body);
    pieces(&flow.body, &mut |piece| {
        let mut search = Search { awaiting: &awaiting, found: Vec::new() };
        match piece {
            Piece::Plain(stmt) => search.visit_stmt(stmt),
            Piece::Asked(expr) => search.visit_expr(expr),
            Piece::Point(_) => {}
        }
        search.found.iter().for_each(|found| tell(*found, errors));
    });
}

fn tell(found: Found, errors: &mut Errors) {
    let instead = match found.of_lock {
        true => "lock inside of the step that needs it: `#[step] let name: Type = { let held = ...lock().await; .. };`",
        false => "put it into a step: `#[step] let name: Type = ..;`",
    };
    errors.push_at(
        found.at,
        "`.await` outside of a step",
        "what it does would be done again after a crash, and its result could be another",
        instead,
    );
}

/// Something that is awaited.
#[derive(Clone, Copy)]
struct Found {
    at: Span,
    /// Gives it a guard? That could be no step's result either.
    of_lock: bool,
}

/// The names of the flow's own `macro_rules!` that await.
fn awaiting_macros(block: &Block) -> Vec<Ident> {
    let inner = |stmt: &Stmt| match stmt {
        Stmt::Item(Item::Macro(ItemMacro { ident: Some(ident), mac, .. })) => {
            let mut search = Search { awaiting: &[], found: Vec::new() };
            search.tokens(mac.tokens.clone());
            search.found.iter().take(1).map(|_| ident.clone()).collect()
        }
        _ => stmt.blocks().into_iter().flat_map(awaiting_macros).collect::<Vec<_>>(),
    };
    block.stmts.iter().flat_map(inner).collect()
}

struct Search<'a> {
    awaiting: &'a [Ident],
    found: Vec<Found>,
}

impl Search<'_> {
    fn push(&mut self, at: Span, of_lock: bool) {
        self.found.push(Found { at, of_lock });
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let mut dot = false;
        for token in tokens {
            match &token {
                TokenTree::Ident(ident) if dot && ident == "await" => self.push(ident.span(), false),
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => {}
            }
            dot = is_punct(&token, '.');
        }
    }
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_expr_await(&mut self, node: &'ast ExprAwait) {
        self.push(node.await_token.span, takes_guard(&node.base));
        visit::visit_expr_await(self, node);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        match mac.path.segments.last() {
            Some(last) if awaits(&last.ident) || self.awaiting.contains(&last.ident) => {
                self.push(last.ident.span(), false)
            }
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
