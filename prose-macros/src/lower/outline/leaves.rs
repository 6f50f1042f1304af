//! The ways out of plain code, wherever they hide in it: `?`, `return`, `break` and `continue` of what is outside.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprMacro, Item, Lifetime, Macro, Stmt};

/// A way out.
pub(super) enum Leave {
    /// `?`
    Question,
    /// `return`, and macros that do.
    Return(Outcome),
    Break(Option<Lifetime>),
    Continue(Option<Lifetime>),
}

impl Leave {
    /// Does it end the flow, or what is around it, without an error that is only passed on?
    fn is_decision(&self) -> bool {
        !matches!(self, Leave::Question)
    }
}

/// What a flow that returns a value comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    Completes,
    Fails,
    /// Some of its branches do the one, some the other.
    Mixed,
    /// Its text does not tell.
    Either,
}

impl Outcome {
    fn or(self, other: Outcome) -> Outcome {
        if self == other { self } else { Outcome::Mixed }
    }
}

/// The outcome of returning this value.
pub(super) fn outcome(value: &Expr) -> Outcome {
    match value {
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => match path.path.segments.last() {
                Some(last) if last.ident == "Ok" => Outcome::Completes,
                Some(last) if last.ident == "Err" => Outcome::Fails,
                _ => Outcome::Either,
            },
            _ => Outcome::Either,
        },
        Expr::Paren(paren) => outcome(&paren.expr),
        Expr::Group(group) => outcome(&group.expr),
        Expr::Block(block) => outcome_of_block(&block.block),
        Expr::If(node) => {
            let otherwise = node.else_branch.as_ref().map_or(Outcome::Either, |(_, otherwise)| outcome(otherwise));
            outcome_of_block(&node.then_branch).or(otherwise)
        }
        Expr::Match(node) => {
            let all = node.arms.iter().map(|arm| outcome(&arm.body)).reduce(Outcome::or);
            all.unwrap_or(Outcome::Either)
        }
        _ => Outcome::Either,
    }
}

fn outcome_of_block(block: &Block) -> Outcome {
    match block.stmts.last() {
        Some(Stmt::Expr(value, None)) => outcome(value),
        _ => Outcome::Either,
    }
}

/// The ways out of an expression.
pub(super) fn of_expr(expr: &Expr) -> Vec<Leave> {
    let mut search = Search::default();
    search.visit_expr(expr);
    search.found
}

/// Does the expression decide where the flow goes on?
pub(super) fn decides(expr: &Expr) -> bool {
    of_expr(expr).iter().any(Leave::is_decision)
}

/// Can the body of a point fail?
pub(super) fn can_fail(body: &Expr) -> bool {
    let fails = |leave: &Leave| match leave {
        Leave::Question => true,
        Leave::Return(outcome) => *outcome != Outcome::Completes,
        Leave::Break(_) | Leave::Continue(_) => false,
    };
    of_expr(body).iter().any(fails)
}

#[derive(Default)]
struct Search {
    found: Vec<Leave>,
    /// Loops inside of the code: a bare `break` is theirs.
    loops: usize,
    /// Labels inside of the code.
    labels: Vec<String>,
}

impl Search {
    fn labelled(&mut self, label: Option<&syn::Label>, visit: impl FnOnce(&mut Self)) {
        self.labels.extend(label.map(|label| label.name.to_string()));
        visit(self);
        if label.is_some() {
            self.labels.pop();
        }
    }

    fn in_loop(&mut self, label: Option<&syn::Label>, visit: impl FnOnce(&mut Self)) {
        self.loops += 1;
        self.labelled(label, visit);
        self.loops -= 1;
    }

    fn is_inside(&self, label: Option<&Lifetime>) -> bool {
        label.map_or(self.loops > 0, |label| self.labels.contains(&label.to_string()))
    }

    /// `?` behind a value; in front of one it is `tracing`'s.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut value = false;
        for token in tokens {
            match &token {
                TokenTree::Punct(punct) if punct.as_char() == '?' && value => self.found.push(Leave::Question),
                TokenTree::Ident(word) if word == "return" => self.found.push(Leave::Return(Outcome::Either)),
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => {}
            }
            value = !matches!(&token, TokenTree::Punct(punct) if punct.as_char() != '?');
        }
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_expr_try(&mut self, node: &'ast syn::ExprTry) {
        visit::visit_expr_try(self, node);
        self.found.push(Leave::Question);
    }

    fn visit_expr_return(&mut self, node: &'ast syn::ExprReturn) {
        visit::visit_expr_return(self, node);
        self.found.push(Leave::Return(node.expr.as_deref().map_or(Outcome::Either, outcome)));
    }

    fn visit_expr_break(&mut self, node: &'ast syn::ExprBreak) {
        visit::visit_expr_break(self, node);
        if !self.is_inside(node.label.as_ref()) {
            self.found.push(Leave::Break(node.label.clone()));
        }
    }

    fn visit_expr_continue(&mut self, node: &'ast syn::ExprContinue) {
        if !self.is_inside(node.label.as_ref()) {
            self.found.push(Leave::Continue(node.label.clone()));
        }
    }

    fn visit_expr_loop(&mut self, node: &'ast syn::ExprLoop) {
        self.in_loop(node.label.as_ref(), |search| visit::visit_expr_loop(search, node));
    }

    fn visit_expr_while(&mut self, node: &'ast syn::ExprWhile) {
        self.in_loop(node.label.as_ref(), |search| visit::visit_expr_while(search, node));
    }

    fn visit_expr_for_loop(&mut self, node: &'ast syn::ExprForLoop) {
        self.in_loop(node.label.as_ref(), |search| visit::visit_expr_for_loop(search, node));
    }

    fn visit_expr_block(&mut self, node: &'ast syn::ExprBlock) {
        self.labelled(node.label.as_ref(), |search| visit::visit_expr_block(search, node));
    }

    fn visit_expr_macro(&mut self, node: &'ast ExprMacro) {
        self.visit_macro(&node.mac);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        self.tokens(mac.tokens.clone());
        match mac.path.segments.last() {
            Some(last) if last.ident == "bail" => self.found.push(Leave::Return(Outcome::Fails)),
            Some(last) if last.ident == "ensure" => self.found.push(Leave::Question),
            _ => {}
        }
    }

    // What these leave is themselves.
    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    fn visit_item(&mut self, _: &'ast Item) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

/// The label's name, as it is compared.
pub(super) fn name(label: &impl ToTokens) -> String {
    label.to_token_stream().to_string()
}
