//! An idempotency key is a step's own: between steps there is none, and whoever is given `None` cannot tell that the work was done before.

use super::walk::{Piece, pieces};
use crate::ast::Flow;
use crate::errors::Errors;
use crate::names;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Pat;

pub(super) fn check(flow: &Flow, errors: &mut Errors) {
    let Some(Pat::Ident(ctx)) = flow.head.ctx.as_ref().map(|ctx| &ctx.pat) else { return };
    let ctx = names::plain(&ctx.ident);
    pieces(&flow.body, &mut |piece| {
        let code = match piece {
            Piece::Plain(stmt) => stmt.to_token_stream(),
            Piece::Asked(expr) => expr.to_token_stream(),
            Piece::Point(_) => return,
        };
        for method in asked(code, &ctx) {
            let why =
                "it is the step's own, so that the same work has the same key after a crash; out here it is `None`";
            let instead = "ask for it in the step that hands it on, or use `ctx.run_id()` or `ctx.correlation_id()`";
            errors.push(method, "`idempotency_key()` outside of a step", why, instead);
        }
    });
}

/// `ctx.idempotency_key`, in macro calls too.
fn asked(code: TokenStream, ctx: &str) -> Vec<Ident> {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    let inside = tokens.iter().flat_map(|token| match token {
        TokenTree::Group(group) => asked(group.stream(), ctx),
        _ => Vec::new(),
    });
    let here = tokens.windows(3).filter_map(|tokens| match tokens {
        [TokenTree::Ident(of), TokenTree::Punct(dot), TokenTree::Ident(method)]
            if names::plain(of) == ctx && dot.as_char() == '.' && method == "idempotency_key" =>
        {
            Some(method.clone())
        }
        _ => None,
    });
    here.chain(inside).collect()
}
