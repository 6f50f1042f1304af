//! A `macro_rules!` of the flow's body: what it does to the flow's variables has to be seen where it is called.

use crate::ast::{Block, Flow, Stmt, Taker};
use crate::captures::captured;
use crate::errors::Errors;
use crate::known_macros::is_known_name;
use crate::names;
use crate::patterns::bindings;
use crate::tokens::is_punct;
use proc_macro2::{Ident, TokenStream, TokenTree};
use std::collections::HashSet;
use syn::visit::{self, Visit};
use syn::{ExprLet, Item, ItemMacro, Pat};

pub(super) fn check(flow: &Flow, errors: &mut Errors) {
    let params = [&flow.head.ctx, &flow.head.input];
    let ctx = params[0].iter().flat_map(|ctx| bindings(&ctx.pat)).next().map(|ctx| names::plain(&ctx.ident));
    block(&flow.body, &mut Vec::new(), ctx.as_deref(), errors);
}

/// `mutable` has the names of the `mut` variables around.
fn block(of: &Block, mutable: &mut Vec<String>, ctx: Option<&str>, errors: &mut Errors) {
    let mark = mutable.len();
    for stmt in &of.stmts {
        match stmt {
            Stmt::Item(Item::Macro(item)) if item.mac.path.is_ident("macro_rules") => {
                definition(item, mutable, ctx, errors);
            }
            Stmt::Plain(syn::Stmt::Local(local)) => {
                let deferred = local.init.is_none();
                let changing = bindings(&local.pat).into_iter().filter(|one| one.mutable || deferred);
                mutable.extend(changing.map(|one| names::plain(&one.ident)));
            }
            _ => {
                let mark = mutable.len();
                mutable.extend(bound_inside(stmt).into_iter().flat_map(changing));
                stmt.blocks().into_iter().for_each(|inner| block(inner, mutable, ctx, errors));
                mutable.truncate(mark);
                mutable.extend(bound_by(stmt).into_iter().flat_map(changing));
            }
        }
    }
    mutable.truncate(mark);
}

/// The patterns of control flow, whose variables its blocks see.
fn bound_inside(stmt: &Stmt) -> Vec<&Pat> {
    match stmt {
        Stmt::For(bound) => vec![&bound.node.pat],
        Stmt::Match(bound) => bound.node.arms.iter().map(|arm| &arm.pat).collect(),
        Stmt::If(bound) => {
            let mut lets = Lets(Vec::new());
            lets.visit_expr(&bound.node.condition);
            lets.0
        }
        _ => Vec::new(),
    }
}

/// The pattern that takes the value of control flow, or of a point.
fn bound_by(stmt: &Stmt) -> Option<&Pat> {
    let taker = match stmt {
        Stmt::If(bound) => &bound.taker,
        Stmt::Match(bound) => &bound.taker,
        Stmt::Loop(bound) => &bound.taker,
        Stmt::For(bound) => &bound.taker,
        Stmt::Nested(bound) => &bound.taker,
        Stmt::Point(point) => return point.target.as_ref().map(|target| &target.pat),
        Stmt::Item(_) | Stmt::Plain(_) => return None,
    };
    match taker {
        Taker::Let(target) => Some(&target.pat),
        Taker::Assign(_) | Taker::Nobody => None,
    }
}

struct Lets<'a>(Vec<&'a Pat>);

impl<'a> Visit<'a> for Lets<'a> {
    fn visit_expr_let(&mut self, node: &'a ExprLet) {
        self.0.push(&node.pat);
        visit::visit_expr_let(self, node);
    }
}

fn changing(pat: &Pat) -> impl Iterator<Item = String> {
    bindings(pat).into_iter().filter(|one| one.mutable).map(|one| names::plain(&one.ident))
}

fn definition(item: &ItemMacro, mutable: &[String], ctx: Option<&str>, errors: &mut Errors) {
    if let Some(name) = item.ident.as_ref().filter(|name| is_known_name(name)) {
        let what = format!("this `{name}!` has the name of one of the standard library's");
        let why = "where such a macro leads is known by its name, and this one may lead elsewhere";
        errors.push(name, &what, why, "give it another name");
    }
    if let Some(at) = binds_for_its_caller(item.mac.tokens.clone()) {
        let what = "a macro of the flow's cannot define a variable for its caller";
        let why = "the flow is taken apart before it is expanded: behind the next step the variable would not be there";
        errors.push(at, what, why, "let it give the value: `let total = next!(total);`");
    }
    let mut seen = HashSet::new();
    for (ident, field) in captured(item.mac.tokens.clone()).into_iter() {
        let name = names::plain(&ident);
        let is_ctx = ctx == Some(name.as_str());
        if !(mutable.contains(&name) || (is_ctx && field.as_deref() != Some("deps"))) || !seen.insert(name.clone()) {
            continue;
        }
        let (what, why) = match is_ctx {
            true => (
                format!("`{name}` in a macro of the flow's is not the context of the step that calls it"),
                "it would have no idempotency key there",
            ),
            false => (
                format!("`{name}` may change in a macro of the flow's, where no call of it shows that"),
                "what it changes would not be saved",
            ),
        };
        errors.push(&ident, &what, why, &format!("give it to the macro: `${name}:ident`"));
    }
}

/// The `let` in `=> { let $name = ..; }`: one in inner braces ends with them.
fn binds_for_its_caller(rules: TokenStream) -> Option<Ident> {
    let tokens: Vec<TokenTree> = rules.into_iter().collect();
    let rule = |(place, token): (usize, &TokenTree)| match token {
        TokenTree::Group(group) if place > 1 && is_punct(&tokens[place - 1], '>') => binding_let(group.stream()),
        _ => None,
    };
    tokens.iter().enumerate().find_map(rule)
}

fn binding_let(code: TokenStream) -> Option<Ident> {
    let mut after = None;
    for token in code {
        after = match (&token, after) {
            (TokenTree::Ident(word), _) if word == "let" => Some(word.clone()),
            (TokenTree::Ident(word), Some(at)) if word == "mut" => Some(at),
            (TokenTree::Punct(dollar), Some(at)) if dollar.as_char() == '$' => return Some(at),
            _ => None,
        };
    }
    None
}
