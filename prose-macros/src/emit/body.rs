//! The body of a point: in place, where a failure of it is the flow's; else an async block of its own, in a loop if it may be tried again.
//!
//! ```text
//! m.start(p).await;
//! let receipt: Receipt = <the user's body>;
//! ```
//!
//! ```text
//! let mut given = None;
//! let body = async { let v: Receipt = <the user's body>; given = Some(v); Ok::<_, OrderError>(private::Given) };
//! let tried = m.run(p, pin!(body)).await;
//! let receipt = match tried { Ok(_) => match given { Some(v) => v, None => unreachable!() }, Err(e) => return Err(e) };
//! ```
//!
//! The value goes around the machine, so that running a body is compiled once for each type of error, and not for each step.
//! What the body itself returns as a value (`return Ok(v)`) cannot go that way; then its future has the value. So it has where a
//! macro may expand to that.

use super::Context;
use super::handover::Handover;
use crate::ast::Kind;
use crate::known_macros;
use crate::model::{Point, VarId};
use crate::names;
use crate::patterns::without_mut;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Pat, Token};

/// A step or a validation.
pub(super) fn step(cx: &Context<'_>, point: &Point) -> TokenStream {
    let (m, number) = (names::machine(), names::number());
    let bind = match runs_in_place(point) {
        true => in_place(cx, point, &bound_in_place(point)),
        false => bind(point, &value(cx, point)),
    };
    let (outputs, result) = (outputs(cx, point), result(cx, point));
    quote!(#bind #outputs #m.completed(#number); #result)
}

/// Whether a body means the same without a future of its own, which would be compiled for each step: it is not tried again, and what
/// leaves it is a failure, which leaves the flow.
fn runs_in_place(point: &Point) -> bool {
    point.retry.is_none() && !leaves_otherwise(point.body.to_token_stream())
}

/// `m.start(p).await; <a statement with the user's body>`
fn in_place(cx: &Context<'_>, point: &Point, run: &TokenStream) -> TokenStream {
    let (m, number, ctx, attrs) = (names::machine(), names::number(), ctx(cx, point), &point.attrs);
    quote!(#ctx #m.start(#number).await; #(#attrs)* #run)
}

/// `let PAT: T = <the user's body>;`. One without a value may end in `return Err(..)`: `if true`, because a lint would say that what
/// stands behind it is unreachable.
fn bound_in_place(point: &Point) -> TokenStream {
    let body = block_or_expr(point);
    match &point.target {
        Some(target) => {
            let (pat, ty) = (without_mut(&target.pat), target.ty.as_ref().map(|ty| quote!(: #ty)));
            quote!(let #pat #ty = #body;)
        }
        None => quote!(if true { #body }),
    }
}

/// `let EVENTS = <what the body comes to>;`
pub(super) fn named(cx: &Context<'_>, point: &Point, events: &Ident) -> TokenStream {
    if runs_in_place(point) {
        let body = block_or_expr(point);
        return in_place(cx, point, &quote!(let #events = #body;));
    }
    let value = value(cx, point);
    quote!(let #events = #value;)
}

/// An expression: the value that the body comes to. A failure leaves the flow.
pub(super) fn value(cx: &Context<'_>, point: &Point) -> TokenStream {
    value_of(cx, point, None)
}

/// The same of a body that opens with these statements.
pub(super) fn value_of(cx: &Context<'_>, point: &Point, open: Option<TokenStream>) -> TokenStream {
    let (ctx, attempt) = (ctx(cx, point), attempt(cx, point, open));
    if point.retry.is_none() {
        let value = unless_failed(point);
        return quote!({ #ctx #attempt #value });
    }
    let when = when(cx, point);
    let ended = unless_again(cx, point, |value| quote!(break #value), None);
    quote!({ #when loop { #ctx #attempt #ended } })
}

/// `let body = async { .. }; let tried = m.run(p, pin!(body)).await;`
pub(super) fn attempt(cx: &Context<'_>, point: &Point, open: Option<TokenStream>) -> TokenStream {
    let (m, number) = (names::machine(), names::number());
    let (tried, body, future) = (names::local("tried"), names::local("body"), future(cx, point, open));
    let call = match point.retry {
        None => quote!(#m.run(#number, ::core::pin::pin!(#body))),
        Some(_) => {
            let may_retry = may_retry(cx, point);
            quote!(#m.attempt(#number, #may_retry, ::core::pin::pin!(#body)))
        }
    };
    let given = goes_around(point).then(|| {
        let given = names::local("given");
        quote!(let mut #given = ::core::option::Option::None;)
    });
    quote!(#given let #body = #future; let #tried = #call.await;)
}

/// `async { .. Ok(v) }`: `?` and `return Err(..)` leave the body, not the flow.
fn future(cx: &Context<'_>, point: &Point, open: Option<TokenStream>) -> TokenStream {
    let error = cx.error();
    let (v, body) = (names::local("v"), block_or_expr(point));
    let ok = quote!(::core::result::Result::Ok::<_, #error>);
    let attrs = &point.attrs;
    // What rustc says of the body as a whole, it says at the attribute. A body without a value may end in `return Err(..)`: `if true`,
    // because a lint would say that what stands behind it is unreachable.
    let asynchronous = Token![async](Span::mixed_site().located_at(point.span));
    if !has_value(point) {
        return quote!(#asynchronous { #open #(#attrs)* if true { #body } #ok(()) });
    }
    let ty = point.target.as_ref().and_then(|target| target.ty.as_ref()).map(|ty| quote!(: #ty));
    let end = if goes_around(point) {
        let (given, private) = (names::local("given"), cx.private());
        quote!(#given = ::core::option::Option::Some(#v); #ok(#private::Given))
    } else {
        quote!(#ok(#v))
    };
    let returns = (!goes_around(point)).then(|| returns(cx, point));
    quote!(#asynchronous { #open #returns #(#attrs)* let #v #ty = #body; #end })
}

/// `if false { return Ok::<T, E>(private::unreached()); }`: of a `return` with another type rustc tells at that one, and not at the end.
fn returns(cx: &Context<'_>, point: &Point) -> Option<TokenStream> {
    let (error, ty) = (cx.error(), point.target.as_ref()?.ty.as_ref()?);
    let ok = quote!(::core::result::Result::Ok::<#ty, #error>);
    let private = cx.private();
    Some(quote!(if false { return #ok(#private::unreached()); }))
}

fn has_value(point: &Point) -> bool {
    point.target.is_some() || matches!(point.kind, Kind::Event { .. })
}

/// Whether the value goes around the machine: it has one, and the body gives it at its end only.
fn goes_around(point: &Point) -> bool {
    has_value(point) && !returns_value(point.body.to_token_stream())
}

/// `return Err(..)` returns none. What a macro of somebody else's expands to is not known: it may.
fn returns_value(body: TokenStream) -> bool {
    leaves(body, &|_| false)
}

/// Whether a body is left in another way than at its end or by a failure: it returns a value, or a jump may lead out of it, which is
/// an error only where the body is a future of its own.
fn leaves_otherwise(body: TokenStream) -> bool {
    leaves(body, &|word| word == "break" || word == "continue")
}

/// `also`: further words by which it is left.
fn leaves(body: TokenStream, also: &dyn Fn(&Ident) -> bool) -> bool {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let leaves = |(at, token): (usize, &TokenTree)| match token {
        TokenTree::Ident(ident) if also(ident) => true,
        TokenTree::Ident(ident) if ident == "return" => {
            !matches!(tokens.get(at + 1), Some(TokenTree::Ident(next)) if next == "Err")
        }
        TokenTree::Ident(_) => {
            known_macros::called(&tokens, at).is_some_and(|path| !known_macros::is_known_path(&path))
        }
        TokenTree::Group(group) => self::leaves(group.stream(), also),
        _ => false,
    };
    tokens.iter().enumerate().any(leaves)
}

/// The body as written. The braces of a block that lost its label are ours: a lint would else find them unneeded.
fn block_or_expr(point: &Point) -> TokenStream {
    let (Expr::Block(block), None) = (&point.body, &point.target) else {
        return point.body.to_token_stream();
    };
    let label = point.label.as_ref().map(|label| quote!(#label:));
    let stmts = &block.block.stmts;
    quote!(#label { #(#stmts)* })
}

/// `let ctx = m.ctx(&ctx, p);`: the context of this attempt, where the body wants it.
pub(super) fn ctx(cx: &Context<'_>, point: &Point) -> Option<TokenStream> {
    let Some(Pat::Ident(ctx)) = cx.head().ctx.as_ref().map(|ctx| &ctx.pat) else { return None };
    let (m, number, ctx) = (names::machine(), names::number(), names::again(&ctx.ident));
    point.uses_ctx.then(|| quote!(let #ctx = #m.ctx(&#ctx, #number);))
}

/// `let when: &(dyn Fn(&E) -> bool + Sync) = &WHEN;`: the type lets a closure leave out its own.
pub(super) fn when(cx: &Context<'_>, point: &Point) -> Option<TokenStream> {
    let (when, error) = (names::local("when"), cx.error());
    let expr = point.retry.as_ref()?.when.as_ref()?;
    let asked = quote!(dyn ::core::ops::Fn(&#error) -> ::core::primitive::bool + ::core::marker::Sync);
    let borrowed = quote_spanned!(expr.span()=> &#expr);
    Some(quote!(let #when: &(#asked) = #borrowed;))
}

/// Which errors are tried again: never a failed validation, whatever `when` says.
fn may_retry(cx: &Context<'_>, point: &Point) -> TokenStream {
    let (private, error, e) = (cx.private(), cx.error(), names::local("e"));
    let when = names::local("when");
    let and_when = point.retry.as_ref().is_some_and(|retry| retry.when.is_some()).then(|| quote!(&& #when(#e)));
    quote!(&|#e: &#error| !#private::is_validation!(#e) #and_when)
}

/// An expression: what `tried` comes to without a retry.
fn unless_failed(point: &Point) -> TokenStream {
    let (tried, (pat, value)) = (names::local("tried"), given(point));
    let failed = failed(&quote!(::core::result::Result::Err));
    quote!(match #tried { ::core::result::Result::Ok(#pat) => #value, #failed })
}

/// A pattern for what the body's future comes to, and the expression for what its body came to.
fn given(point: &Point) -> (TokenStream, TokenStream) {
    let (v, given) = (names::local("v"), names::local("given"));
    if !goes_around(point) {
        return (quote!(#v), quote!(#v));
    }
    let value = quote! {
        match #given {
            ::core::option::Option::Some(#v) => #v,
            ::core::option::Option::None => ::core::unreachable!(),
        }
    };
    (quote!(_), value)
}

/// An expression: what `tried` comes to in a loop of attempts. The body is gone by then, and an open transaction is rolled
/// back ahead of the pause: it would keep everybody else from writing.
fn unless_again(
    cx: &Context<'_>,
    point: &Point,
    done: impl FnOnce(&TokenStream) -> TokenStream,
    open: Option<&Ident>,
) -> TokenStream {
    let (private, m, tried, pause) = (cx.private(), names::machine(), names::local("tried"), names::local("pause"));
    let failed = failed(&quote!(#private::Try::Failed));
    let (pat, value) = given(point);
    let done = done(&value);
    let (close, next) = open.map(|open| (quote!(::core::mem::drop(#open);), quote!(continue))).unzip();
    quote! {
        match #tried {
            #private::Try::Done(#pat) => #done,
            #private::Try::Again(#pause) => { #close #m.pause(#pause).await; #next }
            #failed
        }
    }
}

fn failed(variant: &TokenStream) -> TokenStream {
    let e = names::local("e");
    quote!(#variant(#e) => return ::core::result::Result::Err(#e))
}

/// `tried` taken apart inside of a transaction's loop, or without one.
pub(super) fn outcome(cx: &Context<'_>, point: &Point) -> TokenStream {
    match point.retry {
        None => unless_failed(point),
        Some(_) => unless_again(cx, point, |value| quote!(#value), Some(&names::local("open"))),
    }
}

/// `let PAT = VALUE;`
pub(super) fn bind(point: &Point, value: &TokenStream) -> TokenStream {
    match &point.target {
        Some(target) => {
            let pat = without_mut(&target.pat);
            quote!(let #pat = #value;)
        }
        None => quote!(#value;),
    }
}

/// `m.save(&k_total, &total);` for each.
pub(super) fn outputs(cx: &Context<'_>, point: &Point) -> TokenStream {
    let m = names::machine();
    let output = |id: &VarId| {
        let (key, borrow) = (cx.key(*id), cx.borrow_at(*id, cx.variable(*id).ident.span()));
        quote!(#m.save(&#key, #borrow);)
    };
    point.outputs.iter().map(output).collect()
}

/// The outputs that others need, if any.
pub(super) fn result(cx: &Context<'_>, point: &Point) -> Option<TokenStream> {
    let handover = Handover::of(cx, &point.exports);
    (!handover.is_empty()).then(|| handover.value())
}
