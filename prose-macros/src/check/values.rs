//! What an expression's value comes from: the ends of its branches, and what these give on of what was bound before.

use crate::names;
use crate::patterns::bindings;
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprBreak, ExprLet, ExprMatch, Label, Local, Pat, Stmt};

/// The expressions that this one's value may come from. Of one that is no control flow, itself.
pub(super) fn origins(expr: &Expr) -> Vec<&Expr> {
    Origins::of(expr).values
}

/// What a value comes from.
#[derive(Default)]
struct Origins<'a> {
    values: Vec<&'a Expr>,
    /// The variables of further out that are the value, or are put into it.
    held: BTreeSet<String>,
}

impl<'a> Origins<'a> {
    /// Each part of an expression is looked at once, however deep it is: they may be nested.
    fn of(expr: &'a Expr) -> Self {
        match expr {
            Expr::Block(node) => {
                let left = node.label.as_ref().map(|label| Left { label: Some(label), innermost: false });
                Self::behind(Self::at_end(&node.block), &node.block, left)
            }
            Expr::Loop(node) => Self::left_with(&node.body, Left { label: node.label.as_ref(), innermost: true }),
            Expr::Unsafe(node) => Self::of_block(&node.block),
            Expr::If(node) => {
                let mut found = Self::of_block(&node.then_branch);
                found.asked_by(&node.cond);
                node.else_branch.iter().for_each(|(_, otherwise)| found.add(Self::of(otherwise)));
                found
            }
            Expr::Match(node) => Self::of_arms(node, Self::of),
            value => {
                let mut held = BTreeSet::new();
                put_into(value, &mut held);
                Origins { values: vec![value], held }
            }
        }
    }

    fn of_block(block: &'a Block) -> Self {
        Self::behind(Self::at_end(block), block, None)
    }

    fn at_end(block: &'a Block) -> Self {
        match block.stmts.last() {
            Some(Stmt::Expr(value, None)) => Self::of(value),
            _ => Self::default(),
        }
    }

    /// Looks behind the `let`s of a block, and at what leaves it or what is around it: `break g`.
    fn behind(mut found: Self, block: &'a Block, left: Option<Left<'_>>) -> Self {
        let leaves = |expr: &'a Expr| left.map_or_else(Self::default, |left| Self::left_inside(expr, left));
        for stmt in block.stmts.iter().rev() {
            match stmt {
                Stmt::Local(Local { pat, init: Some(init), .. }) => {
                    found.bound_to(pat, &init.expr);
                    found.add(leaves(&init.expr));
                    init.diverge.iter().for_each(|(_, otherwise)| found.add(leaves(otherwise)));
                }
                Stmt::Expr(expr, _) => found.add(leaves(expr)),
                _ => {}
            }
        }
        found
    }

    fn of_arms(node: &'a ExprMatch, of_body: impl Fn(&'a Expr) -> Self) -> Self {
        let (mut found, mut given_on) = (Self::default(), false);
        for arm in &node.arms {
            let mut of_arm = of_body(&arm.body);
            given_on |= of_arm.binds(&arm.pat);
            found.add(of_arm);
        }
        if given_on {
            found.add(Self::of(&node.expr));
        }
        found
    }

    fn left_with(block: &'a Block, left: Left<'_>) -> Self {
        Self::behind(Self::default(), block, Some(left))
    }

    fn left_inside(expr: &'a Expr, left: Left<'_>) -> Self {
        match expr {
            Expr::Break(node) if left.is_by(node) => {
                node.expr.iter().map(|value| Self::of(value)).next().unwrap_or_default()
            }
            Expr::Block(node) => Self::left_with(&node.block, left.unless_hidden_by(node.label.as_ref())),
            Expr::Unsafe(node) => Self::left_with(&node.block, left),
            Expr::Loop(node) => Self::left_with(&node.body, left.inside_of_a_loop(node.label.as_ref())),
            Expr::While(node) => {
                let mut found = Self::left_with(&node.body, left.inside_of_a_loop(node.label.as_ref()));
                found.asked_by(&node.cond);
                found
            }
            Expr::ForLoop(node) => Self::left_with(&node.body, left.inside_of_a_loop(node.label.as_ref())),
            Expr::If(node) => {
                let mut found = Self::left_with(&node.then_branch, left);
                found.asked_by(&node.cond);
                node.else_branch.iter().for_each(|(_, otherwise)| found.add(Self::left_inside(otherwise, left)));
                found
            }
            Expr::Match(node) => Self::of_arms(node, |body| Self::left_inside(body, left)),
            _ => Self::default(),
        }
    }

    /// Looks behind the `let`s of a condition.
    fn asked_by(&mut self, condition: &'a Expr) {
        let mut lets = Lets(Vec::new());
        lets.visit_expr(condition);
        lets.0.iter().rev().for_each(|ask| self.bound_to(&ask.pat, &ask.expr));
    }

    /// Looks behind a `let`.
    fn bound_to(&mut self, pat: &Pat, init: &'a Expr) {
        if self.binds(pat) {
            self.add(Self::of(init));
        }
    }

    /// Is a variable of this pattern the value, or put into it: `g`, `Some(g)`? What an `Err(..)` holds is something else. Further out, its
    /// name means another one.
    fn binds(&mut self, pat: &Pat) -> bool {
        let of_err =
            matches!(pat, Pat::TupleStruct(pat) if pat.path.segments.last().is_some_and(|last| last.ident == "Err"));
        let mut held = false;
        for binding in bindings(pat) {
            held |= self.held.remove(&names::plain(&binding.ident));
        }
        held && !of_err
    }

    fn add(&mut self, other: Self) {
        self.values.extend(other.values);
        self.held.extend(other.held);
    }
}

