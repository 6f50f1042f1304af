//! A transaction: its rows, its output and the record that it is done are committed together.

use super::handover::Handover;
use super::{Context, body};
use crate::model::Point;
use crate::names;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned;
use syn::{Expr, ExprReference, token};

/// `#[transaction(tx = EXPR)]`
pub(super) fn transaction(cx: &Context<'_>, point: &Point, database: &Expr) -> TokenStream {
    let (m, number, open) = (names::machine(), names::number(), names::local("open"));
    let (ctx, database) = (body::ctx(cx, point), checked(cx, database));
    let attempt = body::attempt(cx, point, tx(point));
    let bind = body::bind(point, &body::outcome(cx, point));
    let (outputs, result) = (body::outputs(cx, point), body::result(cx, point));
    let loaded = loaded(cx, point);
    if point.retry.is_none() {
        return quote! {
            #ctx
            match #m.begin_once(#number, #database).await {
                ::core::option::Option::Some(mut #open) => {
                    #attempt
                    #bind
                    #outputs
                    #m.commit_once(#number, #open).await;
                    #result
                }
                ::core::option::Option::None => #loaded,
            }
        };
    }
    let (private, when) = (cx.private(), body::when(cx, point));
    quote! {
        #when
        loop {
            #ctx
            let mut #open = match #m.begin(#number, #database).await {
                #private::Start::Open(#open) => #open,
                #private::Start::Done => break #loaded,
                #private::Start::Again => continue,
            };
            #attempt
            #bind
            #outputs
            match #m.commit(#number, #open).await {
                #private::Committed::Done => break #result,
                #private::Committed::Again => {}
            }
        }
    }
}

/// The outputs that others need, of a transaction that was committed before.
fn loaded(cx: &Context<'_>, point: &Point) -> TokenStream {
    let handover = Handover::of(cx, &point.exports);
    if handover.is_empty() { quote!({}) } else { handover.stand_in() }
}

/// `private::database(&EXPR)`, so that what is none is told there, and once.
fn checked(cx: &Context<'_>, database: &Expr) -> TokenStream {
    let (private, borrowed) = (cx.private(), borrowed(database));
    names::call_at(database.span(), quote!(#private::database), quote!(#borrowed))
}

/// `&EXPR`, with parentheses only where they are needed; whoever wrote the `&` himself meant the same.
fn borrowed(database: &Expr) -> Expr {
    if matches!(database, Expr::Reference(_)) {
        return database.clone();
    }
    Expr::Reference(ExprReference {
        attrs: Vec::new(),
        // At the expression, so that what is wrong with it is told there.
        and_token: token::And { spans: [database.span()] },
        mutability: None,
        expr: Box::new(database.clone()),
    })
}

/// `let tx = open.tx();`, the user's `tx`, where the body mentions it.
fn tx(point: &Point) -> Option<TokenStream> {
    let (tx, open) = (Ident::new("tx", Span::call_site()), names::local("open"));
    point.uses_tx.then(|| quote!(let #tx = #open.tx();))
}
