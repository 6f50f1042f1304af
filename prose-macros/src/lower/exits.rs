//! Where plain code leaves: whether it always does, and the labelled blocks that it breaks out of.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Block, Expr, Macro, Stmt};

/// Does control never come behind this statement?
pub(crate) fn always(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Expr(expr, _) => leaves(expr),
        Stmt::Macro(mac) => panics(&mac.mac),
        Stmt::Local(_) | Stmt::Item(_) => false,
    }
}

fn leaves(expr: &Expr) -> bool {
    match expr {
        Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => true,
        Expr::Macro(mac) => panics(&mac.mac),
        Expr::Block(block) => block.label.is_none() && block_leaves(&block.block),
        Expr::If(node) => {
            let otherwise = node.else_branch.as_ref().is_some_and(|(_, otherwise)| leaves(otherwise));
            otherwise && block_leaves(&node.then_branch)
        }
        Expr::Match(node) => !node.arms.is_empty() && node.arms.iter().all(|arm| leaves(&arm.body)),
        _ => false,
    }
}

fn block_leaves(block: &Block) -> bool {
    block.stmts.last().is_some_and(always)
}

/// Macros that are known to leave.
fn panics(mac: &Macro) -> bool {
    const LEAVING: [&str; 5] = ["panic", "unreachable", "todo", "unimplemented", "bail"];
    mac.path.segments.last().is_some_and(|last| LEAVING.iter().any(|name| last.ident == name))
}

/// Does this code break out of the block with this label?
pub(crate) fn breaks(code: &impl ToTokens, label: &str) -> bool {
    !label.is_empty() && has_break(code.to_token_stream(), label.trim_start_matches('\''))
}

/// By token, so that a `break` in a macro call counts too.
fn has_break(tokens: TokenStream, label: &str) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let here = tokens.windows(3).any(|three| match three {
        [TokenTree::Ident(word), TokenTree::Punct(tick), TokenTree::Ident(name)] => {
            word == "break" && tick.as_char() == '\'' && name == label
        }
        _ => false,
    });
    here || tokens.into_iter().any(|token| matches!(token, TokenTree::Group(group) if has_break(group.stream(), label)))
}
