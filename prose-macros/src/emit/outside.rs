//! Macros from outside of the flow, which the macro cannot look into. rustc can, and refuses one that does what would be lost here.
//!
//! One that awaits: what it does would be done again after a crash. The guard cannot be sent to another thread, so that nothing may
//! be awaited as long as it is there.
//! ```text
//! let _plain: private::AwaitedOutsideOfAStep = private::AwaitedOutsideOfAStep::nothing();
//! ```
//! One that is the `let` of a variable from before: behind the stretch, that would be the old one again. A borrow of the new one does not
//! leave the stretch.
//! ```text
//! bump!(total);   =>   let (out, _) = { bump!(total); (.., (&total,)) }; out
//! ```
//! One that jumps, although it is named as one that does not: out of a labelled block, no `break` or `continue` leads without a label.
//! ```text
//! warn!("late");   =>   '_inside: { warn!("late"); };
//! ```

use super::Context;
use crate::known_macros;
use crate::model::Anew;
use crate::names;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{
    Attribute, Expr, ExprAsync, ExprClosure, ExprMacro, Item, Lifetime, Macro, Stmt, StmtMacro, parse_quote,
    parse_quote_spanned,
};

/// The guard in front of these statements and of what is asked behind them, if any of them may await.
pub(super) fn nothing_awaited<'a>(
    cx: &Context<'_>,
    stmts: &[Stmt],
    asked: impl IntoIterator<Item = &'a Expr>,
) -> Option<TokenStream> {
    let mut search = FromOutside(None);
    stmts.iter().for_each(|stmt| search.visit_stmt(stmt));
    asked.into_iter().for_each(|asked| search.visit_expr(asked));
    let private = cx.private();
    search.0.map(|at| {
        let plain = Ident::new("_plain", at);
        quote_spanned!(at=> let #plain = #private::AwaitedOutsideOfAStep::nothing();)
    })
}

/// The first macro that nobody knows.
struct FromOutside(Option<Span>);

impl<'ast> Visit<'ast> for FromOutside {
    fn visit_macro(&mut self, mac: &'ast Macro) {
        if !known_macros::is_known(mac) {
            self.0.get_or_insert(Span::mixed_site().located_at(mac.path.span()));
        }
    }

    // A future that is made here is polled elsewhere.
    fn visit_expr_async(&mut self, _: &'ast ExprAsync) {}
    fn visit_expr_closure(&mut self, _: &'ast ExprClosure) {}
    fn visit_item(&mut self, _: &'ast Item) {}
}

/// An expression: the stretch's value, unless its macros have defined any of these variables.
pub(super) fn unchanged(
    cx: &Context<'_>,
    anew: &[Anew],
    run: &TokenStream,
    value: &TokenStream,
) -> Option<TokenStream> {
    let lost: Vec<_> = anew.iter().filter(|one| !one.inside).collect();
    let at = at(&lost.first()?.ident);
    let (borrows, out) = (borrows(cx, &lost), Ident::new("out", at));
    let mut block = Group::new(Delimiter::Brace, quote!(#run (#value, #borrows)));
    block.set_span(at);
    Some(quote_spanned!(at=> let (#out, _) = #block;))
}

fn at(word: &Ident) -> Span {
    Span::mixed_site().located_at(word.span())
}

fn borrows(cx: &Context<'_>, anew: &[&Anew]) -> TokenStream {
    let borrows = anew.iter().map(|one| match one.hidden_at {
        Some(_) if !one.inside => kept(cx, one).into_token_stream(),
        _ => borrow(cx, one),
    });
    quote!((#(#borrows,)*))
}

fn borrow(cx: &Context<'_>, one: &Anew) -> TokenStream {
    let again = cx.again_at(one.variable, one.ident.span());
    quote_spanned!(one.ident.span()=> &#again)
}

fn kept(cx: &Context<'_>, one: &Anew) -> Ident {
    names::kept(&cx.variable(one.variable).identity)
}

/// `let kept_total = &total;`, in front of the statement from which on the name is that of another variable.
pub(super) fn kept_ahead(cx: &Context<'_>, place: usize, anew: &[Anew]) -> Vec<Stmt> {
    let hidden = anew.iter().filter(|one| !one.inside && one.hidden_at == Some(place));
    let keep = |one: &Anew| {
        let (kept, borrow) = (kept(cx, one), borrow(cx, one));
        parse_quote!(let #kept = #borrow;)
    };
    hidden.map(keep).collect()
}

/// A call that stays, as a statement of a stretch.
pub(super) fn in_stretch(cx: &Context<'_>, call: &StmtMacro, place: usize, anew: &[Anew]) -> Stmt {
    let lost: Vec<_> = anew.iter().filter(|one| one.inside && one.stmt == place).collect();
    let Some(first) = lost.first() else { return inside_stmt(call) };
    let (label, private, borrows) = (label(), cx.private(), borrows(cx, &lost));
    let (at, attrs, mac) = (at(&first.ident), &call.attrs, &call.mac);
    let mut block = Group::new(Delimiter::Brace, quote!(#mac; #borrows));
    block.set_span(at);
    parse_quote_spanned!(at=> #(#attrs)* #private::unchanged(#label: #block);)
}

/// A call that stays, as a statement. Its `;` is inside as well: without it, the call would be an expression, and may not expand to
/// statements.
pub(super) fn inside_stmt(call: &StmtMacro) -> Stmt {
    let StmtMacro { attrs, mac, semi_token } = call;
    Stmt::Expr(inside(attrs, quote!(#mac #semi_token)), *semi_token)
}

/// The same, as an expression.
pub(super) fn inside_expr(call: &ExprMacro) -> Expr {
    inside(&call.attrs, call.mac.to_token_stream())
}

fn inside(attrs: &[Attribute], call: impl ToTokens) -> Expr {
    let label = label();
    parse_quote!(#(#attrs)* #label: { #call })
}

fn label() -> Lifetime {
    Lifetime::new("'_inside", Span::mixed_site())
}
