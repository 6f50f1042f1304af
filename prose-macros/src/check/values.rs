//! What an expression's value comes from: the ends of its branches, and what these give on of what was matched.

use crate::names;
use crate::patterns::bindings;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprLet, Local, Pat, Stmt};

/// The expressions that this one's value may come from. Of one that is no control flow, itself.
pub(super) fn origins(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Block(node) => at_end(&node.block),
        Expr::Unsafe(node) => at_end(&node.block),
        Expr::If(node) => {
            let mut lets = Lets(Vec::new());
            lets.visit_expr(&node.cond);
            let then = at_end(&node.then_branch);
            let given_on = lets.0.into_iter().filter(|ask| gives_on(&then, &ask.pat)).map(|ask| &*ask.expr);
            let given_on: Vec<_> = given_on.collect();
            let otherwise = node.else_branch.iter().flat_map(|(_, otherwise)| origins(otherwise));
            then.iter().copied().chain(given_on).chain(otherwise).collect()
        }
        Expr::Match(node) => {
            let arm = |arm: &'_ syn::Arm| gives_on(&origins(&arm.body), &arm.pat);
            let given_on = node.arms.iter().any(arm).then_some(&*node.expr);
            node.arms.iter().flat_map(|arm| origins(&arm.body)).chain(given_on).collect()
        }
        other => vec![other],
    }
}

fn at_end(block: &Block) -> Vec<&Expr> {
    let Some((Stmt::Expr(value, None), before)) = block.stmts.split_last() else { return Vec::new() };
    let mut found = origins(value);
    let given_on = before.iter().filter_map(|stmt| match stmt {
        Stmt::Local(Local { pat, init: Some(init), .. }) if gives_on(&found, pat) => Some(origins(&init.expr)),
        _ => None,
    });
    let given_on: Vec<_> = given_on.flatten().collect();
    found.extend(given_on);
    found
}

/// Is a variable of this pattern the value, or put into it: `g`, `Some(g)`? What an `Err(..)` holds is something else.
fn gives_on(values: &[&Expr], pat: &Pat) -> bool {
    let of_err =
        matches!(pat, Pat::TupleStruct(pat) if pat.path.segments.last().is_some_and(|last| last.ident == "Err"));
    let names: Vec<String> = bindings(pat).iter().map(|binding| names::plain(&binding.ident)).collect();
    !of_err && values.iter().any(|value| holds(value, &names))
}

fn holds(value: &Expr, names: &[String]) -> bool {
    match value {
        Expr::Path(path) => path.path.get_ident().is_some_and(|ident| names.contains(&names::plain(ident))),
        Expr::Paren(node) => holds(&node.expr, names),
        Expr::Tuple(node) => node.elems.iter().any(|part| holds(part, names)),
        Expr::Struct(node) => node.fields.iter().any(|field| holds(&field.expr, names)),
        Expr::Call(node) => is_wrapper(&node.func) && node.args.iter().any(|part| holds(part, names)),
        _ => false,
    }
}

/// `Some`, `Held`
fn is_wrapper(function: &Expr) -> bool {
    let last = match function {
        Expr::Path(path) => path.path.segments.last(),
        _ => None,
    };
    last.is_some_and(|last| last.ident.to_string().starts_with(char::is_uppercase))
}

/// The `let`s of a condition.
pub(super) struct Lets<'a>(pub(super) Vec<&'a ExprLet>);

impl<'a> Visit<'a> for Lets<'a> {
    fn visit_expr_let(&mut self, ask: &'a ExprLet) {
        self.0.push(ask);
    }
    fn visit_expr(&mut self, expr: &'a Expr) {
        // `a && let P = b && c`: nothing else can hold one.
        if matches!(expr, Expr::Let(_) | Expr::Binary(_) | Expr::Paren(_)) {
            visit::visit_expr(self, expr);
        }
    }
}
