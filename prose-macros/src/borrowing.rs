//! Which expressions are borrows for sure. What other calls give, only rustc knows.

use crate::model::{Source, Taken};
use proc_macro2::Ident;
use syn::{Block, Expr, ExprLit, ExprMethodCall, Lit, Stmt};

/// Is a variable that comes from there a borrow?
pub(crate) fn lends(source: &Source) -> bool {
    lends_mutably(source) || lends_shared(source)
}

/// Is it a `&mut`?
pub(crate) fn lends_mutably(source: &Source) -> bool {
    is_mutable(&source.expr) && is_taken_as_it_is(source)
}

/// Is it another one?
pub(crate) fn lends_shared(source: &Source) -> bool {
    is_shared(&source.expr) && is_taken_as_it_is(source)
}

/// Not if it is copied; and what is `Some(..)` has not come from a call of std's that gives the borrow itself, but from one of the user's.
fn is_taken_as_it_is(source: &Source) -> bool {
    match source.taken {
        Taken::Whole => true,
        Taken::Out | Taken::OutOfErr => !gives_it_bare(&source.expr),
        Taken::Copied | Taken::Rest => false,
    }
}

/// Calls of std's that give a shared borrow itself, in no `Some(..)`.
const BARE: [&str; 10] =
    ["as_str", "iter", "chars", "bytes", "lines", "trim", "trim_start", "trim_end", "split_whitespace", "char_indices"];

fn is_one_of(call: &ExprMethodCall, names: &[&str]) -> bool {
    names.iter().any(|name| call.method == name)
}

fn gives_it_bare(expr: &Expr) -> bool {
    matches!(expr, Expr::MethodCall(call) if is_one_of(call, &BARE) || is_one_of(call, &["get_or_insert", "get_or_insert_with"]))
}

/// Are its elements numbered: `items.iter_mut().enumerate().next()`?
pub(crate) fn is_numbered(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(inner) => is_numbered(&inner.expr),
        Expr::Try(inner) => is_numbered(&inner.expr),
        Expr::MethodCall(call) => call.method == "enumerate" || is_numbered(&call.receiver),
        _ => false,
    }
}

/// Is it a `&mut`, or something made of that?
pub(crate) fn is_mutable(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(inner) => is_mutable(&inner.expr),
        Expr::Reference(reference) => reference.mutability.is_some(),
        Expr::Tuple(tuple) => tuple.elems.iter().any(is_mutable),
        other => made_of_calls(other),
    }
}

/// The same by calls. What is called on a plain `&mut` may give anything: `(&mut lines).next()`.
fn made_of_calls(expr: &Expr) -> bool {
    const CALLS: [&str; 17] = [
        "iter_mut",
        "values_mut",
        "as_mut",
        "as_deref_mut",
        "as_mut_slice",
        "get_mut",
        "first_mut",
        "last_mut",
        "front_mut",
        "back_mut",
        "chunks_mut",
        "split_at_mut",
        "get_or_insert",
        "get_or_insert_with",
        "or_insert",
        "or_insert_with",
        "or_default",
    ];
    // What these make of it, or take out of it, is one as well.
    const PASSING: [&str; 17] = [
        "unwrap",
        "expect",
        "ok_or",
        "ok_or_else",
        "enumerate",
        "rev",
        "skip",
        "take",
        "step_by",
        "zip",
        "chain",
        "filter",
        "peekable",
        "next",
        "next_back",
        "nth",
        "find",
    ];
    match expr {
        Expr::Paren(inner) => made_of_calls(&inner.expr),
        Expr::Try(inner) => made_of_calls(&inner.expr),
        Expr::MethodCall(call) if is_one_of(call, &CALLS) => true,
        // Without an argument it takes a value out.
        Expr::MethodCall(call) if call.method == "take" && call.args.is_empty() => false,
        Expr::MethodCall(call) => is_one_of(call, &PASSING) && made_of_calls(&call.receiver),
        _ => false,
    }
}

/// Is it a shared one?
fn is_shared(expr: &Expr) -> bool {
    const OTHERS: [&str; 4] = ["as_ref", "as_deref", "as_slice", "as_bytes"];
    let gives = |call| is_one_of(call, &BARE) || is_one_of(call, &OTHERS);
    match expr {
        Expr::Reference(reference) => reference.mutability.is_none(),
        Expr::MethodCall(call) => call.args.is_empty() && gives(call),
        Expr::Lit(_) => is_literal(expr),
        _ => any_way(expr, &is_shared),
    }
}

/// Is it a text or bytes of the program's own?
pub(crate) fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(_) | Lit::ByteStr(_), .. }) => true,
        _ => any_way(expr, &is_literal),
    }
}

/// Is any of the values of control flow such a one? All ways give one type.
fn any_way(expr: &Expr, is_it: &dyn Fn(&Expr) -> bool) -> bool {
    let at_end = |block: &Block| matches!(block.stmts.last(), Some(Stmt::Expr(value, None)) if is_it(value));
    match expr {
        Expr::If(node) => at_end(&node.then_branch) || node.else_branch.iter().any(|(_, expr)| is_it(expr)),
        Expr::Match(node) => node.arms.iter().any(|arm| is_it(&arm.body)),
        Expr::Block(node) => at_end(&node.block),
        _ => false,
    }
}

/// The variable that it borrows from.
pub(crate) fn owner(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Reference(node) => owner(&node.expr),
        Expr::Field(node) => owner(&node.base),
        Expr::Index(node) => owner(&node.expr),
        Expr::MethodCall(node) => owner(&node.receiver),
        Expr::Paren(node) => owner(&node.expr),
        Expr::Try(node) => owner(&node.expr),
        _ => None,
    }
}
