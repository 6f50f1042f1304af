//! From tokens to the [`ast`](crate::ast): the flow's arguments, its signature, its body.

mod attribute;
mod body;
mod each;
mod hygiene;
mod let_else;
mod migrate;
mod misplaced;
mod name;
mod options;
mod output;
mod parallel;
mod point;
mod search;
mod signature;
mod wait;

pub(crate) use attribute::is_point_name;

use crate::ast::Flow;
use crate::errors::{Errors, message};
use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Signature, Stmt, Token, Visibility};

/// Parses a flow; `None` if there is not even a signature. What is wrong goes to `errors`.
pub(crate) fn flow(args: TokenStream, item: TokenStream, errors: &mut Errors) -> Option<Flow> {
    let item = syn::parse2::<HalfTyped>(hygiene::unified(item)).map_err(|error| errors.push_syntax(error)).ok()?;
    let head = signature::head(args, &item, errors);
    let stmts = item.stmts.and_then(misplaced::without_self).unwrap_or_else(|error| {
        errors.push_syntax(error);
        Vec::new()
    });
    misplaced::refuse(&stmts, errors);
    let mut body = body::block(stmts, errors);
    name::settle(&mut body, errors);
    Some(Flow { head, body })
}

/// A fn whose body may not parse yet, as while someone types it.
struct HalfTyped {
    attrs: Vec<Attribute>,
    vis: Visibility,
    sig: Signature,
    stmts: syn::Result<Vec<Stmt>>,
}

impl Parse for HalfTyped {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        refuse_without_body(input)?;
        let body;
        syn::braced!(body in input);
        let stmts = body.call(syn::Block::parse_within);
        if stmts.is_err() {
            body.parse::<TokenStream>()?;
        }
        Ok(HalfTyped { attrs, vis, sig, stmts })
    }
}

/// A fn of a trait may have none.
fn refuse_without_body(input: ParseStream<'_>) -> syn::Result<()> {
    match input.peek(Token![;]) {
        true => Err(input.error(message(
            "a flow has a body",
            "a run is continued by the flow's name, which tells no implementation of a trait",
            "move it out of the trait: a fn of its own, which gets from `ctx.deps` what differs",
        ))),
        false => Ok(()),
    }
}