/// What a `break` leaves.
#[derive(Clone, Copy)]
struct Left<'a> {
    label: Option<&'a Label>,
    /// Is it the loop that one without a label leaves?
    innermost: bool,
}

impl Left<'_> {
    fn unless_hidden_by(self, label: Option<&Label>) -> Self {
        let is_it = |of: &&Label| label.is_some_and(|by| by.name.ident == of.name.ident);
        Left { label: self.label.filter(|of| !is_it(of)), ..self }
    }

    fn inside_of_a_loop(self, label: Option<&Label>) -> Self {
        Left { innermost: false, ..self.unless_hidden_by(label) }
    }

    fn is_by(self, node: &ExprBreak) -> bool {
        match (&node.label, self.label) {
            (None, _) => self.innermost,
            (Some(by), Some(of)) => by.ident == of.name.ident,
            (Some(_), None) => false,
        }
    }
}

/// The variables that are this value, or that it is made of.
fn put_into(value: &Expr, held: &mut BTreeSet<String>) {
    match value {
        Expr::Path(path) => held.extend(path.path.get_ident().map(names::plain)),
        Expr::Paren(node) => put_into(&node.expr, held),
        Expr::Tuple(node) => node.elems.iter().for_each(|part| put_into(part, held)),
        Expr::Struct(node) => node.fields.iter().for_each(|field| put_into(&field.expr, held)),
        Expr::Call(node) if is_wrapper(&node.func) => node.args.iter().for_each(|part| put_into(part, held)),
        _ => {}
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

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;

    fn of(code: &str) -> Vec<String> {
        let expr: Expr = syn::parse_str(code).expect("an expression");
        origins(&expr).iter().map(|origin| origin.to_token_stream().to_string().replace(' ', "")).collect()
    }

    #[test]
    fn the_last_variable_of_a_name_is_given_on() {
        assert_eq!(of("{ let l = lock(); let l = l.len(); l }"), ["l", "l.len()"]);
        assert_eq!(of("{ let l = lock(); let m = l; Some(m) }"), ["Some(m)", "l", "lock()"]);
        assert_eq!(of("match lock() { Ok(n) => { let n = *n; n } Err(_) => 0 }"), ["n", "*n", "0"]);
        assert_eq!(of("if let Ok(n) = lock() { let n = *n; n } else { n }"), ["n", "*n", "n"]);
    }

    #[test]
    fn what_a_pattern_takes_is_given_on_and_an_error_is_not() {
        assert_eq!(of("match lock() { Ok(n) => n, Err(n) => 0 }"), ["n", "0", "lock()"]);
        assert_eq!(of("match lock() { Ok(n) => 0, Err(n) => n }"), ["0", "n"]);
        assert_eq!(of("if let Ok(n) = lock() { n } else { 0 }"), ["n", "lock()", "0"]);
    }

    #[test]
    fn what_a_break_takes_along_is_the_value() {
        assert_eq!(of("loop { if let Ok(n) = lock() { break n; } }"), ["n", "lock()"]);
        assert_eq!(of("loop { if let Ok(n) = lock() { let n = *n; break n; } }"), ["n", "*n"]);
        assert_eq!(of("'a: { let n = lock(); while go() { break 'a n; } 3 }"), ["3", "n", "lock()"]);
        assert_eq!(of("loop { for x in 0..3 { break; } loop { break 1; } break 2; }"), ["2"]);
        assert_eq!(of("'a: loop { loop { match x { Some(y) => break 'a y, None => {} } } }"), ["y", "x"]);
    }

    /// Each level twice would be 2^40 looks.
    #[test]
    fn what_is_nested_is_looked_at_once() {
        let nested = |around: fn(String) -> String| (0..40).fold("lock()".to_owned(), |inside, _| around(inside));
        let matches = nested(|inside| format!("match x {{ 1 => 1, _ => {inside} }}"));
        let ifs = nested(|inside| format!("if let Some(x) = x {{ {inside} }} else {{ 1 }}"));
        let blocks = nested(|inside| format!("{{ let x = {inside}; x }}"));
        let loops = nested(|inside| format!("loop {{ break {inside}; }}"));
        let labelled = nested(|inside| format!("'a: {{ let x = {inside}; if go() {{ break 'a x; }} x }}"));
        for code in [matches, ifs, blocks, loops, labelled] {
            assert!(of(&code).contains(&"lock()".to_owned()));
        }
    }
}
