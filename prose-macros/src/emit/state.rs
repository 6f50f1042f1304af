//! The typed checkpoint: `State`, around the runtime's, with a method for each variable that a step gives.
//!
//! The types stand in the flow's module, their methods beside it, where the user's types can be named. They are small and
//! `#[inline]`: one that nobody calls is not compiled.

use super::Context;
use crate::ast::{Head, Kind};
use crate::model::{VarId, Variable};
use crate::names;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::collections::BTreeSet;
use syn::{Lifetime, Type, Visibility};

/// `State`, and how it comes from the runtime's type and becomes it.
pub(super) fn types(head: &Head, vis: &Visibility) -> TokenStream {
    let krate = &head.options.krate;
    let doc =
        format!("A run of `{}` with its types: what each step gave. See `prose::TypedCheckpoint`.", head.options.name);
    let inner = quote!(#krate::TypedCheckpoint<Flow>);
    quote! {
        #[doc = #doc]
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #vis struct State(pub(super) #inner);
        impl ::core::convert::From<#inner> for State {
            fn from(run: #inner) -> Self {
                State(run)
            }
        }
        impl ::core::ops::Deref for State {
            type Target = #inner;
            fn deref(&self) -> &#inner {
                &self.0
            }
        }
    }
}

/// A method for each output of a point.
pub(super) fn methods(cx: &Context<'_>) -> TokenStream {
    // What a `#[parallel]` gives, its elements give.
    let points = cx.model.points.iter().filter(|point| !matches!(point.kind, Kind::Parallel { .. }));
    let outputs = points.flat_map(|point| point.outputs.iter().map(|output| (&point.name.text, *output)));
    let outputs: Vec<(&String, VarId)> = outputs.collect();
    let mut taken: BTreeSet<String> = outputs.iter().map(|(_, output)| cx.variable(*output).identity.clone()).collect();
    outputs.into_iter().map(|(step, output)| method(cx, step, output, &mut taken)).collect()
}

/// `pub fn receipt(&self) -> Result<Option<Receipt>, ValueError>`; generic where the type cannot be named.
fn method(cx: &Context<'_>, step: &str, output: VarId, taken: &mut BTreeSet<String>) -> TokenStream {
    let Head { vis, options, .. } = cx.head();
    // Nobody is told that a method goes unused which he did not write.
    let vis = names::generated(vis);
    let krate = &options.krate;
    let variable = cx.variable(output);
    let identity = &variable.identity;
    let ident = name(&variable.ident, identity, taken);
    let named = named(variable);
    let value = names::local("T");
    let decode = quote!(#krate::__private::Decode);
    // That a value cannot be saved is told once, at its variable: `for` leaves the bound to whoever calls the method.
    let any = Lifetime::new("'any", Span::mixed_site());
    let (generic, ty, bound) = match named {
        Some(ty) => (TokenStream::new(), ty.to_token_stream(), quote!(where for<#any> #ty: #decode)),
        None => (quote!(<#value: #decode>), value.to_token_stream(), TokenStream::new()),
    };
    let value = match variable.by_element {
        true => quote!(#krate::__private::whole(&self.0, #identity, #step)),
        false => quote!(#krate::TypedCheckpoint::get(&self.0, #identity)),
    };
    let doc = format!("What step `{step}` gave; `None` until it is done.");
    quote! {
        #[doc = #doc]
        #[inline]
        #vis fn #ident #generic(&self) -> ::core::result::Result<::core::option::Option<#ty>, #krate::ValueError>
        #bound
        {
            #value
        }
    }
}

/// A variable's type, if it can be named beside the flow.
pub(super) fn named(variable: &Variable) -> Option<&Type> {
    variable.ty.as_ref().filter(|ty| variable.nameable && is_complete(ty))
}

/// `n`, or `n_2` for the second variable of that name; the next number if there is an `n_2` already.
fn name(variable: &Ident, identity: &str, taken: &mut BTreeSet<String>) -> Ident {
    let Some((plain, count)) = identity.split_once('#') else { return names::again(variable) };
    let first = count.parse::<usize>().unwrap_or(2);
    let free = (first..).map(|count| format!("{plain}_{count}")).find(|name| !taken.contains(name));
    let name = free.unwrap_or_else(|| format!("{plain}_{count}"));
    taken.insert(name.clone());
    names::again(&Ident::new(&name, variable.span()))
}

/// A type that is written out, without `_`.
fn is_complete(ty: &Type) -> bool {
    fn has_hole(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Group(group) => has_hole(group.stream()),
            TokenTree::Ident(ident) => ident == "_",
            // A borrow has left out its lifetime, and could not be read back.
            TokenTree::Punct(punct) => punct.as_char() == '_' || punct.as_char() == '&',
            TokenTree::Literal(_) => false,
        })
    }
    !has_hole(ty.to_token_stream())
}
