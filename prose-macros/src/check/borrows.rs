//! A borrow that cannot be made again cannot cross a step.

use crate::errors::Errors;
use crate::model::Model;
use syn::{Block, Expr, ExprLit, Lit, Stmt, Type};

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in model.variables.iter().filter(|variable| variable.class.is_saved()) {
        let crosses = variable.output || !variable.live_at.is_empty();
        let declared = variable.by_ref || matches!(variable.ty, Some(Type::Reference(_)));
        if !crosses || !(declared || variable.init.as_ref().is_some_and(borrows)) {
            continue;
        }
        let name = &variable.ident;
        let what = format!("`{name}` is a borrow that crosses a step");
        let why = "a borrow cannot be saved, and only a plain one (`&input.items`, of no `mut` variable) is made again";
        errors.push(
            name,
            &what,
            why,
            "own it: `.clone()`, `.to_owned()` or `.collect()`; a `&'static str` as a `String`",
        );
    }
}

/// A borrow for sure; what other calls give, only rustc knows.
fn borrows(init: &Expr) -> bool {
    const CALLS: [&str; 14] = [
        "as_ref",
        "as_deref",
        "as_slice",
        "as_str",
        "as_bytes",
        "iter",
        "chars",
        "bytes",
        "lines",
        "trim",
        "trim_start",
        "trim_end",
        "split_whitespace",
        "char_indices",
    ];
    match init {
        Expr::Reference(reference) => reference.mutability.is_none(),
        Expr::MethodCall(call) => call.args.is_empty() && CALLS.iter().any(|name| call.method == name),
        Expr::Lit(ExprLit { lit: Lit::Str(_) | Lit::ByteStr(_), .. }) => true,
        // All ways give one type.
        Expr::If(node) => block_borrows(&node.then_branch) || node.else_branch.iter().any(|(_, expr)| borrows(expr)),
        Expr::Match(node) => node.arms.iter().any(|arm| borrows(&arm.body)),
        Expr::Block(node) => block_borrows(&node.block),
        _ => false,
    }
}

fn block_borrows(block: &Block) -> bool {
    matches!(block.stmts.last(), Some(Stmt::Expr(value, None)) if borrows(value))
}
