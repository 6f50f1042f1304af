//! What macros from outside of the flow may define anew: such a statement may be a `let`, which is lost where its stretch ends.

use super::Builder;
use super::plain::Pending;
use crate::known_macros;
use crate::lower::mentions;
use crate::model::{Anew, VarId};
use crate::patterns::bindings;
use crate::tokens::some_punct;
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{Expr, Stmt};

impl Builder<'_> {
    /// What a statement may define anew. A `let` of a variable of this stretch is one like any other: what is handed on is what has the
    /// name at the end.
    pub(super) fn perhaps_anew(&self, stmt: &Stmt, pending: &Pending) -> Vec<Anew> {
        let Stmt::Macro(call) = stmt else { return Vec::new() };
        if known_macros::is_known(&call.mac) || known_macros::leaves(&call.mac) {
            return Vec::new();
        }
        let inside = known_macros::stays(&call.mac);
        let of_stretch = |id: &VarId| pending.defines.contains(id) && !pending.assigns.contains(id);
        let variable = |ident: Ident| self.scopes.resolve(&ident).map(|variable| (variable, ident));
        let variables = words(call.mac.tokens.clone()).into_iter().filter_map(variable);
        let lost = variables.filter(|(variable, _)| inside || !of_stretch(variable));
        let stmt = pending.stmts.len();
        lost.map(|(variable, ident)| Anew { stmt, inside, variable, ident, needed: false, hidden_at: None }).collect()
    }
}

/// Looks at what is behind a macro that may define a variable anew.
pub(super) fn look_behind(one: &mut Anew, stmts: &[Stmt], asked: Option<&Expr>) {
    let behind = one.stmt + 1;
    let mentions = stmts[behind..].iter().flat_map(mentions::in_stmt);
    let mut mentions = mentions.chain(asked.into_iter().flat_map(mentions::in_expr));
    one.needed = mentions.any(|mention| mention.ident == one.ident);
    let hides = |stmt: &Stmt| match stmt {
        Stmt::Local(local) => bindings(&local.pat).iter().any(|binding| binding.ident == one.ident),
        _ => false,
    };
    one.hidden_at = stmts[behind..].iter().position(hides).map(|place| behind + place);
}

/// The words in a macro's tokens that it could bind, each once.
fn words(tokens: TokenStream) -> Vec<Ident> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found: Vec<Ident> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let here = match token {
            TokenTree::Ident(word) if !is_part(&tokens, at) => vec![word.clone()],
            TokenTree::Group(group) => words(group.stream()),
            _ => Vec::new(),
        };
        for word in here {
            if !found.contains(&word) {
                found.push(word);
            }
        }
    }
    found
}

/// Is this word a field, or only a part of an expression: `order.total`, `&order`?
fn is_part(tokens: &[TokenTree], at: usize) -> bool {
    let is = |token: Option<&TokenTree>, signs: [char; 2]| signs.into_iter().any(|sign| some_punct(token, sign));
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    is(before, ['.', '&']) || is(tokens.get(at + 1), ['.', '?'])
}
